// Golden numbers: zigzag, ticks, hashes and the digests of single cells.

#include "core/digest.h"
#include "core/ticks.h"
#include "tests/golden/make_golden.h"

#include <limits>

namespace touchline::golden {

using Int = std::numeric_limits<std::int64_t>;

std::string make_numbers() {
  std::vector<std::string> varints;
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{-64},
        std::int64_t{64}, std::int64_t{300}, Int::max(), Int::min()}) {
    varints.push_back(Json(4).signed_number("value", value).bytes("zigzag", Bytes{}.z(value).out).done());
  }
  std::vector<std::string> ticks;
  for (const std::uint32_t price :
       {0U,     100U,   101U,   199U,    200U,    201U,     300U,    304U,   305U,
        400U,   599U,   600U,   1'000U,  1'049U,  1'999U,   2'000U,  2'950U, 3'000U,
        4'999U, 5'000U, 9'999U, 10'000U, 99'999U, 100'000U, 150'000U}) {
    ticks.push_back("{\"price\":" + std::to_string(price) +
                    ",\"floor\":" + std::to_string(tick_floor(price)) +
                    ",\"is_tick\":" + (is_tick(price) ? "true" : "false") + "}");
  }
  std::vector<std::string> prices;
  for (std::uint32_t tick = 0; tick < tick_count; ++tick)
    prices.push_back(std::to_string(price_of_tick(tick)));
  Json hashes(2);
  for (const std::uint64_t x : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x0123456789ABCDEF}}) {
    hashes.digest("mix64 " + std::to_string(x), mix64(x));
  }
  for (const std::string_view text : {"", "a", "Ashford v Bexhill"}) {
    hashes.digest("fnv1a64 " + std::string(text), fnv1a64(text));
  }
  std::vector<std::string> cells;
  const auto cell = [&](Address address, const Value& value) {
    EventState state;
    if (value.kind == ValueKind::integer) {
      state.set(address, value.integer);
    } else {
      state.set(address, value.text);
    }
    cells.push_back(Json(4).number("packed", address.packed).state("state", state).done());
  };
  cell(at(0, 0, Field::home_score), Value::of(std::int64_t{2}));
  cell(at(1, 1, Field::back, 184), Value::of(std::int64_t{12'000}));
  cell(at((1U << 18) - 1, 4'095, Field::owner, 0xFFFFFF), Value::of(Int::min()));
  cell(at(0, 0, Field::id), Value::of(std::string_view("m-1")));
  cell(at(1, 1, Field::name), Value::of(std::string_view("")));
  return Json(0)
      .raw("zigzag", json_list(varints, 2))
      .raw("ticks", json_list(ticks, 2))
      .raw("prices_of_ticks", json_list(prices, 2))
      .raw("hashes", hashes.done())
      .raw("cells", json_list(cells, 2))
      .done();
}

}  // namespace touchline::golden
