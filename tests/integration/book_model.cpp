#include "tests/integration/book_model.h"

namespace touchline::integration {
namespace {

std::string row_text(std::initializer_list<std::string> cells) {
  std::string out;
  for (const std::string& cell : cells)
    out += (out.empty() ? "[" : ",") + cell;
  return out + "]";
}

Facts facts_of(const RunnerModel& runner) {
  Facts facts = runner.definition;
  facts.insert(runner.amounts.begin(), runner.amounts.end());
  for (const auto& [name, ladder] : runner.price_ladders) {
    for (const auto& [price, size] : ladder)
      facts[name] += row_text({hundredths_text(price), hundredths_text(size)});
  }
  for (const auto& [name, ladder] : runner.rank_ladders) {
    for (const auto& [level, row] : ladder)
      facts[name] +=
          row_text({std::to_string(level), hundredths_text(row.first), hundredths_text(row.second)});
  }
  return facts;
}

}  // namespace

void RunnerModel::set_price_level(const std::string& ladder, std::int64_t price, std::int64_t size) {
  if (size == 0) {
    price_ladders[ladder].erase(price);
  } else {
    price_ladders[ladder][price] = size;
  }
}

void RunnerModel::set_rank_level(const std::string& ladder, std::int64_t level, std::int64_t price,
                                 std::int64_t size) {
  if (size == 0) {
    rank_ladders[ladder].erase(level);
  } else {
    rank_ladders[ladder][level] = {price, size};
  }
}

void RunnerModel::reset_prices() {
  amounts.clear();
  price_ladders.clear();
  rank_ladders.clear();
}

void MarketModel::reset_prices() {
  amounts.clear();
  for (auto& [key, runner] : runners)
    runner.reset_prices();
}

void MarketModel::reset_definition() {
  definition.clear();
  for (auto& [key, runner] : runners)
    runner.definition.clear();
}

std::string hundredths_text(std::int64_t hundredths) {
  return number_text(static_cast<double>(hundredths) / 100.0);
}

void add_books(Books& books, const std::string& id, const MarketModel& market) {
  Books seen;
  for (const Facts* facts : {&market.definition, &market.amounts}) {
    for (const auto& [name, text] : *facts)
      seen[place_of(id, name)] = text;
  }
  for (const auto& [key, runner] : market.runners) {
    const Facts facts = facts_of(runner);
    if (facts.empty()) continue;
    const auto place = [&, runner_id = std::to_string(key.first)](const std::string& fact) {
      return place_of(id, runner_id, static_cast<double>(key.second) / 100.0, fact);
    };
    seen[place("runner")] = "";
    for (const auto& [name, text] : facts)
      seen[place(name)] = text;
  }
  if (seen.empty()) return;
  seen[place_of(id, "event")] = market.event;
  books.merge(seen);
}

}  // namespace touchline::integration
