// What systemd is told, where it started us with Type=notify: that we are ready, that we stop, and that we are alive.
//
// Writes datagrams to the socket that NOTIFY_SOCKET names; without one every call does nothing. A datagram that cannot
// be sent is lost: the manager has its own time-outs. Knows no library of systemd's and nothing of the service.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace touchline {

class ServiceManager {
 public:
  // From the environment: NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  void ready(std::string_view status);  // with a sentence that `systemctl status` shows
  void stopping();
  // How often alive() is to be called: half of what the manager asks for; none: it does not ask.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
  void alive();

 private:
  void send(std::string_view text) const;

  int socket_ = -1;
  std::string address_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace touchline
