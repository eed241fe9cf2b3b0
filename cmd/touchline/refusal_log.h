// What a source's refusals say in the log: the first ones each, then one a second with the number of those left out.
//
// A source that goes wrong sends as fast as it can, and must not fill the disk that the log is on. All refusals are in
// the store (`touchline inspect DB rejected`). Time is passed in. Knows no log: lines go to `say`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace touchline {

class RefusalLog {
 public:
  explicit RefusalLog(std::function<void(const std::string&)> say) : say_(std::move(say)) {}

  void refused(const std::string& text, std::int64_t now_ms) {
    if (said_ < each_max) {
      ++said_;
      last_ms_ = now_ms;
      return say_(text);
    }
    ++left_out_;
    last_text_ = text;
    tick(now_ms);
  }

  // Now and then, so that the last ones of a burst are told of, too.
  void tick(std::int64_t now_ms) {
    if (now_ms - last_ms_ >= quiet_ms) said_ = 0;
    if (left_out_ == 0 || now_ms - last_ms_ < interval_ms) return;
    flush();
    last_ms_ = now_ms;
  }

  void flush() {
    if (left_out_ == 0) return;
    say_(last_text_ + (left_out_ == 1 ? "" : " (and " + std::to_string(left_out_ - 1) + " more before it)"));
    left_out_ = 0;
  }

 private:
  static constexpr std::uint64_t each_max = 10;
  static constexpr std::int64_t interval_ms = 1'000;
  static constexpr std::int64_t quiet_ms = 60'000;  // after which the first ones are logged one by one again

  std::function<void(const std::string&)> say_;
  std::uint64_t said_ = 0;
  std::uint64_t left_out_ = 0;  // since the last line
  std::string last_text_;
  std::int64_t last_ms_ = 0;
};

}  // namespace touchline
