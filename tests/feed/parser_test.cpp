// Which format a line is in: settled by the first that can be read.

#include "feed/ingest/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace touchline {
namespace {

constexpr const char* vendor_line =
    R"({"op":"mcm","pt":1700000000000,"mc":[{"id":"1.5","rc":[{"id":7,"ltp":2}]}]})";
constexpr const char* native_line = R"({"event":"m-1","home_score":1})";

bool takes(Parser& parser, std::string line) {
  const std::size_t size = line.size();
  line.append(64, ' ');
  Update update;
  return static_cast<bool>(parser.parse(std::string_view(line).substr(0, size), update));
}

TEST(Parser, IsNotSettledByALineThatCannotBeRead) {
  for (const char* first : {"garbage", R"("op":"mcm","pt":17)", R"(ce":1.5}]}]})", "{}"}) {
    Parser vendor;
    EXPECT_FALSE(takes(vendor, first));
    EXPECT_TRUE(takes(vendor, vendor_line)) << "behind " << first;
    Parser native;
    EXPECT_FALSE(takes(native, first));
    EXPECT_TRUE(takes(native, native_line)) << "behind " << first;
  }
}

TEST(Parser, IsNotMisledByAnAttributeNamedOp) {
  Parser parser;
  EXPECT_TRUE(takes(parser, R"({"event":"m-1","attributes":{"op":1},"home_score":1})"));
  EXPECT_TRUE(takes(parser, native_line));
}

TEST(Parser, StaysWithTheFormatOfTheFirstLineItCouldRead) {
  Parser parser;
  EXPECT_TRUE(takes(parser, native_line));
  EXPECT_FALSE(takes(parser, vendor_line));
  EXPECT_TRUE(takes(parser, native_line));
}

}  // namespace
}  // namespace touchline
