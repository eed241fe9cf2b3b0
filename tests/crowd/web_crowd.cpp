#include "tests/crowd/web_crowd.h"

#include "tests/crowd/clock.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace touchline::crowd {
namespace {

constexpr std::size_t buffer_bytes = 1U << 20;
constexpr std::int64_t back_ms = 200;  // behind a connection that ended, and up to so much more
constexpr std::uint64_t other_descriptor = ~std::uint64_t{0};

std::uint64_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

// In seconds, of a refusal.
std::int64_t retry_after_ms(std::string_view head) {
  constexpr std::string_view name = "\r\nRetry-After: ";
  std::int64_t seconds = 0;
  if (const auto at = head.find(name); at != std::string_view::npos)
    std::from_chars(head.data() + at + name.size(), head.data() + head.size(), seconds);
  return seconds * 1'000;
}

}  // namespace

WebCrowd::WebCrowd(WebCrowdOptions options)
    : options_(std::move(options)),
      clients_(options_.clients),
      began_ns_(steady_ns()),
      buffer_(buffer_bytes) {
  if (options_.events.empty()) throw std::runtime_error("there is no event to follow");
  to_.sin_family = AF_INET;
  to_.sin_port = htons(options_.port);
  if (::inet_pton(AF_INET, options_.host.c_str(), &to_.sin_addr) != 1)
    throw std::runtime_error(options_.host + ": is no address");
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  join_times_ns_.reserve(clients_.size());
}

WebCrowd::~WebCrowd() {
  for (const Client& client : clients_) {
    if (client.socket >= 0) ::close(client.socket);
  }
  ::close(epoll_);
}

void WebCrowd::fail(std::string why) {
  ++counts_.faults;
  if (fault_.empty()) fault_ = std::move(why);
}

bool WebCrowd::turn(int other, int timeout_ms) {
  connect_due(steady_ns());
  epoll_event interest{EPOLLIN, {.u64 = other_descriptor}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, other, &interest);
  std::array<epoll_event, 512> news{};
  const int count = ::epoll_wait(epoll_, news.data(), static_cast<int>(news.size()), timeout_ms);
  bool other_has = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = news[static_cast<std::size_t>(i)];
    if (event.data.u64 == other_descriptor) {
      other_has = true;
      continue;
    }
    const auto index = static_cast<std::uint32_t>(event.data.u64);
    if (clients_[index].socket < 0) continue;
    if (clients_[index].state == State::connecting) {
      ask(index);
    } else {
      read(index);
    }
  }
  return other_has;
}

void WebCrowd::connect_due(std::int64_t now_ns) {
  const auto due_ns = [&](std::size_t client) {
    return began_ns_ + options_.arrive_ms * 1'000'000 * static_cast<std::int64_t>(client) /
                           static_cast<std::int64_t>(clients_.size());
  };
  while (handshakes_ < options_.handshakes_max) {
    if (!coming_back_.empty() && coming_back_.top().first <= now_ns) {
      const std::uint32_t index = coming_back_.top().second;
      coming_back_.pop();
      connect(index);
    } else if (arrived_ < clients_.size() && due_ns(arrived_) <= now_ns) {
      connect(static_cast<std::uint32_t>(arrived_++));
    } else {
      return;
    }
  }
}

void WebCrowd::connect(std::uint32_t index) {
  Client& client = clients_[index];
  client.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client.socket < 0) return fail(std::string("no socket: ") + std::strerror(errno));
  if (options_.host.starts_with("127.")) {
    const int on = 1;
    ::setsockopt(client.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    const std::uint32_t place = static_cast<std::uint32_t>(index / options_.address_clients) + 1;
    from.sin_addr.s_addr = htonl(127U << 24 | std::uint32_t{options_.address_from} << 16 | place);
    ::bind(client.socket, reinterpret_cast<const sockaddr*>(&from), sizeof from);
  }
  ++handshakes_;
  const bool at_once = ::connect(client.socket, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) == 0;
  if (!at_once && errno != EINPROGRESS) return close(client, index, back_ms);
  client.state = State::connecting;
  epoll_event interest{EPOLLOUT, {.u64 = index}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket, &interest);
}

void WebCrowd::ask(std::uint32_t index) {
  Client& client = clients_[index];
  std::string request = "GET /v1/live?event=" + options_.events[index % options_.events.size()];
  if (client.at != nullptr && !client.at->position.empty()) request += "&position=" + client.at->position;
  request +=
      " HTTP/1.1\r\nHost: relay\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const ssize_t sent = ::send(client.socket, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return close(client, index, back_ms);
  client.state = State::asked;
  epoll_event interest{EPOLLIN, {.u64 = index}};
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket, &interest);
}

void WebCrowd::read(std::uint32_t index) {
  Client& client = clients_[index];
  std::size_t size = 0;
  if (client.part) {
    size = client.part->size();
    std::memcpy(buffer_.data(), client.part->data(), size);
  }
  const ssize_t got = ::recv(client.socket, buffer_.data() + size, buffer_.size() - size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    ++counts_.ended;
    return close(client, index, back_ms + index % back_ms);
  }
  now_ns_ = wall_ns();
  const std::string_view bytes(buffer_.data(), size + static_cast<std::size_t>(got));
  const std::size_t taken = take(client, index, bytes);
  if (client.socket < 0) return;
  if (taken == bytes.size()) {
    client.part.reset();
  } else if (bytes.size() - taken == buffer_.size()) {
    fail("a frame is longer than " + std::to_string(buffer_.size()) + " bytes");
    close(client, index, back_ms);
  } else {
    client.part = std::make_unique<std::string>(bytes.substr(taken));
  }
}

