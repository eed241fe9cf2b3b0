// `touchline simulate`: a match day of made-up matches as native updates, into a file or a pipe, at once or by the clock.

#include "cmd/touchline/commands.h"
#include "cmd/touchline/speed.h"
#include "core/result.h"
#include "feed/simulate/match_day.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace touchline {
namespace {

using simulate::MatchDay;
using simulate::MatchDayOptions;

constexpr std::size_t written_at_once_bytes = 64U << 10;
// The native format takes no earlier times; the year 2001.
constexpr std::int64_t first_kick_off_ms_min = 978'307'200'000;

struct SimulateOptions {
  MatchDayOptions day;
  std::string first_kick_off = "2026-08-15T14:00:00Z";
  std::string speed = "max";
  std::string output;
};

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "2026-08-15T14:00:00Z" in ms since 1970.
std::optional<std::int64_t> utc_ms(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00Z";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool fits = form[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
    if (!fits) return std::nullopt;
  }
  const auto part = [&](std::size_t at, std::size_t length) {
    return number_of<unsigned>(text.substr(at, length)).value_or(0);
  };
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(part(0, 4))),
                                        std::chrono::month(part(5, 2)), std::chrono::day(part(8, 2)));
  if (!day.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return std::nullopt;
  const auto time = std::chrono::sys_days(day) + std::chrono::hours(part(11, 2)) +
                    std::chrono::minutes(part(14, 2)) + std::chrono::seconds(part(17, 2));
  const std::int64_t ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  if (ms < first_kick_off_ms_min || ms > simulate::first_kick_off_ms_max) return std::nullopt;
  return ms;
}

bool is_between(std::optional<double> number, double least, double most) {
  return number && *number >= least && *number <= most;  // which NaN never is
}

// Complaints about what was given for an option, empty where there is none.
std::string complain_about_rate(const std::string& text) {
  using simulate::updates_per_second_max, simulate::updates_per_second_min;
  const bool usable = is_between(number_of<double>(text), updates_per_second_min, updates_per_second_max);
  return usable ? "" : "'" + text + "' is no number from 0.001 to 1000000";
}

std::string complain_about_seed(const std::string& text) {
  return number_of<std::uint64_t>(text) ? "" : "'" + text + "' is no whole number from 0 to 2^64 - 1";
}

std::string complain_about_time(const std::string& text) {
  return utc_ms(text) ? "" : "'" + text + "' is no time such as 2026-08-15T14:00:00Z between 2001 and 2200";
}

std::string complain_about_speed(const std::string& text) {
  const bool usable = text == "max" || speed_of(text);
  return usable ? "" : "'" + text + "' is neither 'max' nor a number from 0.001 to 1000000";
}

// A file or standard output. Lines are gathered; all of them have left the process when close() succeeds.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (is_file_ && descriptor_ >= 0) ::close(descriptor_);
  }

  Result<void> open(const std::string& path) {
    name_ = path.empty() ? "standard output" : path;
    if (path.empty()) return {};
    is_file_ = true;
    constexpr mode_t readable_by_all = 0644;
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, readable_by_all);
    if (descriptor_ < 0) return failure("opening");
    return {};
  }

  Result<void> add_line(std::string_view line) {
    waiting_.append(line).push_back('\n');
    if (waiting_.size() >= written_at_once_bytes) return flush();
    return {};
  }

  Result<void> flush() {
    std::string_view rest = waiting_;
    while (!rest.empty()) {
      const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failure("writing");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    waiting_.clear();
    return {};
  }

  Result<void> close() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (!is_file_) return {};
    const int descriptor = descriptor_;
    descriptor_ = -1;
    if (::close(descriptor) != 0) return failure("closing");
    return {};
  }

 private:
  Error failure(std::string_view doing) const {
    const std::string reason = std::generic_category().message(errno);
    return {ErrorKind::environment, std::string(doing) + " " + name_ + ": " + reason, 0};
  }

  std::string name_;
  std::string waiting_;
  int descriptor_ = STDOUT_FILENO;
  bool is_file_ = false;
};

// Lets the day's time go by as many times faster than the clock's as was asked for.
class Pace {
 public:
  // The first line's time passes now.
  Pace(std::optional<double> speed, std::int64_t first_ms) : speed_(speed), first_ms_(first_ms) {}

  // When a line of that time is due; at full speed every line is overdue.
  std::chrono::steady_clock::time_point due(std::int64_t at_ms) const {
    if (!speed_) return began_;
    const std::chrono::duration<double, std::milli> since(static_cast<double>(at_ms - first_ms_) / *speed_);
    return began_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(since);
  }

 private:
  std::optional<double> speed_;
  std::int64_t first_ms_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

Result<void> write_day(const SimulateOptions& options) {
  Output output;
  if (auto opened = output.open(options.output); !opened) return opened;
  MatchDayOptions day_options = options.day;
  day_options.first_kick_off_ms = utc_ms(options.first_kick_off).value();
  MatchDay day(day_options);
  std::string line;
  std::int64_t at_ms = 0;
  bool more = day.next(line, at_ms);
  const Pace pace(speed_of(options.speed), at_ms);
  for (; more; more = day.next(line, at_ms)) {
    if (const auto due = pace.due(at_ms); due > std::chrono::steady_clock::now()) {
      if (auto flushed = output.flush(); !flushed) return flushed;
      std::this_thread::sleep_until(due);
    }
    if (auto added = output.add_line(line); !added) return added;
  }
  return output.close();
}

int run(const SimulateOptions& options) {
  const auto written = write_day(options);
  return written ? exit_done : complain(written.error());
}

constexpr const char* examples =
    R"(Times are those of the match day; the same options give the same bytes on every machine.

Examples:
  # a day of eight matches, about 40,000 updates
  touchline simulate -o day.ndjson
  # another day of 20 matches, about 100,000 updates and 20 MB; --rate 5000 would make 4 GB of it
  touchline simulate --events 20 --rate 20 --seed 7 -o busy-day.ndjson
  # as it would come in, 4000 times as fast: three seconds
  touchline simulate --events 1 --speed 4000
)";

}  // namespace

Command add_simulate(CLI::App& parent) {
  const auto options = std::make_shared<SimulateOptions>();
  CLI::App* app = parent.add_subcommand("simulate", "A match day of made-up matches, as native updates");
  app->add_option("--events", options->day.events, "How many matches, 1 to 5000")
      ->type_name("N")
      ->check(CLI::Range(1, simulate::events_max).description(""))
      ->capture_default_str();
  app->add_option("--rate", options->day.updates_per_second,
                  "Updates a second while all matches are in play, over all of them (default: one for each)")
      ->type_name("N")
      ->check(CLI::Validator(complain_about_rate, ""));
  app->add_option("--seed", options->day.seed, "Another seed, another day")
      ->type_name("N")
      ->check(CLI::Validator(complain_about_seed, ""))
      ->capture_default_str();
  app->add_option("--start", options->first_kick_off, "The first kick-off; the day begins 20 minutes before")
      ->type_name("TIME")
      ->check(CLI::Validator(complain_about_time, ""))
      ->capture_default_str();
  app->add_option("--speed", options->speed, "How many times as fast as the clock, or as fast as can be")
      ->type_name("max|N")
      ->check(CLI::Validator(complain_about_speed, ""))
      ->capture_default_str();
  app->add_option("-o,--output", options->output, "The file to write, instead of standard output")
      ->type_name("FILE");
  app->footer(examples);
  return {app, [options] { return run(*options); }};
}

}  // namespace touchline
