// What the adapters' grammars share: taking a JSON document apart, with refusals that name what was wrong.
//
// A grammar is a walk through a tree with a hundred places that can be wrong. Each throws a Refusal, and the
// grammar's one public door turns it into an Error value; no Refusal leaves feed/ingest. Knows simdjson and
// how numbers become cells; knows no vendor's words.
#pragma once

#include "core/result.h"
#include "core/update.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace touchline::json {

namespace dom = simdjson::dom;

struct Refusal {
  Error error;
  explicit Refusal(std::string text) : error{ErrorKind::malformed, std::move(text), 0} {}
  Refusal(ErrorKind kind, std::string text, std::uint64_t at_byte = 0)
      : error{kind, std::move(text), at_byte} {}

  // "markets[2]" before "status is no text": the path grows on the way out, so that the way in costs nothing.
  void put_before(std::string_view place);
};

inline constexpr std::int64_t time_ms_min = 946'684'800'000;      // 2000: a smaller number is one of seconds
inline constexpr std::int64_t time_ms_max = 253'402'300'799'999;  // the end of the year 9999
inline constexpr std::size_t id_bytes_max = 256;
// What a parser keeps allocated from one line to the next; what a longer line took is given back by the next.
inline constexpr std::size_t kept_line_bytes = std::size_t{1} << 20;

// The whole document, checked before anything of it is looked at: structure, UTF-8, numbers.
// `line` is followed by simdjson::SIMDJSON_PADDING readable bytes.
dom::element parse(dom::parser& parser, std::string_view line);

std::string quoted(std::string_view text);  // for an error's text: as JSON, cut short

dom::element required(dom::object in, std::string_view key);
std::optional<dom::element> optional(dom::object in, std::string_view key);  // null counts as absent

// Each refuses, naming `what`, a value of another type or out of range.
dom::object object_of(dom::element value, std::string_view what);
dom::array array_of(dom::element value, std::string_view what);
std::string_view text_of(dom::element value, std::string_view what);
std::int64_t integer_of(dom::element value, std::string_view what);
bool bool_of(dom::element value, std::string_view what);
double number_of(dom::element value, std::string_view what);
std::int64_t exact_hundredths_of(dom::element value, std::string_view what);
// ms since 1970, from that number, which must be one of ms and not of seconds, or from a text as core/time_text.h reads
// it.
std::int64_t time_ms_of(dom::element value, std::string_view what);

// An identifier: a text, or an integer as its decimal text. Holds the digits: keep it as long as its text().
class Id {
 public:
  explicit Id(std::string_view text) : text_(text) {}
  explicit Id(std::int64_t number);
  explicit Id(std::uint64_t number);
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  ~Id() = default;
  std::string_view text() const { return text_; }

 private:
  char digits_[24];
  std::string_view text_;
};
Id id_of(dom::element value, std::string_view what);

// A price or size. What is no whole count of hundredths keeps its literal.
struct Amount {
  bool exact = true;
  std::int64_t hundredths = 0;
  std::string literal;

  bool is_zero() const { return exact && hundredths == 0; }
  bool is_negative() const { return exact ? hundredths < 0 : literal.starts_with('-'); }
};
Amount amount_of(dom::element value, std::string_view what);

// Sets a scalar field of the current market or outcome.
void set_amount(Update& out, Field field, dom::element value);
void set_amount(Update& out, Field field, const Amount& amount, std::uint32_t level = 0);

// A ladder of the current outcome: rows [price, size] or [level, price, size]. Size 0 or null removes a row.
void price_ladder(Update& out, Field field, dom::element rows, std::string_view what);
void rank_ladder(Update& out, Field field, dom::element rows, std::string_view what);
// One such row.
void price_level(Update& out, Field field, dom::array row);
void rank_level(Update& out, Field field, dom::array row);

// An attribute of the current event, market or outcome: an integer as such, everything else as JSON text.
void attribute(Update& out, std::string_view path, dom::element value);

// Every item of a list, with its place put before what is refused of it.
template <class Take>
void each(dom::element list, std::string_view what, Take take) {
  const dom::array items = array_of(list, what);
  std::size_t place = 0;
  try {
    for (const dom::element item : items) {
      take(item);
      ++place;
    }
  } catch (Refusal& refusal) {
    refusal.put_before(std::string(what) + "[" + std::to_string(place) + "]");
    throw;
  }
}

}  // namespace touchline::json
