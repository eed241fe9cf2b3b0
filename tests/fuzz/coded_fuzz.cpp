// Coded updates that decode are applied, and what comes out is coded again: it must lead to the same state.

#include "core/block.h"
#include "core/coded/coded.h"
#include "core/coded/prior.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  if (size == 0) return 0;
  const auto prior = coded::shipped_prior();
  // Pieces, each with its length in front in two bytes, the low one first: a block to build a state from, then a group of updates.
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  EventState state;
  coded::Model reader;
  coded::Model writer;
  for (int i = 0; !bytes.empty() && i < 64; ++i) {
    if (bytes.size() < 2) return 0;
    const std::size_t length =
        static_cast<unsigned char>(bytes[0]) + 256U * static_cast<unsigned char>(bytes[1]);
    const std::string_view piece = bytes.substr(2, length);
    bytes.remove_prefix(2 + piece.size());
    const EventState before = state;
    const auto place = i == 1 ? coded::Place::first_of_group : coded::Place::later;
    const auto delta =
        i == 0 ? decode_block(state, piece) : coded::decode_update(reader, *prior, place, state, piece);
    if (!delta) {
      if (i == 0) continue;
      return 0;
    }
    apply(state, *delta);
    if (state.digest() != state.digest_from_scratch()) std::abort();
    if (i == 0) continue;
    if (delta->empty()) return 0;
    std::string again;
    coded::encode_update(again, writer, *prior, place, state, *delta, before.source_time_ms);
    coded::Model check;
    if (place != coded::Place::first_of_group) continue;
    const auto same = coded::decode_update(check, *prior, place, before, again);
    if (!same) std::abort();
    EventState twice = before;
    apply(twice, *same);
    if (twice.digest() != state.digest()) std::abort();
  }
  return 0;
}
