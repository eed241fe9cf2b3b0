// The one request that a client makes: its head, taken from bytes that are cut anywhere.
//
// What an upgrade to a WebSocket needs, what an event stream needs, and where it is addressed to. Bounded. Its source is
// one of the files that know Beast. Knows no socket and no path of ours.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

struct HttpRequest {
  std::string method;
  std::string path;   // as it came, percent-encoded
  std::string query;  // without the '?'
  bool upgrades = false;
  std::string websocket_key;
  std::string websocket_version;
  bool accepts_events = false;  // text/event-stream
  std::optional<std::string> last_event_id;
};

class HttpRequestReader {
 public:
  HttpRequestReader();
  ~HttpRequestReader();

  enum class Outcome : std::uint8_t { more, done, fault };
  Outcome receive(std::string_view bytes);
  HttpRequest request() const;     // behind `done`
  std::string_view rest() const;   // what came behind the head
  const std::string& why() const;  // behind `fault`

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchline
