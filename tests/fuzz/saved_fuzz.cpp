// What a subscriber is to go on from, from a file that may hold anything: refused whole, or states whose digests are
// right and that are saved as they were read.

#include "core/subscriber.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  Subscriber subscriber(Hello{}, {});
  if (!subscriber.restore({reinterpret_cast<const char*>(data), size})) {
    if (!subscriber.states().empty()) std::abort();
    return 0;
  }
  const auto saved = subscriber.save();
  if (!saved) std::abort();
  Subscriber again(Hello{}, {});
  if (!again.restore(*saved)) std::abort();
  if (again.position() != subscriber.position() || again.states().size() != subscriber.states().size())
    std::abort();
  for (const auto& [event, state] : subscriber.states()) {
    if (state.digest() != state.digest_from_scratch()) std::abort();
    if (again.states().at(event).digest() != state.digest()) std::abort();
  }
  return 0;
}
