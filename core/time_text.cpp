#include "core/time_text.h"

#include <charconv>
#include <cstddef>

namespace touchline {
namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::int64_t first_ms = -62'135'596'800'000;  // 0001-01-01T00:00:00.000Z
constexpr std::int64_t last_ms = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

struct Date {
  std::int64_t year;
  std::int64_t month;  // 1-12
  std::int64_t day;    // 1-31
};

// Both after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the
// leap day is a year's last, and 400 years (an era) are 146,097 days. Only for years from 1 on.
constexpr std::int64_t days_of(const Date& date) {
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = year / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month_from_march = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr Date date_of(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = shifted / 146'097;
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {era * 400 + year_of_era + (month <= 2 ? 1 : 0), month,
          day_of_year - (153 * month_from_march + 2) / 5 + 1};
}

static_assert(days_of({1970, 1, 1}) == 0 && days_of({1, 1, 1}) * ms_per_day == first_ms);
static_assert(days_of({9999, 12, 31}) * ms_per_day + ms_per_day - 1 == last_ms);
static_assert(date_of(days_of({2024, 2, 29})).day == 29);

constexpr std::int64_t days_in_month(std::int64_t year, std::int64_t month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void put_digits(char* at, int count, std::int64_t number) {
  for (int i = count - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a text apart from its front; once something was not as expected, `ok` stays false.
struct Scan {
  std::string_view rest;
  bool ok = true;

  std::int64_t digits(std::size_t count) {
    std::int64_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= rest.size() || !is_digit(rest[i])) ok = false;
      if (ok) number = number * 10 + (rest[i] - '0');
    }
    if (ok) rest.remove_prefix(count);
    return number;
  }
  std::int64_t digits(std::size_t count, std::int64_t lowest, std::int64_t highest) {
    const std::int64_t number = digits(count);
    if (number < lowest || number > highest) ok = false;
    return number;
  }
  bool take(std::string_view any_of) {
    if (!ok || rest.empty() || any_of.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { ok = take(any_of) && ok; }
};

std::int64_t fraction_ms(Scan& scan) {
  std::int64_t ms = 0;
  std::int64_t unit = 100;
  if (scan.rest.empty() || !is_digit(scan.rest.front())) scan.ok = false;
  while (!scan.rest.empty() && is_digit(scan.rest.front())) {
    ms += unit * (scan.rest.front() - '0');
    unit /= 10;
    scan.rest.remove_prefix(1);
  }
  return ms;
}

std::int64_t offset_minutes(Scan& scan) {
  if (scan.take("Zz")) return 0;
  const bool west = !scan.rest.empty() && scan.rest.front() == '-';
  scan.expect("+-");
  const std::int64_t hours = scan.digits(2, 0, 23);
  scan.expect(":");
  const std::int64_t minutes = hours * 60 + scan.digits(2, 0, 59);
  return west ? -minutes : minutes;
}

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void append_time(std::string& out, std::int64_t time_ms) {
  if (time_ms < first_ms || time_ms > last_ms) {
    char digits[24];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, time_ms).ptr);
    return;
  }
  // Counted from the first day that can be written, so that no division meets a negative number.
  const std::int64_t since_first = time_ms - first_ms;
  const Date date = date_of(since_first / ms_per_day + first_ms / ms_per_day);
  const std::int64_t in_day = since_first % ms_per_day;
  char text[] = "0000-00-00T00:00:00.000Z";
  put_digits(text, 4, date.year);
  put_digits(text + 5, 2, date.month);
  put_digits(text + 8, 2, date.day);
  put_digits(text + 11, 2, in_day / 3'600'000);
  put_digits(text + 14, 2, in_day / 60'000 % 60);
  put_digits(text + 17, 2, in_day / 1'000 % 60);
  put_digits(text + 20, 3, in_day % 1'000);
  out.append(text, sizeof text - 1);
}

std::string time_text(std::int64_t time_ms) {
  std::string text;
  append_time(text, time_ms);
  return text;
}

std::optional<std::int64_t> time_ms_of(std::string_view text) {
  if (const auto number = integer_of(text)) return number;
  Scan scan{text};
  Date date{};
  date.year = scan.digits(4, 1, 9999);
  scan.expect("-");
  date.month = scan.digits(2, 1, 12);
  scan.expect("-");
  if (!scan.ok) return std::nullopt;
  date.day = scan.digits(2, 1, days_in_month(date.year, date.month));
  scan.expect("Tt ");
  const std::int64_t hour = scan.digits(2, 0, 23);
  scan.expect(":");
  const std::int64_t minute = scan.digits(2, 0, 59);
  scan.expect(":");
  const std::int64_t second = scan.digits(2, 0, 60);  // 60: a leap second is the next minute's first
  const std::int64_t ms = scan.take(".") ? fraction_ms(scan) : 0;
  const std::int64_t offset = offset_minutes(scan);
  if (!scan.ok || !scan.rest.empty()) return std::nullopt;
  return days_of(date) * ms_per_day + (hour * 60 + minute - offset) * 60'000 + second * 1'000 + ms;
}

}  // namespace touchline
