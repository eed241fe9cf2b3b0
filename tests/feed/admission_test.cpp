#include "feed/admission.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace touchline {
namespace {

using Places = std::vector<std::unique_ptr<Admission::Place>>;

struct Door {
  explicit Door(AdmissionOptions options) : admission(std::make_shared<Admission>(options)) {}
  // Why not; empty: it may come in.
  std::string enter(const std::string& address, std::int64_t now_ms = 1'000) {
    auto place = admission->admit(boost::asio::ip::make_address(address), now_ms);
    if (!place) return place.error().text;
    places.push_back(std::move(*place));
    return "";
  }
  std::shared_ptr<Admission> admission;
  Places places;
};

TEST(Admission, LimitsTheConnectionsOfAnAddress) {
  Door door({.address_connections_max = 2});
  EXPECT_EQ(door.enter("192.0.2.1"), "");
  EXPECT_EQ(door.enter("192.0.2.1"), "");
  EXPECT_EQ(door.enter("192.0.2.1"), "too many connections from one address");
  EXPECT_EQ(door.enter("::ffff:192.0.2.1"), "too many connections from one address");
  EXPECT_EQ(door.enter("192.0.2.2"), "");
  door.places.erase(door.places.begin());
  EXPECT_EQ(door.enter("192.0.2.1"), "");
}

TEST(Admission, TakesTheNetworkOfAnIpv6AddressForOne) {
  Door door({.address_connections_max = 1});
  EXPECT_EQ(door.enter("2001:db8::1"), "");
  EXPECT_EQ(door.enter("2001:db8::ffff:1"), "too many connections from one address");
  EXPECT_EQ(door.enter("2001:db8:0:1::1"), "");
}

TEST(Admission, LimitsHowFastAnAddressConnectsAlsoWhileItIsRefused) {
  Door door({.address_connects_per_s = 3});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(door.enter("192.0.2.1"), "");
  door.places.clear();
  EXPECT_EQ(door.enter("192.0.2.1", 1'999), "too many new connections a second from one address");
  EXPECT_EQ(door.enter("192.0.2.9", 1'999), "");
  EXPECT_EQ(door.enter("192.0.2.1", 2'000), "");
}

TEST(Admission, LeavesThisMachineAloneUnlessItIsToldOtherwise) {
  Door open({.address_connections_max = 1, .address_connects_per_s = 1});
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(open.enter(i % 2 == 0 ? "127.0.0.1" : "::1"), "");
  Door limited({.loopback_connections_max = 1});
  EXPECT_EQ(limited.enter("127.0.0.1"), "");
  EXPECT_EQ(limited.enter("127.0.0.1"), "too many connections from one address");
}

TEST(Admission, BoundsSessionsAndHandshakesOfAll) {
  Door door({.sessions_max = 4, .handshakes_max = 2});
  EXPECT_EQ(door.enter("192.0.2.1"), "");
  EXPECT_EQ(door.enter("192.0.2.2"), "");
  EXPECT_EQ(door.enter("192.0.2.3"), "too many handshakes at a time");
  door.places[0]->joined();
  door.places[1]->joined();
  EXPECT_EQ(door.enter("192.0.2.3"), "");
  EXPECT_EQ(door.enter("192.0.2.4"), "");
  EXPECT_EQ(door.enter("192.0.2.5"), "too many sessions");
  door.places.clear();
  EXPECT_EQ(door.admission->connections(), 0U);
  EXPECT_EQ(door.enter("192.0.2.5"), "");
}

TEST(Admission, RemembersABoundedNumberOfAddresses) {
  Door door({.addresses_max = 100});
  EXPECT_EQ(door.enter("192.0.2.1"), "");
  for (unsigned i = 0; i < 10'000; ++i) {
    (void)door.admission->admit(boost::asio::ip::make_address_v4(0x0A000000 + i), 1'000);
    ASSERT_LE(door.admission->addresses(), 102U);
  }
  (void)door.admission->admit(boost::asio::ip::make_address("192.0.2.1"), 3'000);
  EXPECT_EQ(door.admission->addresses(), 1U);  // the others have been quiet for a second
}

}  // namespace
}  // namespace touchline
