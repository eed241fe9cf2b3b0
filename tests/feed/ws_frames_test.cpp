#include "feed/clients/ws_frames.h"

#include "tests/core/random_fixture.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace touchline {
namespace {

using Item = WsDecoder::Item;
using Outcome = WsDecoder::Outcome;

// A client's frame, masked; `first` is its first byte.
std::string frame(unsigned first, std::string_view payload, std::string_view mask = "abcd") {
  std::string out{static_cast<char>(first)};
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() < 65'536) {
    out.append(
        {static_cast<char>(0xFE), static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())});
  } else {
    out.push_back(static_cast<char>(0xFF));
    for (int shift = 56; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>(payload.size() >> shift));
  }
  out.append(mask);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return out;
}

// What came of it: "text x", "close 1000 bye", "fault 1002"; in pieces of so many bytes.
std::vector<std::string> heard(const std::string& bytes, std::size_t piece = 1'000'000,
                               std::size_t most = 1'000) {
  WsDecoder decoder(most);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string_view part = std::string_view(bytes).substr(at, piece);
    Item item;
    while (true) {
      const Outcome outcome = decoder.next(part, item);
      if (outcome == Outcome::more) break;
      if (outcome == Outcome::fault) {
        out.push_back("fault " + std::to_string(static_cast<int>(decoder.fault())));
        EXPECT_NE(std::string(decoder.why()), "");
        return out;
      }
      constexpr std::array kinds{"text ", "ping ", "pong ", "close "};
      std::string text = kinds[static_cast<std::size_t>(item.kind)];
      if (item.kind == Item::Kind::close) text += std::to_string(static_cast<int>(item.code)) + " ";
      out.push_back(text + item.payload);
    }
  }
  return out;
}
using Heard = std::vector<std::string>;

TEST(WsFrames, AreTakenApartAtEveryByte) {
  const std::string text(300, 'x');
  const std::string bytes = frame(0x81, "hello") + frame(0x01, "one ") + frame(0x89, "ping") +
                            frame(0x00, "two ") + frame(0x8A, "") + frame(0x80, "three") + frame(0x81, "") +
                            frame(0x81, text) + frame(0x88, std::string("\x03\xE8") + "bye");
  const Heard expected{"text hello", "ping ping",    "pong ",         "text one two three",
                       "text ",      "text " + text, "close 1000 bye"};
  for (std::size_t piece = 1; piece < 40; ++piece)
    EXPECT_EQ(heard(bytes, piece), expected) << piece;
}

TEST(WsFrames, OfAKindThatNoneMaySendAreFaults) {
  std::string unmasked = frame(0x81, "x");
  unmasked[1] = 1;
  EXPECT_EQ(heard(unmasked), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(0xC1, "x")), Heard{"fault 1002"}) << "a reserved bit";
  EXPECT_EQ(heard(frame(0x83, "x")), Heard{"fault 1002"}) << "an unknown kind";
  EXPECT_EQ(heard(frame(0x8B, "x")), Heard{"fault 1002"}) << "an unknown control frame";
  EXPECT_EQ(heard(frame(0x82, "x")), Heard{"fault 1003"}) << "binary";
  EXPECT_EQ(heard(frame(0x80, "x")), Heard{"fault 1002"}) << "a continuation of nothing";
  EXPECT_EQ(heard(frame(0x01, "x") + frame(0x81, "y")), Heard{"fault 1002"}) << "a message within another";
  EXPECT_EQ(heard(frame(0x09, "x")), Heard{"fault 1002"}) << "a ping in parts";
  EXPECT_EQ(heard(frame(0x89, std::string(126, 'x'))), Heard{"fault 1002"}) << "a long ping";
  EXPECT_EQ(heard(frame(0x81, "\xFF")), Heard{"fault 1007"});
  EXPECT_EQ(heard(frame(0x01, "\xC3") + frame(0x80, "\xA9")), Heard{"text \xC3\xA9"});
  EXPECT_EQ(heard(frame(0x01, "\xC3") + frame(0x80, "x")), Heard{"fault 1007"});
}

TEST(WsFrames, LongerThanTheyMayBeAreFaultsBeforeTheyAreHere) {
  EXPECT_EQ(heard(frame(0x81, std::string(1'000, 'x'))).front().size(), 1'005U);
  EXPECT_EQ(heard(frame(0x81, std::string(1'001, 'x')).substr(0, 8)), Heard{"fault 1009"});
  EXPECT_EQ(heard(frame(0x01, std::string(600, 'x')) + frame(0x80, std::string(401, 'x')).substr(0, 8)),
            Heard{"fault 1009"});
  const std::string endless(
      "\x81\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
      "abcd",
      14);
  EXPECT_EQ(heard(endless), Heard{"fault 1009"});
  EXPECT_EQ(heard(frame(0x81, std::string(70'000, 'x')), 1'000'000, 70'000).front().size(), 70'005U);
}

TEST(WsFrames, CloseWithACodeOrWithNone) {
  EXPECT_EQ(heard(frame(0x88, "")), Heard{"close 1005 "});
  EXPECT_EQ(heard(frame(0x88, "\x03")), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(0x88, std::string("\x03\xED"))), Heard{"fault 1002"}) << "1005 is never sent";
  EXPECT_EQ(heard(frame(0x88, std::string("\x03\xE8\xFF"))), Heard{"fault 1007"});
  EXPECT_EQ(heard(frame(0x88, std::string("\x0F\xA0"))), Heard{"close 4000 "});
}

TEST(WsFrames, OfOursHaveTheShortestLength) {
  EXPECT_EQ(ws_frame(WsOpcode::text, "hi"), "\x81\x02hi");
  EXPECT_EQ(ws_frame(WsOpcode::text, std::string(125, 'x')).size(), 127U);
  EXPECT_EQ(ws_frame(WsOpcode::text, std::string(126, 'x')).substr(0, 4), std::string("\x81\x7E\x00\x7E", 4));
  EXPECT_EQ(ws_frame(WsOpcode::text, std::string(65'536, 'x')).substr(0, 10),
            std::string("\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  EXPECT_EQ(ws_close_frame(WsClose::try_again_later, "x"), std::string("\x88\x03\x03\xF5x"));
  EXPECT_EQ(ws_close_frame(WsClose::normal, std::string(300, 'x')).size(), 127U);
}

// RFC 6455, section 1.3.
TEST(WsFrames, AcceptTheKeyOfTheRfc) {
  EXPECT_EQ(ws_accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WsFrames, CutAnywhereSayTheSame) {
  test::Random random(5);
  constexpr std::array firsts{0x81U, 0x01U, 0x00U, 0x80U, 0x89U, 0x8AU, 0x88U, 0x82U, 0xF1U};
  for (int run = 0; run < 20'000; ++run) {
    std::string bytes;
    for (std::uint64_t left = 1 + random.below(5); left != 0; --left)
      bytes += frame(random.pick(firsts), random.text());
    if (random.one_in(3)) bytes[random.below(bytes.size())] = static_cast<char>(random.bits());
    EXPECT_EQ(heard(bytes, 1 + random.below(9)), heard(bytes));
  }
}

}  // namespace
}  // namespace touchline
