// Who may come in, before a byte is read: how many connections there are, and how many and how fast from one address.
//
// All ports of a service share one. Its table is bounded: past the bound, addresses that have no connection are
// forgotten, and with them how fast they came. Knows no socket and no clock. Loop thread.
#pragma once

#include "core/result.h"

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>

namespace touchline {

struct AdmissionOptions {
  std::size_t sessions_max = 4'096;
  std::size_t handshakes_max = 1'024;                                    // connections that have not joined
  std::size_t connects_per_s = std::numeric_limits<std::size_t>::max();  // from everywhere
  std::size_t address_connections_max = 64;
  std::size_t address_connects_per_s = 32;
  // From this machine itself.
  std::size_t loopback_connections_max = std::numeric_limits<std::size_t>::max();
  std::size_t loopback_connects_per_s = std::numeric_limits<std::size_t>::max();
  std::size_t addresses_max = 16'384;  // remembered beside those that have connections
};

class Admission : public std::enable_shared_from_this<Admission> {
 public:
  // The /64 of an IPv6 address, which one host may well have whole; an IPv4 address, also where it came as IPv6.
  using Key = std::uint64_t;

  // One connection, counted while it is there.
  class Place {
   public:
    Place(std::shared_ptr<Admission> admission, Key key);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    void joined();  // its handshake is over

   private:
    std::shared_ptr<Admission> admission_;
    Key key_;
    bool joined_ = false;
  };

  explicit Admission(AdmissionOptions options = {}) : options_(options) {}

  // The error's text is for the log and for the peer.
  Result<std::unique_ptr<Place>> admit(const boost::asio::ip::address& from, std::int64_t now_ms);

  std::size_t connections() const { return connections_; }
  std::size_t addresses() const { return addresses_.size(); }

 private:
  struct Address {
    std::size_t connections = 0;
    std::size_t connects = 0;  // since second_ms
    std::int64_t second_ms = 0;
  };

  void forget(std::int64_t now_ms);

  AdmissionOptions options_;
  std::unordered_map<Key, Address> addresses_;
  std::size_t connections_ = 0;
  std::size_t handshakes_ = 0;
  std::int64_t forgot_ms_ = 0;
  std::size_t connects_ = 0;  // admitted since second_ms_
  std::int64_t second_ms_ = 0;
};

}  // namespace touchline
