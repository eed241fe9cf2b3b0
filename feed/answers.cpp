#include "feed/answers.h"

#include "core/state_names.h"

#include <utility>

namespace touchline {

std::string_view name_of(Origin::Outcome outcome) {
  switch (outcome) {
    case Origin::Outcome::changed:
      return "applied";
    case Origin::Outcome::no_op:
    case Origin::Outcome::control:
      return "no-op";
    case Origin::Outcome::repeat:
      return "repeat";
    case Origin::Outcome::held:
      return "held";
    case Origin::Outcome::dropped:
      return "outdated";
  }
  return {};
}

void append_json_position(std::string& out, Position position) {
  out.append("{\"epoch\":").append(std::to_string(position.epoch.value));
  out.append(",\"offset\":").append(std::to_string(position.offset.value)).append("}");
}

void Answers::add_taken(std::string_view name, std::uint64_t line, Origin::Outcome outcome) {
  add(begin(name, line).append(",\"outcome\":\"").append(name_of(outcome)).append("\""));
}

void Answers::add_refused(std::string_view name, std::uint64_t line, const Error& error) {
  std::string text = begin(name, line).append(",\"outcome\":\"refused\",\"reason\":");
  append_json_text(text, error.text);
  if (error.at_byte != 0) text.append(",\"byte\":").append(std::to_string(error.at_byte));
  add(std::move(text));
}

std::string Answers::begin(std::string_view name, std::uint64_t line) const {
  std::string text = "{";
  if (!name.empty()) text.append("\"ack\":").append(name).append(",");
  return text.append("\"line\":").append(std::to_string(line));
}

void Answers::add(std::string text) {
  text.append(",\"position\":");
  append_json_position(text, publisher_.position());
  text.append("}\n");
  bytes_ += text.size();
  waiting_.push_back({publisher_.commit_to_come(), std::move(text)});
}

std::string Answers::take() {
  std::string text;
  while (!waiting_.empty() && publisher_.is_durable(waiting_.front().commit)) {
    text.append(waiting_.front().text);
    waiting_.pop_front();
  }
  bytes_ -= text.size();
  return text;
}

}  // namespace touchline
