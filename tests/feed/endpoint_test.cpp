#include "feed/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchline {
namespace {

using testing::HasSubstr;

TEST(Endpoint, OfReadersHasOneOfFourSchemes) {
  for (const char* text : {"tcp://a:1", "tls://a:1", "ws://a:1", "wss://a:1"})
    EXPECT_EQ(parse_reader_endpoint(text).value().text(), text);
  EXPECT_THAT(parse_reader_endpoint("http://a:1").error().text,
              HasSubstr("expected tcp://HOST:PORT or tls://"));
  EXPECT_FALSE(parse_reader_endpoint("wss://a:1/path"));
}

TEST(Endpoint, OfSourcesHasSchemesOfItsOwn) {
  for (const char* text : {"tcp://a:1", "http://a:1", "betfair://a:1", "betfairs://a:1"})
    EXPECT_EQ(parse_source_endpoint(text).value().text(), text);
  EXPECT_FALSE(parse_source_endpoint("tls://a:1"));
}

TEST(Endpoint, OfTheAdminPortIsThisMachinesOwnWhereNoHostIsNamed) {
  EXPECT_EQ(parse_admin_endpoint("7480").value().text(), "http://127.0.0.1:7480");
  EXPECT_EQ(parse_admin_endpoint("0.0.0.0:80").value().text(), "http://0.0.0.0:80");
  EXPECT_EQ(parse_admin_endpoint("http://[::1]:80").value().text(), "http://[::1]:80");
  for (const char* wrong : {"", "host", "https://a:1", "99999", ":80", "1x"})
    EXPECT_FALSE(parse_admin_endpoint(wrong)) << wrong;
}

TEST(Endpoint, KeepsTheBracketsOfAnIpv6Address) {
  const auto endpoint = parse_reader_endpoint("wss://[2001:db8::1]:443").value();
  EXPECT_EQ(endpoint.host, "2001:db8::1");
  EXPECT_EQ(endpoint.authority(), "[2001:db8::1]:443");
}

}  // namespace
}  // namespace touchline
