#include "feed/relay_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace {

int compared = 0;  // times that OpenSSL's comparison in constant time was asked

}  // namespace

// In place of OpenSSL's, to see that it is asked, how often, and of what.
extern "C" int CRYPTO_memcmp(const void* a, const void* b, std::size_t size) {
  const auto* left = static_cast<const volatile unsigned char*>(a);
  const auto* right = static_cast<const volatile unsigned char*>(b);
  unsigned char different = 0;
  for (std::size_t i = 0; i < size; ++i)
    different = static_cast<unsigned char>(different | (left[i] ^ right[i]));
  if (size == 32) ++compared;
  return different;
}

namespace touchline {
namespace {

using testing::HasSubstr;

std::string error_of(const std::string& text) {
  const auto tokens = parse_tokens(text, "relays");
  return tokens ? "" : tokens.error().text;
}

std::shared_ptr<RelayTokens> tokens_of(const std::string& text) {
  return std::make_shared<RelayTokens>(parse_tokens(text, "relays").value());
}

TEST(RelayTokens, AreNewEachTimeAndReadable) {
  const std::string token = new_token();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  EXPECT_NE(token, new_token());
}

TEST(RelayTokens, AreHashedAsEverybodyHashes) {
  EXPECT_EQ(line_of_token("edge", "abc"),
            "edge sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(RelayTokens, LetInWhoHasOneUnderItsName) {
  const auto tokens =
      tokens_of("# relays\n\n" + line_of_token("a", "one") + "\n\t" + line_of_token("b", "two") + "\r\n");
  EXPECT_EQ(tokens->enter("two").value()->name(), "b");
  EXPECT_EQ(tokens->enter("one").value()->name(), "a");
  EXPECT_EQ(tokens->enter("three").error().text, "its token is unknown");
  EXPECT_EQ(tokens->enter("").error().text, "it has no token");
}

TEST(RelayTokens, AreAllComparedInConstantTimeWhicheverFits) {
  std::string text;
  for (int i = 0; i < 10; ++i)
    text += line_of_token("r" + std::to_string(i), "token " + std::to_string(i)) + "\n";
  const auto tokens = tokens_of(text);
  for (const char* token : {"token 0", "token 9", "token 5", "none of them", ""}) {
    compared = 0;
    const auto seat = tokens->enter(token);
    EXPECT_EQ(compared, 10) << token;
  }
}

TEST(RelayTokens, LimitTheSessionsOfOneName) {
  const auto tokens = tokens_of(line_of_token("a", "one") + " sessions=2\n" + line_of_token("b", "two"));
  auto first = tokens->enter("one");
  const auto second = tokens->enter("one");
  const auto third = tokens->enter("one");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, ErrorKind::limit);
  EXPECT_TRUE(tokens->enter("two"));
  first->reset();
  EXPECT_TRUE(tokens->enter("one"));
}

TEST(RelayTokens, CountWhoIsThereAlsoBehindAReplacement) {
  const auto tokens = tokens_of(line_of_token("a", "one") + " sessions=1\n");
  const auto seat = tokens->enter("one");
  tokens->replace(parse_tokens(line_of_token("a", "new") + " sessions=1\n", "relays").value());
  EXPECT_EQ(tokens->enter("one").error().kind, ErrorKind::mismatch);
  EXPECT_EQ(tokens->enter("new").error().kind, ErrorKind::limit);
}

TEST(RelayTokens, OfBadLinesAreNamedAndNeverRepeated) {
  const std::string good = line_of_token("a", "one");
  EXPECT_EQ(error_of(good + "\nb secret\n"),
            "relays:2: behind the name stands sha256: and 64 hexadecimal digits");
  for (const std::string& bad :
       std::vector<std::string>{"b", "b sha256:", "b " + good.substr(2) + "0",
                                "b " + good.substr(2, good.size() - 3), "b " + good.substr(2, 69) + "-1"})
    EXPECT_THAT(error_of(bad), HasSubstr("relays:1: behind the name")) << bad;
  for (const char* bad :
       {" sessions=0", " sessions=", " sessions=-1", " sessions=2x", " session=1", " sessions=1 more", " 5"})
    EXPECT_THAT(error_of(good + bad), HasSubstr("relays:1: behind the hash")) << bad;
  EXPECT_THAT(error_of("a/b" + good.substr(1)), HasSubstr("relays:1: a name has"));
  EXPECT_EQ(error_of(good + "\n\nb" + good.substr(1)), "relays:3: the same token as that of a");
  EXPECT_EQ(error_of("# nobody\n"), "relays: holds no token");
}

}  // namespace
}  // namespace touchline
