#include "core/time_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>

namespace touchline {
namespace {

constexpr std::int64_t first_ms = -62'135'596'800'000;
constexpr std::int64_t last_ms = 253'402'300'799'999;

TEST(TimeText, WritesUtcWithMilliseconds) {
  EXPECT_EQ(time_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(1'657'537'200'000), "2022-07-11T11:00:00.000Z");
  EXPECT_EQ(time_text(1'657'541'423'406), "2022-07-11T12:10:23.406Z");
  EXPECT_EQ(time_text(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(time_text(951'782'400'000), "2000-02-29T00:00:00.000Z");
}

TEST(TimeText, AppendsToWhatIsThere) {
  std::string out = "at ";
  append_time(out, 1);
  EXPECT_EQ(out, "at 1970-01-01T00:00:00.001Z");
}

TEST(TimeText, CoversTheYears1To9999AndWritesTheNumberBeyond) {
  EXPECT_EQ(time_text(first_ms), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(time_text(last_ms), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(time_text(first_ms - 1), "-62135596800001");
  EXPECT_EQ(time_text(last_ms + 1), "253402300800000");
  EXPECT_EQ(time_text(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(time_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

TEST(TimeText, ReadsBackEverythingItWrites) {
  for (std::int64_t ms = first_ms; ms <= last_ms; ms += 36'413'127'911) {
    ASSERT_EQ(time_ms_of(time_text(ms)), ms) << ms;
  }
  for (const std::int64_t ms : {first_ms - 1, last_ms, last_ms + 1, std::numeric_limits<std::int64_t>::min(),
                                std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(time_ms_of(time_text(ms)), ms);
  }
}

TEST(TimeText, AgreesWithTheStandardLibrarysCalendar) {
  const std::chrono::sys_days last{std::chrono::year{9999} / 12 / 31};
  for (std::chrono::sys_days day{std::chrono::year{1} / 1 / 1}; day <= last; day += std::chrono::days(97)) {
    const std::chrono::year_month_day date(day);
    char expected[40];
    std::snprintf(expected, sizeof expected, "%04d-%02u-%02uT00:00:00.000Z", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    const std::int64_t ms = std::int64_t{day.time_since_epoch().count()} * 86'400'000;
    ASSERT_EQ(time_text(ms), expected);
    ASSERT_EQ(time_ms_of(expected), ms);
  }
}

TEST(TimeText, ReadsOffsetsFromUtc) {
  EXPECT_EQ(time_ms_of("2022-07-11T13:00:00+02:00"), 1'657'537'200'000);
  EXPECT_EQ(time_ms_of("2022-07-11T05:30:00.5-05:30"), 1'657'537'200'500);
  EXPECT_EQ(time_ms_of("2022-07-11T11:00:00+00:00"), 1'657'537'200'000);
}

TEST(TimeText, ReadsFractionsOfAnyLengthAndCutsThemToMilliseconds) {
  EXPECT_EQ(time_ms_of("1970-01-01T00:00:01Z"), 1'000);
  EXPECT_EQ(time_ms_of("1970-01-01T00:00:01.5Z"), 1'500);
  EXPECT_EQ(time_ms_of("1970-01-01T00:00:01.25Z"), 1'250);
  EXPECT_EQ(time_ms_of("1970-01-01T00:00:01.999999999Z"), 1'999);
}

TEST(TimeText, ReadsTheLettersInEitherCaseAndASpaceForT) {
  EXPECT_EQ(time_ms_of("2022-07-11t11:00:00z"), 1'657'537'200'000);
  EXPECT_EQ(time_ms_of("2022-07-11 11:00:00Z"), 1'657'537'200'000);
}

TEST(TimeText, ReadsALeapSecondAsTheNextMinute) {
  EXPECT_EQ(time_ms_of("2016-12-31T23:59:60Z"), time_ms_of("2017-01-01T00:00:00Z"));
}

TEST(TimeText, ReadsAPlainIntegerAsMilliseconds) {
  EXPECT_EQ(time_ms_of("1657537200000"), 1'657'537'200'000);
  EXPECT_EQ(time_ms_of("-5"), -5);
}

TEST(TimeText, RefusesWhatIsNoTime) {
  for (const char* text : {"",
                           "now",
                           "2022-07-11",
                           "2022-07-11T11:00Z",
                           "2022-07-11T11:00:00",
                           "2022-07-11T11:00:00.Z",
                           "2022-07-11T11:00:00ZZ",
                           "2022-07-11T11:00:00+0200",
                           "2022-07-11T11:00:00+02",
                           "2022-07-11T24:00:00Z",
                           "2022-07-11T11:60:00Z",
                           "2022-07-11T11:00:61Z",
                           "2022-13-11T11:00:00Z",
                           "2022-00-11T11:00:00Z",
                           "2022-06-31T11:00:00Z",
                           "2022-02-29T11:00:00Z",
                           "1900-02-29T11:00:00Z",
                           "0000-01-01T00:00:00Z",
                           "2022-07-11T11:00:00+24:00",
                           " 1657537200000",
                           "1657537200000 ",
                           "16575372.5",
                           "1e3",
                           "99999999999999999999",
                           "-",
                           "+5",
                           "2022/07/11T11:00:00Z",
                           "22-07-11T11:00:00Z"}) {
    EXPECT_EQ(time_ms_of(text), std::nullopt) << text;
  }
}

TEST(TimeText, RefusesEveryBeginningOfATime) {
  const std::string whole = "2022-07-11T11:00:00.123+02:00";
  ASSERT_TRUE(time_ms_of(whole));
  for (std::size_t size = 5; size < whole.size(); ++size) {
    EXPECT_EQ(time_ms_of(whole.substr(0, size)), std::nullopt) << whole.substr(0, size);
  }
}

}  // namespace
}  // namespace touchline
