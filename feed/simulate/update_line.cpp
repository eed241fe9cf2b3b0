#include "feed/simulate/update_line.h"

#include "core/check.h"
#include "core/decimal.h"

#include <array>
#include <charconv>

namespace touchline::simulate {

UpdateLine::UpdateLine(std::string& out, std::string_view event, std::int64_t seq, std::int64_t time_ms)
    : out_(out) {
  out_.push_back('{');
  text("event", event);
  integer("seq", seq);
  integer("time", time_ms);
}

void UpdateLine::text(std::string_view key, std::string_view value) {
  begin(key);
  quoted(value);
}

void UpdateLine::integer(std::string_view key, std::int64_t value) {
  begin(key);
  number(value);
}

void UpdateLine::boolean(std::string_view key, bool value) {
  begin(key);
  out_.append(value ? "true" : "false");
}

void UpdateLine::hundredths(std::string_view key, std::int64_t value) {
  begin(key);
  append_hundredths(out_, value);
}

void UpdateLine::erase(std::string_view key) {
  begin(key);
  out_.append("null");
}

void UpdateLine::attribute(std::string_view path, std::string_view value) {
  attribute_key(path);
  quoted(value);
}

void UpdateLine::attribute(std::string_view path, std::int64_t value) {
  attribute_key(path);
  number(value);
}

void UpdateLine::attribute_hundredths(std::string_view path, std::int64_t value) {
  attribute_key(path);
  append_hundredths(out_, value);
}

void UpdateLine::erase_attribute(std::string_view path) {
  attribute_key(path);
  out_.append("null");
}

void UpdateLine::market(std::string_view id) {
  close_outcomes();
  close_attributes();
  out_.append(depth_ == Depth::market ? "},{" : ",\"markets\":[{");
  depth_ = Depth::market;
  text("id", id);
}

void UpdateLine::outcome(std::string_view id) {
  close_ladder();
  close_attributes();
  TL_CHECK(depth_ == Depth::market || depth_ == Depth::outcome);
  out_.append(depth_ == Depth::outcome ? "},{" : ",\"outcomes\":[{");
  depth_ = Depth::outcome;
  text("id", id);
}

void UpdateLine::level(Ladder ladder, std::int64_t price_hundredths, std::int64_t size_hundredths) {
  const Depth depth = ladder == Ladder::back ? Depth::back : Depth::lay;
  if (depth_ == depth) {
    out_.append(",[");
  } else {
    close_ladder();
    TL_CHECK(depth_ == Depth::outcome);
    out_.append(ladder == Ladder::back ? ",\"back\":[[" : ",\"lay\":[[");
    depth_ = depth;
  }
  append_hundredths(out_, price_hundredths);
  out_.push_back(',');
  append_hundredths(out_, size_hundredths);
  out_.push_back(']');
}

void UpdateLine::end() {
  close_outcomes();
  close_attributes();
  out_.append(depth_ == Depth::market ? "}]}" : "}");
}

void UpdateLine::begin(std::string_view key) {
  if (out_.back() != '{') out_.push_back(',');
  quoted(key);
  out_.push_back(':');
}

void UpdateLine::quoted(std::string_view value) {
  out_.push_back('"');
  out_.append(value);
  out_.push_back('"');
}

void UpdateLine::number(std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out_.append(digits.data(), end);
}

void UpdateLine::attribute_key(std::string_view path) {
  if (depth_ == Depth::event || depth_ == Depth::market) {
    out_.append(",\"attributes\":{");
    depth_ = depth_ == Depth::event ? Depth::event_attributes : Depth::market_attributes;
  }
  TL_CHECK(depth_ == Depth::event_attributes || depth_ == Depth::market_attributes);
  begin(path);
}

void UpdateLine::close_attributes() {
  if (depth_ != Depth::event_attributes && depth_ != Depth::market_attributes) return;
  out_.push_back('}');
  depth_ = depth_ == Depth::event_attributes ? Depth::event : Depth::market;
}

void UpdateLine::close_ladder() {
  if (depth_ != Depth::back && depth_ != Depth::lay) return;
  out_.push_back(']');
  depth_ = Depth::outcome;
}

void UpdateLine::close_outcomes() {
  close_ladder();
  if (depth_ != Depth::outcome) return;
  out_.append("}]");
  depth_ = Depth::market;
}

void append_heartbeat(std::string& out, std::int64_t time_ms) {
  out.append("{\"alive\":true,\"time\":");
  std::array<char, 24> digits{};
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), time_ms).ptr);
  out.push_back('}');
}

}  // namespace touchline::simulate
