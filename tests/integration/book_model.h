// What a vendor's messages should leave behind, kept the plainest way: maps of facts.
//
// The other side of the comparison with the program: nothing of core/ is in it. Whoever makes a message says here
// what it means; books() then tells what an export should tell. Amounts are in hundredths.
#pragma once

#include "tests/integration/books.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace touchline::integration {

using Facts = std::map<std::string, std::string>;
using RunnerKey = std::pair<std::int64_t, std::int64_t>;  // id, handicap

struct RunnerModel {
  Facts definition;
  Facts amounts;  // last_price, total_matched, sp_near, sp_far
  std::map<std::string, std::map<std::int64_t, std::int64_t>> price_ladders;  // price -> size
  std::map<std::string, std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>>>
      rank_ladders;  // level -> both

  void set_price_level(const std::string& ladder, std::int64_t price, std::int64_t size);
  void set_rank_level(const std::string& ladder, std::int64_t level, std::int64_t price, std::int64_t size);
  void reset_prices();
};

struct MarketModel {
  std::string event;
  Facts definition;
  Facts amounts;  // total_matched
  std::map<RunnerKey, RunnerModel> runners;

  void reset_prices();
  void reset_definition();
};

std::string hundredths_text(std::int64_t hundredths);

// Adds what is to be seen of a market, which is nothing where nothing was ever said.
void add_books(Books& books, const std::string& id, const MarketModel& market);

}  // namespace touchline::integration
