// Whatever a publisher sends, a subscriber ends in a named error or a state whose digest is right; and a relay, with a
// reader behind it, does the same and gives that reader nothing that has to be called an error.

#include "core/subscriber.h"
#include "feed/relay.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace touchline;

std::string welcome() {
  std::string stream;
  put(stream, Welcome{});
  return stream;
}

void subscribe(std::string_view bytes) {
  Subscriber subscriber(Hello{}, {});
  (void)subscriber.receive(welcome());
  (void)subscriber.receive(bytes);
  for (const auto& [event, state] : subscriber.states()) {
    if (state.digest() != state.digest_from_scratch()) std::abort();
  }
}

void relay(std::string_view bytes) {
  Hub::Reader reader;
  Subscriber behind(Hello{}, {});
  bool sent_away = false;
  RelayEvents events;
  Relay* at = nullptr;
  events.send_away = [&](const std::string&) {
    if (!sent_away) at->hub().leave(reader);
    sent_away = true;
  };
  Relay relaying(Hello{}, HubOptions{}, std::move(events));
  at = &relaying;
  (void)relaying.receive(welcome());
  relaying.hub().join(reader, Hello{});
  const auto give = [&] {
    for (auto pieces = relaying.hub().gather(reader); !sent_away && !pieces.empty();
         pieces = relaying.hub().gather(reader)) {
      for (const Hub::Piece& piece : pieces) {
        if (!behind.receive(piece.bytes)) std::abort();
      }
    }
  };
  // In two parts, so that it is welcomed in between where it may be.
  const std::size_t half = bytes.size() / 2;
  bool sound = static_cast<bool>(relaying.receive(bytes.substr(0, half)));
  give();
  if (sound) sound = static_cast<bool>(relaying.receive(bytes.substr(half)));
  relaying.serve_waiting();
  give();
  for (const auto& event : relaying.events().events()) {
    if (event->state.digest() != event->state.digest_from_scratch()) std::abort();
  }
  if (!sent_away) relaying.hub().leave(reader);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  subscribe(bytes);
  if (size < std::size_t{1} << 16) relay(bytes);
  return 0;
}
