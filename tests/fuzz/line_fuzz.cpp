// Lines of any format: refused by name, or taken by the origin, whose blocks a subscriber's state follows.

#include "core/block.h"
#include "core/frame.h"
#include "core/origin.h"
#include "feed/ingest/parser.h"

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
  Parser betfair(Format::betfair);
  Parser native(Format::native);
  Update update;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string padded(text.substr(at, end - at));
    const std::size_t length = padded.size();
    padded.append(64, '\0');
    const std::string_view one = std::string_view(padded).substr(0, length);
    Parser& parser = format_of(one) == Format::betfair ? betfair : native;
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
  for (const auto& event : origin.table().events()) {
    if (event->state.cell_count() != 0 && states[event->handle].digest() != event->state.digest())
      std::abort();
  }
  return 0;
}
