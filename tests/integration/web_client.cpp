#include "tests/integration/web_client.h"

#include "tests/feed/server_bytes.h"
#include "tests/integration/program.h"
#include "tests/integration/socket.h"

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using std::chrono::milliseconds;

// -1: nobody listens. Reading gives up after a moment, so that the thread can be asked to end.
int connect_to(const std::string& url) {
  std::uint16_t port = 0;
  std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port);
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{0, 100'000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

std::string http_get(const std::string& url, const std::string& target) {
  Socket socket(url);
  socket.send("GET " + target + " HTTP/1.1\r\nHost: relay\r\n\r\n");
  return socket.receive_all();
}

WebClient::WebClient(std::string url, Over over, std::string query)
    : url_(std::move(url)), over_(over), query_(std::move(query)), thread_([this] { run(); }) {}

WebClient::~WebClient() {
  ends_ = true;
  thread_.join();
}

test::ClientModel WebClient::model() {
  const std::lock_guard lock(mutex_);
  return model_;
}

std::map<std::string, int> WebClient::resumed() {
  const std::lock_guard lock(mutex_);
  return resumed_;
}

void WebClient::wait_until(const char* what, const std::function<bool(const test::ClientModel&)>& holds) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds(model())) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened: " << what;
    std::this_thread::sleep_for(milliseconds(10));
  }
}

void WebClient::run() {
  while (!ends_) {
    if (const int socket = connect_to(url_); socket >= 0) {
      ++connections_;
      follow(socket);
      ::close(socket);
    }
    std::this_thread::sleep_for(milliseconds(20));
  }
}

void WebClient::follow(int socket) {
  std::string target = "/v1/live?" + query_;
  const std::string position = model().position;
  if (!position.empty() && over_ == Over::websocket) target += "&position=" + position;
  const std::string request =
      over_ == Over::websocket
          ? test::upgrade_request(target)
          : test::events_request(target, position.empty() ? "" : "Last-Event-ID: " + position + "\r\n");
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) < 0) return;
  std::string bytes;
  bool has_head = false;
  while (!ends_) {
    std::array<char, 4'096> part{};
    const ssize_t got = ::recv(socket, part.data(), part.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (got > 0) bytes.append(part.data(), static_cast<std::size_t>(got));
    if (!has_head) {
      const auto head = test::take_head(bytes);
      if (!head) continue;
      const bool is_served = head->starts_with("HTTP/1.1 101 ") || head->starts_with("HTTP/1.1 200 ");
      if (!is_served) return;
      has_head = true;
    }
    if (over_ == Over::event_stream) {
      while (const auto event = test::take_event(bytes)) {
        if (!event->data.empty()) take(event->data);
      }
      continue;
    }
    while (const auto frame = test::take_frame(bytes)) {
      if (frame->opcode == 1) take(frame->payload);
      if (frame->opcode == 8) return;
    }
  }
}

void WebClient::take(const std::string& message) {
  const std::lock_guard lock(mutex_);
  model_.take(message);
  if (model_.types.back() == "hello") ++resumed_[model_.resume];
  if (model_.types.size() > 10'000) model_.types.clear();
}

}  // namespace touchline::integration
