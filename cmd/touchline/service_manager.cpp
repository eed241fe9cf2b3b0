#include "cmd/touchline/service_manager.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace touchline {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager::ServiceManager() : address_(variable("NOTIFY_SOCKET")) {
  const bool is_path = address_.starts_with('/') || address_.starts_with('@');
  if (!is_path || address_.size() >= sizeof(sockaddr_un::sun_path)) {
    address_.clear();
    return;
  }
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // It may be meant for the process that started us.
  const auto process = number(variable("WATCHDOG_PID"));
  const auto asked_us = number(variable("WATCHDOG_USEC"));
  if (asked_us && *asked_us > 1 && (!process || *process == ::getpid()))
    watchdog_ = std::chrono::microseconds(*asked_us / 2);
}

ServiceManager::~ServiceManager() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceManager::ready(std::string_view status) { send("READY=1\nSTATUS=" + std::string(status) + "\n"); }
void ServiceManager::stopping() { send("STOPPING=1\n"); }
void ServiceManager::alive() { send("WATCHDOG=1\n"); }

void ServiceManager::send(std::string_view text) const {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  // An address that begins with @ is abstract: a zero stands for the sign, and nothing ends it.
  const bool is_abstract = address_.starts_with('@');
  if (is_abstract) to.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + address_.size() + (is_abstract ? 0 : 1);
  ::sendto(socket_, text.data(), text.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
           static_cast<socklen_t>(size));
}

}  // namespace touchline
