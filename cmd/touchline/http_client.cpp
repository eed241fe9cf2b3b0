#include "cmd/touchline/http_client.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace touchline {
namespace {

constexpr std::size_t answer_bytes_max = 64U << 20;
constexpr timeval patience{5, 0};

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Error failure(const Endpoint& endpoint, const std::string& why) {
  return {ErrorKind::environment, endpoint.text() + ": " + why, 0};
}

Result<std::string> exchange(int socket, const Endpoint& endpoint, const std::string& request) {
  for (std::size_t sent = 0; sent < request.size();) {
    const ssize_t n = ::send(socket, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return failure(endpoint, std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    sent += static_cast<std::size_t>(n);
  }
  std::string answer;
  char part[16U << 10];
  while (true) {
    const ssize_t n = ::recv(socket, part, sizeof part, 0);
    if (n == 0) return answer;
    if (n < 0) return failure(endpoint, std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    answer.append(part, static_cast<std::size_t>(n));
    if (answer.size() > answer_bytes_max) return failure(endpoint, "the answer is too large");
  }
}

Result<HttpAnswer> ask(const Endpoint& endpoint, const std::string& request) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &wanted, &found);
  if (error != 0) return failure(endpoint, ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  std::string why = "it has no address";
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const Descriptor socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(socket.get(), at->ai_addr, at->ai_addrlen) != 0) {
      why = std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
      continue;
    }
    const auto text = exchange(socket.get(), endpoint, request);
    if (!text) return text.error();
    constexpr std::string_view start = "HTTP/1.1 ";
    const std::size_t head_ends = text->find("\r\n\r\n");
    HttpAnswer answer;
    if (!text->starts_with(start) || head_ends == std::string::npos ||
        std::from_chars(text->data() + start.size(), text->data() + text->size(), answer.status).ec !=
            std::errc())
      return failure(endpoint, "its answer is no HTTP");
    answer.body = text->substr(head_ends + 4);
    return answer;
  }
  return failure(endpoint, why);
}

std::string head_of(const std::string& method, const Endpoint& endpoint, const std::string& target) {
  return method + " " + target + " HTTP/1.1\r\nHost: " + endpoint.authority() + "\r\nConnection: close\r\n";
}

}  // namespace

Result<HttpAnswer> http_get(const Endpoint& endpoint, const std::string& target) {
  return ask(endpoint, head_of("GET", endpoint, target) + "\r\n");
}

Result<HttpAnswer> http_post(const Endpoint& endpoint, const std::string& target, const std::string& body) {
  return ask(endpoint, head_of("POST", endpoint, target) +
                           "Content-Type: application/json\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
}

}  // namespace touchline
