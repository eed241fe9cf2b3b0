// A JSON object that grows key by key, for the small objects that commands and the admin port show.
//
// Keys are ours and need no escaping; values that are no plain numbers or texts are given as JSON. Knows
// nothing of what it holds.
#pragma once

#include "core/state_names.h"
#include "core/time_text.h"

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace touchline {

class JsonObject {
 public:
  template <std::integral Number>
  JsonObject& add(std::string_view key, Number number) {
    return add_json(key, std::to_string(number));
  }
  // Valid UTF-8.
  JsonObject& add(std::string_view key, std::string_view text) {
    append_json_text(start(key), text);
    return *this;
  }
  // Left out where there is none.
  JsonObject& add_time(std::string_view key, std::int64_t time_ms) {
    return time_ms == 0 ? *this : add(key, std::string_view(time_text(time_ms)));
  }
  JsonObject& add_json(std::string_view key, std::string_view json) {
    start(key).append(json);
    return *this;
  }
  // One line.
  std::string line() const { return text_ + "}\n"; }
  std::string text() const { return text_ + "}"; }

 private:
  std::string& start(std::string_view key) {
    if (text_.size() > 1) text_.push_back(',');
    return text_.append("\"").append(key).append("\":");
  }

  std::string text_ = "{";
};

}  // namespace touchline
