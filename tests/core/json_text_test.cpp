#include "core/json_text.h"

#include "tests/core/json_fixture.h"
#include "tests/core/random_fixture.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace touchline {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_any_json_text(out, text);
  return out;
}

std::string compact(std::string_view json) {
  std::string out = "before";
  return append_compact_json(out, json) ? out : out + " refused";
}

TEST(JsonText, KnowsUtf8ByTheStandardsTable) {
  for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBF",
                           "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "Tot\xC3\xA9nham"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xED\xA0\x80",
                          "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(bad)) << testing::PrintToString(std::string(bad));
}

TEST(JsonText, ReplacesWhatIsNoUtf8AndKeepsTheRest) {
  EXPECT_EQ(quoted("a\"b\\c\x01"), "\"a\\\"b\\\\c\\u0001\"");
  EXPECT_EQ(quoted("\xFF\xFE!"), "\"\xEF\xBF\xBD\xEF\xBF\xBD!\"");
  EXPECT_EQ(quoted("x\xE2\x82y"), "\"x\xEF\xBF\xBDy\"") << "one mark for a character that was cut off";
  EXPECT_EQ(quoted("\xC3\xA9\x80"), "\"\xC3\xA9\xEF\xBF\xBD\"");
}

TEST(JsonText, TakesTheSpaceOutOfJson) {
  EXPECT_EQ(compact(" { \"a\" : [ 1 , 2.5e3 , null ] ,\r\n\t\"b\" : \" x \\u00e9 \" } "),
            "before{\"a\":[1,2.5e3,null],\"b\":\" x \\u00e9 \"}");
  EXPECT_EQ(compact("{}"), "before{}");
  EXPECT_EQ(compact("[ ]"), "before[]");
  EXPECT_EQ(compact("true"), "beforetrue");
}

TEST(JsonText, RefusesWhatIsNoJsonAndAppendsNothing) {
  for (const char* bad :
       {"",        " ",           "{",    "}",   "[1,]",     "[1 2]",    "{\"a\"}", "{\"a\":}",
        "{a:1}",   "{\"a\":1,}",  "01",   "+1",  "1.",       "tru",      "nul",     "\"a",
        "\"\\x\"", "\"\\u12g4\"", "\"\\", "1 2", "\"a\nb\"", "\"\xFF\"", "[\"a\"",  "NaN"})
    EXPECT_EQ(compact(bad), "before refused") << bad;
  EXPECT_EQ(compact(std::string(64, '[') + std::string(64, ']')).find("refused"), std::string::npos);
  EXPECT_EQ(compact(std::string(100, '[') + std::string(100, ']')), "before refused");
}

TEST(JsonText, IsNeverWrongAboutWhatItTakes) {
  test::Random random(7);
  constexpr std::array parts{"{",  "}", "[", "]",    ",", ":",  "\"a\"",
                             "\"", "1", "-", "null", " ", "\\", "\xC3\xA9"};
  int taken = 0;
  for (int run = 0; run < 200'000; ++run) {
    std::string json;
    for (std::uint64_t left = 1 + random.below(7); left != 0; --left)
      json += random.pick(parts);
    std::string out;
    if (!append_compact_json(out, json)) continue;
    ++taken;
    EXPECT_NO_THROW(EXPECT_EQ(test::JsonParser(out).parse(), test::JsonParser(json).parse()))
        << json << " became " << out;
  }
  EXPECT_GT(taken, 1000);
}

// The vectors of RFC 7396, appendix A: the test's own merge is right, by which the patches are judged.
TEST(JsonText, TheTestsOwnMergeKnowsTheVectorsOfTheRfc) {
  constexpr std::array<std::array<const char*, 3>, 15> vectors{{
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  }};
  for (const auto& [target, patch, result] : vectors)
    EXPECT_EQ(test::merged(test::json_of(target), test::json_of(patch)), test::json_of(result)) << patch;
}

}  // namespace
}  // namespace touchline
