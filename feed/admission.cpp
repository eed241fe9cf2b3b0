#include "feed/admission.h"

#include <string>
#include <utility>

namespace touchline {
namespace {

constexpr std::int64_t second_ms = 1'000;

Admission::Key key_of(const boost::asio::ip::address& address) {
  if (address.is_v4()) return address.to_v4().to_uint();
  if (address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).to_uint();
  }
  // No network of IPv6 begins with 32 zero bits, but for the loopback's, which is not kept apart.
  const auto bytes = address.to_v6().to_bytes();
  Admission::Key key = 0;
  for (std::size_t i = 0; i < sizeof key; ++i)
    key = key << 8 | bytes[i];
  return key;
}

bool is_loopback(const boost::asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6()).is_loopback();
  }
  return address.is_loopback();
}

Error full(std::string text) { return {ErrorKind::limit, std::move(text), 0}; }

}  // namespace

Admission::Place::Place(std::shared_ptr<Admission> admission, Key key)
    : admission_(std::move(admission)), key_(key) {
  ++admission_->connections_;
  ++admission_->handshakes_;
  ++admission_->addresses_[key_].connections;
}

Admission::Place::~Place() {
  --admission_->connections_;
  joined();
  --admission_->addresses_.find(key_)->second.connections;
}

void Admission::Place::joined() {
  if (!std::exchange(joined_, true)) --admission_->handshakes_;
}

Result<std::unique_ptr<Admission::Place>> Admission::admit(const boost::asio::ip::address& from,
                                                           std::int64_t now_ms) {
  const bool too_many = addresses_.size() >= options_.addresses_max + connections_;
  if (now_ms - forgot_ms_ >= second_ms || now_ms < forgot_ms_ || too_many) forget(now_ms);
  const Key key = key_of(from);
  Address& address = addresses_[key];
  if (now_ms - address.second_ms >= second_ms || now_ms < address.second_ms) {
    address.second_ms = now_ms;
    address.connects = 0;
  }
  const bool local = is_loopback(from);
  const std::size_t connects_max = local ? options_.loopback_connects_per_s : options_.address_connects_per_s;
  if (address.connects >= connects_max) return full("too many new connections a second from one address");
  ++address.connects;
  const std::size_t most = local ? options_.loopback_connections_max : options_.address_connections_max;
  if (address.connections >= most) return full("too many connections from one address");
  if (connections_ >= options_.sessions_max) return full("too many sessions");
  if (handshakes_ >= options_.handshakes_max) return full("too many handshakes at a time");
  if (now_ms - second_ms_ >= second_ms || now_ms < second_ms_) {
    second_ms_ = now_ms;
    connects_ = 0;
  }
  if (connects_ >= options_.connects_per_s) return full("too many new connections a second");
  ++connects_;
  return std::make_unique<Place>(shared_from_this(), key);
}

// Addresses that have no connection and have been quiet; all that have none, if there are still too many.
void Admission::forget(std::int64_t now_ms) {
  forgot_ms_ = now_ms;
  std::erase_if(addresses_, [&](const auto& entry) {
    const Address& address = entry.second;
    return address.connections == 0 &&
           (now_ms - address.second_ms >= second_ms || now_ms < address.second_ms);
  });
  if (addresses_.size() < options_.addresses_max + connections_) return;
  std::erase_if(addresses_, [](const auto& entry) { return entry.second.connections == 0; });
}

}  // namespace touchline