// How many of the bytes were taken; the rest is not whole yet.
std::size_t WebCrowd::take(Client& client, std::uint32_t index, std::string_view bytes) {
  std::size_t taken = 0;
  if (client.state == State::asked) {
    taken = take_answer(client, index, bytes);
    if (client.state != State::live) return taken;
  }
  std::string_view rest = bytes.substr(taken);
  try {
    while (take_frame(client, rest)) {
    }
  } catch (const std::exception& error) {
    fail(error.what());
    close(client, index, back_ms);
  }
  return bytes.size() - rest.size();
}

std::size_t WebCrowd::take_answer(Client& client, std::uint32_t index, std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (bytes.starts_with("HTTP/1.1 101 ")) {
    client.state = State::live;
    --handshakes_;
  } else if (bytes.starts_with("HTTP/1.1 503 ")) {
    ++counts_.refused;
    close(client, index, retry_after_ms(bytes.substr(0, end)));
  } else {
    fail(std::string(bytes.substr(0, end)));
    close(client, index, back_ms);
  }
  return end + 4;
}

bool WebCrowd::take_frame(Client& client, std::string_view& bytes) {
  if (bytes.size() < 2) return false;
  const std::uint64_t head = byte_at(bytes, 0);
  const std::uint64_t shown = byte_at(bytes, 1);
  const std::size_t length_bytes = shown == 126 ? 2 : shown == 127 ? 8 : 0;
  if ((shown & 0x80) != 0 || (head & 0xF0) != 0x80) throw std::runtime_error("not a server's whole frame");
  if (bytes.size() < 2 + length_bytes) return false;
  std::uint64_t size = length_bytes == 0 ? shown : 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    size = size << 8 | byte_at(bytes, 2 + i);
  if (bytes.size() - 2 - length_bytes < size) return false;
  const std::string_view payload = bytes.substr(2 + length_bytes, size);
  bytes.remove_prefix(2 + length_bytes + size);
  switch (head & 0x0F) {
    case 1:
      take_message(client, payload);
      break;
    case 8:  // the connection ends behind it
      break;
    case 9: {
      const std::array<char, 6> pong{'\x8A', '\x80'};
      ::send(client.socket, pong.data(), pong.size(), MSG_NOSIGNAL);
      break;
    }
    default:
      throw std::runtime_error("a frame of kind " + std::to_string(head & 0x0F));
  }
  return true;
}

void WebCrowd::take_message(Client& client, std::string_view message) {
  counts_.bytes += message.size();
  const auto is = [&](std::string_view type) { return message.starts_with(type); };
  if (is("{\"type\":\"delta\"")) {
    take_delta(client, message);
  } else if (is("{\"type\":\"snapshot\"")) {
    take_snapshot(client, message);
  } else if (is("{\"type\":\"position\"")) {
    join(client);
  } else if (is("{\"type\":\"hello\"") || is("{\"type\":\"status\"")) {
    set_stale(client, message.find("\"upstream\":\"stale\"") != std::string_view::npos);
  } else if (is("{\"type\":\"gone\"")) {
    // Of an event that is still to come.
    if (client.at != nullptr) throw std::runtime_error(std::string(message));
  } else if (!is("{\"type\":\"goodbye\"")) {
    throw std::runtime_error("no message: " + std::string(message));
  }
}

void WebCrowd::take_snapshot(Client& client, std::string_view message) {
  Place* const to = history_.snapshot(message);
  if (client.at != nullptr) {
    ++counts_.snapshots;
    if (to->seq > client.at->seq + 1) counts_.skipped += to->seq - client.at->seq - 1;
  }
  client.at = to;
}

// It may be one that the snapshot holds already.
void WebCrowd::take_delta(Client& client, std::string_view message) {
  if (client.at == nullptr) throw std::runtime_error("a delta of what was never given");
  ++counts_.deltas;
  counts_.delta_bytes += message.size();
  Place* const to = history_.delta(*client.at, message);
  if (to->seq <= client.at->seq) return;
  counts_.lost += to->seq - client.at->seq - 1;
  client.at = to;
  if (to->is_goal) to->arrivals_ns.push_back(now_ns_);
}

void WebCrowd::join(Client& client) {
  if (std::exchange(client.has_joined, true)) return;
  const auto index = &client - clients_.data();
  ++joined_;
  ++counts_.joins;
  join_times_ns_.push_back(steady_ns() - began_ns_ -
                           options_.arrive_ms * 1'000'000 * index /
                               static_cast<std::int64_t>(clients_.size()));
}

void WebCrowd::set_stale(Client& client, bool stale) {
  if (client.is_stale == stale) return;
  client.is_stale = stale;
  stale_ += stale ? 1 : std::size_t(-1);
}

void WebCrowd::close(Client& client, std::uint32_t index, std::int64_t back_in_ms) {
  if (client.state != State::live) --handshakes_;
  ::close(client.socket);
  client.socket = -1;
  client.state = State::away;
  client.part.reset();
  coming_back_.emplace(steady_ns() + back_in_ms * 1'000'000, index);
}

std::size_t WebCrowd::reached() const {
  return static_cast<std::size_t>(std::ranges::count_if(clients_, [&](const Client& client) {
    if (client.at == nullptr) return false;
    const auto wanted = expected_.find(client.at->event);
    return wanted != expected_.end() && client.at->seq >= wanted->second;
  }));
}

std::unordered_map<const Place*, std::size_t> WebCrowd::places() const {
  std::unordered_map<const Place*, std::size_t> places;
  for (const Client& client : clients_)
    ++places[client.at];
  return places;
}

}  // namespace touchline::crowd
