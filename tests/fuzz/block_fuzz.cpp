// A block that decodes is applied and encoded again; what comes out must lead to the same state.

#include "core/block.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  if (size == 0) return 0;
  // The first byte cuts the rest in two: a block to build a state from, and one that leads on from there.
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  EventState state;
  for (const std::string_view block : {bytes.substr(0, cut), bytes.substr(cut)}) {
    const auto delta = decode_block(state, block);
    if (!delta) continue;
    const EventState before = state;
    apply(state, *delta);
    if (state.digest() != state.digest_from_scratch()) std::abort();
    if (delta->empty() || delta->merged != 1) continue;
    std::string again;
    encode_block(again, state, *delta, before.source_time_ms);
    const auto same = decode_block(before, again);
    if (!same) std::abort();
    EventState twice = before;
    apply(twice, *same);
    if (twice.digest() != state.digest()) std::abort();
  }
  return 0;
}
