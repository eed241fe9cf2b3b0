#include "tests/integration/collector.h"

#include "tests/integration/program.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <chrono>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

using simdjson::dom::element;

std::map<std::string, std::string> attributes_in(element holder) {
  std::map<std::string, std::string> attributes;
  for (const element attribute : holder["attributes"].get_array())
    attributes[std::string(attribute["key"])] = std::string(attribute["value"]["stringValue"]);
  return attributes;
}

std::uint64_t number_in(element span, const char* key) { return std::stoull(std::string(span[key])); }

CollectedSpan span_in(element span, const std::map<std::string, std::string>& service) {
  CollectedSpan collected{
      std::string(span["traceId"]), std::string(span["spanId"]),          {},
      std::string(span["name"]),    number_in(span, "startTimeUnixNano"), number_in(span, "endTimeUnixNano"),
      attributes_in(span)};
  if (std::string_view parent; span["parentSpanId"].get(parent) == simdjson::SUCCESS)
    collected.parent = parent;
  collected.attributes.insert(service.begin(), service.end());
  return collected;
}

}  // namespace

Collector::Collector() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  EXPECT_EQ(::listen(listener_, 8), 0);
  thread_ = std::thread([this] { run(); });
}

Collector::~Collector() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string Collector::url() const {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size), 0);
  return "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
}

std::vector<CollectedSpan> Collector::wait_for(
    const std::function<bool(const std::vector<CollectedSpan>&)>& wanted) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (wanted(spans_)) return spans_;
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << spans_.size() << " spans came, and not those";
        return spans_;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Collector::run() {
  while (true) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    serve(connection);
    ::close(connection);
  }
}

void Collector::serve(int connection) {
  std::string request;
  std::size_t wanted = std::string::npos;
  while (request.size() < wanted) {
    char part[16'384];
    const ssize_t n = ::recv(connection, part, sizeof part, 0);
    if (n <= 0) break;
    request.append(part, static_cast<std::size_t>(n));
    const std::size_t head = request.find("\r\n\r\n");
    const std::size_t length = request.find("Content-Length: ");
    if (head != std::string::npos && length < head)
      wanted = head + 4 + std::stoul(request.substr(length + std::string_view("Content-Length: ").size()));
  }
  EXPECT_TRUE(request.starts_with("POST /v1/traces HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(request.size(), wanted);
  take(std::string_view(request).substr(request.find("\r\n\r\n") + 4));
  constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
  EXPECT_EQ(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(answer.size()));
}

void Collector::take(std::string_view body) {
  simdjson::dom::parser parser;
  const element request = parser.parse(body.data(), body.size());
  const std::lock_guard lock(mutex_);
  for (const element service : request["resourceSpans"].get_array()) {
    const auto attributes = attributes_in(service["resource"]);
    for (const element scope : service["scopeSpans"].get_array()) {
      for (const element span : scope["spans"].get_array())
        spans_.push_back(span_in(span, attributes));
    }
  }
}

}  // namespace touchline::integration
