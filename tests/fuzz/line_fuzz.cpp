// Lines of any format: refused by name, or taken by the origin, whose blocks a subscriber's state follows. By way of
// the deltas and by way of keyframes a subscriber comes to the same state.

#include "core/block.h"
#include "core/frame.h"
#include "core/keyframe.h"
#include "core/origin.h"
#include "core/subscriber.h"
#include "feed/ingest/parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Origin origin;
  const LineRef line = origin.add_line(origin.add_source());
  Parser parser;
  Update update;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string padded(text.substr(at, end - at));
    const std::size_t length = padded.size();
    padded.append(64, '\0');
    const std::string_view one = std::string_view(padded).substr(0, length);
    if (parser.parse(one, update)) (void)origin.take(line, update, 1);
    at = end + 1;
  }
  const Batch batch = origin.take_batch();
  std::map<EventHandle, EventState> states;
  DeltaItems items(batch.items);
  DeltaItem item;
  while (*items.next(item)) {
    const auto delta = decode_block(states[item.event], item.block);
    if (!delta) std::abort();
    apply(states[item.event], *delta);
  }
  Welcome welcome;
  welcome.position = {Epoch(1), origin.head()};
  std::string frames;
  put(frames, welcome);
  for (const auto& event : origin.table().events())
    put_keyframe(frames, event->handle, event->state, origin.head());
  Subscriber joiner(Hello{}, {});
  if (!joiner.receive(frames)) std::abort();
  for (const auto& event : origin.table().events()) {
    const std::uint64_t digest = event->state.digest();
    if (event->state.cell_count() != 0 && states[event->handle].digest() != digest) std::abort();
    if (joiner.states().at(event->handle).digest() != digest) std::abort();
  }
  return 0;
}
