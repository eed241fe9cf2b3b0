#include "feed/simulate/mood.h"

namespace touchline::simulate {
namespace {

constexpr std::int64_t step_ms = 4'000;
constexpr std::int64_t steps_at_once_max = 256;  // after which the walk has forgotten where it was
constexpr std::int64_t step_ppm = 8'000;
constexpr std::int64_t forgetting = 80;  // steps
constexpr std::int64_t million = 1'000'000;

}  // namespace

GoalsExpected Mood::shifted(const GoalsExpected& at_first, std::int64_t now_ms) {
  const std::int64_t steps = (now_ms - stepped_ms_) / step_ms;
  for (std::int64_t i = 0; i < steps && i < steps_at_once_max; ++i) {
    home_ppm_ += random_.between(-step_ppm, step_ppm) - home_ppm_ / forgetting;
    away_ppm_ += random_.between(-step_ppm, step_ppm) - away_ppm_ / forgetting;
  }
  stepped_ms_ += steps * step_ms;
  return {at_first.home_micro * (million + home_ppm_) / million,
          at_first.away_micro * (million + away_ppm_) / million};
}

}  // namespace touchline::simulate
