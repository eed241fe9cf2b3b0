// Whatever a publisher sends, a subscriber ends in a named error or a state whose digest is right; and a relay, with a
// reader behind it, does the same and gives that reader nothing that has to be called an error.

#include "core/coded/prior.h"
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

// What both ends agree on.
enum class Encoding : std::uint8_t { blocks, coded };

Hello hello(Encoding encoding) {
  Hello hello;
  if (encoding == Encoding::coded) hello.coded_prior = coded::prior_version;
  return hello;
}

std::string welcome(Encoding encoding) {
  Welcome welcome;
  if (encoding == Encoding::coded) {
    welcome.coded_prior = coded::prior_version;
    welcome.coded_events_log2 = 2;
  }
  std::string stream;
  put(stream, welcome);
  return stream;
}

void subscribe(std::string_view bytes, Encoding encoding) {
  Subscriber subscriber(hello(encoding), {});
  (void)subscriber.receive(welcome(encoding));
  (void)subscriber.receive(bytes);
  for (const auto& [event, state] : subscriber.states()) {
    if (state.digest() != state.digest_from_scratch()) std::abort();
  }
}

// The reader is given the other encoding.
void relay(std::string_view bytes, Encoding encoding) {
  const Encoding behind_encoding = encoding == Encoding::coded ? Encoding::blocks : Encoding::coded;
  Hub::Reader reader;
  Subscriber behind(hello(behind_encoding), {});
  bool sent_away = false;
  RelayEvents events;
  Relay* at = nullptr;
  events.send_away = [&](const std::string&) {
    if (!sent_away) at->hub().leave(reader);
    sent_away = true;
  };
  Relay relaying(hello(encoding), HubOptions{}, std::move(events));
  at = &relaying;
  (void)relaying.receive(welcome(encoding));
  relaying.hub().join(reader, hello(behind_encoding));
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
    if (event && event->state.digest() != event->state.digest_from_scratch()) std::abort();
  }
  if (!sent_away) relaying.hub().leave(reader);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const Encoding encoding : {Encoding::blocks, Encoding::coded}) {
    subscribe(bytes, encoding);
    if (size < std::size_t{1} << 16) relay(bytes, encoding);
  }
  return 0;
}
