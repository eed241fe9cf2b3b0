// A web client of the test's own: a thread that follows a relay over a WebSocket or an event stream and comes back by its
// position whenever the connection ends.
//
// Knows what a page's script knows: URLs, messages, positions. Nothing of how they are made.
#pragma once

#include "tests/feed/client_model.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace touchline::integration {

enum class Over : std::uint8_t { websocket, event_stream };

// The answer to one request, whole.
std::string http_get(const std::string& url, const std::string& target);

class WebClient {
 public:
  // http://127.0.0.1:PORT; the query of /v1/live.
  WebClient(std::string url, Over over, std::string query = "");
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;
  ~WebClient();

  test::ClientModel model();
  // Until it holds; a failure of the test where it never does.
  void wait_until(const char* what, const std::function<bool(const test::ClientModel&)>& holds);
  int connections() const { return connections_; }
  // How often each way back was taken.
  std::map<std::string, int> resumed();

 private:
  void run();
  void follow(int socket);
  void take(const std::string& message);

  std::string url_;
  Over over_;
  std::string query_;
  std::atomic<bool> ends_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  test::ClientModel model_;
  std::map<std::string, int> resumed_;
  std::thread thread_;
};

}  // namespace touchline::integration
