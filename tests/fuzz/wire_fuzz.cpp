// Whatever a publisher sends, a subscriber ends in a named error or a state whose digest is right.

#include "core/subscriber.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchline;
  Subscriber subscriber(Hello{}, {});
  std::string stream;
  put(stream, Welcome{});
  (void)subscriber.receive(stream);
  (void)subscriber.receive({reinterpret_cast<const char*>(data), size});
  for (const auto& [event, state] : subscriber.states()) {
    if (state.digest() != state.digest_from_scratch()) std::abort();
  }
  return 0;
}
