#include "tests/integration/byte_proxy.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::integration {
namespace {

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

// False at the end.
bool pass_on(int from, int to) {
  std::array<char, 4096> bytes{};
  const ssize_t got = ::recv(from, bytes.data(), bytes.size(), 0);
  for (ssize_t i = 0; i < got; ++i) {
    if (::send(to, &bytes[static_cast<std::size_t>(i)], 1, MSG_NOSIGNAL) != 1) return false;
  }
  return got > 0;
}

}  // namespace

ByteProxy::ByteProxy(std::string_view to_url) : listener_(new_socket()) {
  const auto colon = to_url.rfind(':');
  std::from_chars(to_url.data() + colon + 1, to_url.data() + to_url.size(), port_);
  sockaddr_in at = local(0);
  socklen_t size = sizeof at;
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(listener_, 4) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0 || ::pipe(stop_) != 0)
    throw std::runtime_error("no proxy");
  url_ = std::string(to_url.substr(0, colon + 1)) + std::to_string(ntohs(at.sin_port));
  thread_ = std::thread([this] { serve(); });
}

ByteProxy::~ByteProxy() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(listener_);
}

void ByteProxy::serve() const {
  while (true) {
    std::array<pollfd, 2> news{pollfd{listener_, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    if (::poll(news.data(), news.size(), -1) < 0) continue;
    if (news[1].revents != 0) return;
    const int near = ::accept(listener_, nullptr, nullptr);
    const int on = 1;
    ::setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int far = new_socket();
    const sockaddr_in to = local(port_);
    if (::connect(far, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) carry(near, far);
    ::close(near);
    ::close(far);
  }
}

void ByteProxy::carry(int near, int far) const {
  while (true) {
    std::array<pollfd, 3> news{pollfd{near, POLLIN, 0}, pollfd{far, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    if (::poll(news.data(), news.size(), -1) < 0) continue;
    if (news[2].revents != 0) return;
    if (news[0].revents != 0 && !pass_on(near, far)) return;
    if (news[1].revents != 0 && !pass_on(far, near)) return;
  }
}

}  // namespace touchline::integration
