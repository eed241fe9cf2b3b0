#include "tests/integration/socket.h"

#include "tests/integration/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <random>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::integration {

Socket::Socket(std::string_view url) {
  std::uint16_t port = 0;
  const auto colon = url.rfind(':');
  std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{patience.count(), 0};
  const int on = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  EXPECT_EQ(connected, 0) << "nobody listens on " << url;
}

Socket::Socket(Socket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

Socket::~Socket() {
  if (socket_ >= 0) ::close(socket_);
}

bool Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Socket::send_in_pieces(std::string_view bytes, std::size_t piece_bytes_max, unsigned seed) {
  std::mt19937 random(seed);
  while (!bytes.empty()) {
    const std::size_t piece = std::min<std::size_t>(bytes.size(), 1 + random() % piece_bytes_max);
    if (!send(bytes.substr(0, piece))) return false;
    bytes.remove_prefix(piece);
  }
  return true;
}

void Socket::end_sending() { ::shutdown(socket_, SHUT_WR); }

std::string Socket::receive(std::size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  ssize_t got = 0;
  do {
    got = ::recv(socket_, bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    EXPECT_TRUE(errno == ECONNRESET) << "nothing came in time";
    return {};
  }
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

std::string Socket::receive_all() {
  std::string all;
  for (std::string bytes; !(bytes = receive(65536)).empty();)
    all += bytes;
  return all;
}

}  // namespace touchline::integration
