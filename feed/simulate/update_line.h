// One update of the native format, written straight into a line of JSON.
//
// Knows the format's nesting and closes what the next call leaves open: the event's fields, then its attributes, then
// markets, each with its fields, attributes, outcomes, and these with their fields, back and lay levels, in this order.
// Does not know what has changed, and escapes nothing: keys and texts are the simulator's own, without quotes,
// backslashes and control characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace touchline::simulate {

class UpdateLine {
 public:
  enum class Ladder : std::uint8_t { back, lay };

  // Appends to `out`, which must outlive this, up to end().
  UpdateLine(std::string& out, std::string_view event, std::int64_t seq, std::int64_t time_ms);

  // A field of what was begun last: the event, a market or an outcome.
  void text(std::string_view key, std::string_view value);
  void integer(std::string_view key, std::int64_t value);
  void boolean(std::string_view key, bool value);
  void hundredths(std::string_view key, std::int64_t value);
  void erase(std::string_view key);

  // Of the event or of the market that was begun last.
  void attribute(std::string_view path, std::string_view value);
  void attribute(std::string_view path, std::int64_t value);
  void attribute_hundredths(std::string_view path, std::int64_t value);
  void erase_attribute(std::string_view path);

  void market(std::string_view id);
  void outcome(std::string_view id);
  // Size 0 removes the level. Both in hundredths.
  void level(Ladder ladder, std::int64_t price_hundredths, std::int64_t size_hundredths);

  void end();

 private:
  enum class Depth : std::uint8_t { event, event_attributes, market, market_attributes, outcome, back, lay };

  void begin(std::string_view key);
  void quoted(std::string_view value);
  void number(std::int64_t value);
  void attribute_key(std::string_view path);
  void close_attributes();
  void close_ladder();
  void close_outcomes();

  std::string& out_;
  Depth depth_ = Depth::event;
};

// The source's sign of life, which belongs to no event.
void append_heartbeat(std::string& out, std::int64_t time_ms);

}  // namespace touchline::simulate
