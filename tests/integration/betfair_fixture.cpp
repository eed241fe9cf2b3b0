#include "tests/integration/betfair_fixture.h"

#include "tests/integration/book_model.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace touchline::integration {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;
using Names = std::pair<std::string_view, std::string_view>;  // the vendor's, ours

constexpr std::array<Names, 5> price_ladders{
    {{"atb", "back"}, {"atl", "lay"}, {"trd", "traded"}, {"spb", "sp_back"}, {"spl", "sp_lay"}}};
constexpr std::array<Names, 4> rank_ladders{{{"batb", "best_back"},
                                             {"batl", "best_lay"},
                                             {"bdatb", "best_display_back"},
                                             {"bdatl", "best_display_lay"}}};

constexpr std::int64_t version_step_max = 1'000;

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

struct Market {
  std::string id;
  std::int64_t version = 4'000'000'000;
  bool defined = false;
  bool has_suspend_time = false;
  std::string status = "INACTIVE";
  bool in_play = false;
  std::vector<RunnerKey> runners;
  std::vector<bool> removed;
  MarketModel model;
};

class Generator {
 public:
  explicit Generator(const BetfairOptions& options)
      : options_(options), random_(options.seed), now_ms_(options.start_ms) {
    for (int m = 0; m < options.events * options.markets_per_event; ++m)
      add_market(m);
  }

  BetfairDay make() {
    line({{"op", in_quotes("connection")}, {"connectionId", in_quotes("206-250926-1")}});
    line({{"op", in_quotes("status")}, {"id", "1"}, {"statusCode", in_quotes("SUCCESS")}});
    subscription_image();
    for (int i = 0; i < options_.messages; ++i) {
      if (chance(60)) advance();
      if (one_in(150)) {
        subscription_image();
      } else if (one_in(40)) {
        line({{"op", in_quotes("mcm")}, {"pt", time()}, {"clk", clk()}, {"ct", in_quotes("HEARTBEAT")}});
      } else {
        changes();
      }
    }
    remember();
    return std::move(day_);
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class List>
  auto& any(List& list) {
    return list[below(list.size())];
  }

  std::string time() const { return std::to_string(now_ms_); }
  std::string event_id(std::uint64_t number) const {
    return std::to_string(options_.first_event + static_cast<std::int64_t>(number));
  }

  void add_market(int number) {
    Market& market = markets_.emplace_back();
    market.id = "1." + std::to_string(options_.first_market + number);
    const auto count = 2 + below(4);
    for (std::uint64_t r = 0; r < count; ++r) {
      // Lines of a handicap share an id.
      const bool lines = number % 3 == 2;
      const auto id = 47'000 + static_cast<std::int64_t>(lines ? r / 2 : r);
      const auto handicap = lines ? static_cast<std::int64_t>(r % 2) * 100 - 50 : 0;
      market.runners.push_back({id, handicap});
      market.model.runners[market.runners.back()] = {};
    }
    market.removed.resize(count);
    market.model.event = "market:" + market.id;  // until its definition comes
  }

  // --- JSON: members in any order, in one of two manners of spacing.

  std::string object(Members members) {
    for (std::size_t i = members.size(); i > 1; --i)
      std::swap(members[i - 1], members[below(i)]);
    std::string out;
    for (const auto& [key, value] : members) {
      if (!out.empty()) out += spaced_ ? ", " : ",";
      out += in_quotes(key) + (spaced_ ? ": " : ":") + value;
    }
    return "{" + out + "}";
  }
  static std::string list(const std::vector<std::string>& items) {
    std::string out;
    for (const std::string& item : items)
      out += (out.empty() ? "" : ",") + item;
    return "[" + out + "]";
  }
  // A whole number may come with a fraction, too.
  std::string number(std::int64_t hundredths) {
    return hundredths_text(hundredths) + (hundredths % 100 == 0 && one_in(3) ? ".0" : "");
  }
  // A token that says nothing, and runs backwards at times.
  std::string clk() { return in_quotes("AAAA" + std::to_string(below(1'000)) + "A"); }

  void line(Members members) {
    if (one_in(10)) members.push_back({"ArrivalTime", std::to_string(now_ms_ + 3)});
    day_.lines.push_back(object(std::move(members)));
    spaced_ = one_in(5);
  }

  void message(std::vector<std::string> parts, Members more = {}) {
    more.push_back({"op", in_quotes("mcm")});
    more.push_back({"pt", time()});
    more.push_back({"clk", clk()});
    more.push_back({"id", std::to_string(2 + below(2))});
    more.push_back({"mc", list(parts)});
    if (one_in(3)) more.push_back({"con", "true"});
    ++day_.changes;
    line(std::move(more));
  }

  void advance() {
    if (one_in(30)) remember();
    now_ms_ += 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(options_.step_ms_max)));
  }

  void remember() {
    BetfairDay::Moment moment{now_ms_, {}};
    for (const Market& market : markets_)
      add_books(moment.books, market.id, market.model);
    day_.moments.push_back(std::move(moment));
  }

  // --- Messages.

  void subscription_image() {
    std::vector<std::string> parts;
    for (Market& market : markets_) {
      // One market's definition comes late.
      const bool with_definition = market.defined || &market != &markets_.back();
      parts.push_back(image(market, with_definition));
    }
    message(std::move(parts), {{"ct", in_quotes("SUB_IMAGE")}});
  }

  void changes() {
    std::vector<std::string> parts;
    const auto count = one_in(4) ? 2 + below(3) : 1;
    for (std::uint64_t i = 0; i < count; ++i) {
      // The same market twice is the rule rather than the exception where there are few.
      Market& market = any(markets_);
      if (one_in(60)) {
        parts.push_back(image(market, chance(70)));
      } else if (one_in(25)) {
        parts.push_back(defined_change(market));
      } else if (market.defined && one_in(100)) {
        parts.push_back(outdated_change(market));
      } else {
        parts.push_back(change(market, {}));
      }
    }
    Members more;
    if (one_in(50)) more.push_back({"ct", in_quotes("RESUB_DELTA")});
    message(std::move(parts), std::move(more));
  }

  // Replaces the whole market, runners that it does not list included.
  std::string image(Market& market, bool with_definition) {
    market.model.reset_prices();
    Members members{{"img", "true"}};
    if (with_definition) members.push_back({"marketDefinition", definition(market, an_event(market))});
    return change(market, std::move(members));
  }

  std::string defined_change(Market& market) {
    Members members{{"marketDefinition", definition(market, an_event(market))}};
    return change(market, std::move(members));
  }

  // The market as another event still has it: nothing of that counts.
  std::string outdated_change(Market& market) {
    const Market kept = market;
    std::uint64_t other = 0;
    while (event_id(other) == market.model.event)
      ++other;
    market.version -= 2 * version_step_max;
    Members members{{"marketDefinition", definition(market, other)}};
    std::string part = change(market, std::move(members));
    market = kept;
    return part;
  }

  std::string change(Market& market, Members members) {
    members.push_back({"id", in_quotes(market.id)});
    if (one_in(4)) {
      const auto volume = static_cast<std::int64_t>(below(1'000'000));
      members.push_back({"tv", number(volume)});
      market.model.amounts["total_matched"] = hundredths_text(volume);
    }
    std::vector<std::string> parts;
    const auto count = below(4);
    for (std::uint64_t i = 0; i < count; ++i)
      parts.push_back(runner_change(market, any(market.runners)));
    if (!parts.empty() || one_in(3)) members.push_back({"rc", list(parts)});
    return object(std::move(members));
  }

  // --- Definitions: in full whenever anything of them changes.

  // Its own, most of the time.
  std::uint64_t an_event(const Market& market) {
    const auto events = static_cast<std::uint64_t>(options_.events);
    return one_in(6) ? below(events) : static_cast<std::uint64_t>(&market - markets_.data()) % events;
  }

  std::string definition(Market& market, std::uint64_t event) {
    market.version += 1 + static_cast<std::int64_t>(below(version_step_max));
    market.defined = true;
    if (one_in(3)) market.has_suspend_time = !market.has_suspend_time;
    constexpr std::array<std::string_view, 5> statuses{"OPEN", "SUSPENDED", "OPEN", "INACTIVE", "CLOSED"};
    if (one_in(2)) market.status = any(statuses);
    if (one_in(3)) market.in_play = !market.in_play;

    market.model.reset_definition();
    market.model.event = event_id(event);
    Facts& facts = market.model.definition;
    Members members{{"eventId", in_quotes(event_id(event))},
                    {"eventTypeId", in_quotes("1")},
                    {"eventName", in_quotes("Event " + event_id(event))}};
    std::string status = market.status;
    std::ranges::transform(status, status.begin(), [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    const auto field = [&](std::string_view name, std::string_view ours, const std::string& json,
                           const std::string& text) {
      members.push_back({std::string(name), json});
      facts[std::string(ours)] = text;
    };
    field("status", "status", in_quotes(market.status), status);
    field("inPlay", "in_play", market.in_play ? "true" : "false", market.in_play ? "true" : "false");
    field("version", "version", std::to_string(market.version), std::to_string(market.version));
    field("betDelay", "bet_delay", market.in_play ? "5" : "0", market.in_play ? "5" : "0");
    field("marketType", "type", in_quotes("MATCH_ODDS"), "MATCH_ODDS");
    field("bettingType", "attribute bettingType", in_quotes("ODDS"), "ODDS");
    field("numberOfWinners", "attribute numberOfWinners", "1", "1");
    field("complete", "attribute complete", market.in_play ? "false" : "true",
          market.in_play ? "false" : "true");
    field("regulators", "attribute regulators", "[\"MR_INT\"]", "[\"MR_INT\"]");
    field("lineInterval", "attribute lineInterval", "0.5", "0.5");
    field("keyLine", "attribute keyLine", "{\"type\":\"CLASSIC\"}", "{\"type\":\"CLASSIC\"}");
    if (market.has_suspend_time) {
      const std::string text = "2023-11-14T22:13:" + std::to_string(10 + below(50)) + ".000Z";
      field("suspendTime", "attribute suspendTime", in_quotes(text), text);
    }
    if (one_in(4)) members.push_back({"settledTime", "null"});
    std::vector<std::string> runners;
    for (std::size_t r = 0; r < market.runners.size(); ++r)
      runners.push_back(runner_definition(market, r));
    members.push_back({"runners", list(runners)});
    return object(std::move(members));
  }

  std::string runner_definition(Market& market, std::size_t r) {
    const RunnerKey key = market.runners[r];
    // Runners leave by their status, and stay in the list.
    if (one_in(40)) market.removed[r] = true;
    Facts& facts = market.model.runners[key].definition;
    Members members{{"id", std::to_string(key.first)},
                    {"name", in_quotes("Runner " + std::to_string(key.first))}};
    add_handicap(members, key);
    members.push_back({"status", in_quotes(market.removed[r] ? "REMOVED" : "ACTIVE")});
    members.push_back({"sortPriority", std::to_string(r + 1)});
    facts = {{"name", "Runner " + std::to_string(key.first)},
             {"status", market.removed[r] ? "removed" : "active"},
             {"attribute sortPriority", std::to_string(r + 1)}};
    if (market.removed[r]) {
      members.push_back({"adjustmentFactor", "12.5"});
      facts["attribute adjustmentFactor"] = "12.5";
    }
    return object(std::move(members));
  }

  void add_handicap(Members& members, const RunnerKey& key) {
    if (key.second != 0 || one_in(4)) members.push_back({"hc", number(key.second)});
  }

  // --- Prices.

  std::int64_t a_price() { return 101 + static_cast<std::int64_t>(below(12)) * (one_in(8) ? 900 : 7); }
  // From few, so that a ladder comes to stand as it stood before, again and again.
  std::int64_t a_size() {
    constexpr std::array<std::int64_t, 5> sizes{0, 0, 2'050, 3'333, 1};
    return one_in(4) ? static_cast<std::int64_t>(below(1'000'000)) : any(sizes);
  }

  std::string runner_change(Market& market, const RunnerKey& key) {
    RunnerModel& model = market.model.runners[key];
    Members members{{"id", std::to_string(key.first)}};
    add_handicap(members, key);
    for (const auto& [theirs, ours] : price_ladders) {
      if (one_in(4)) members.push_back({std::string(theirs), price_rows(model, std::string(ours))});
    }
    for (const auto& [theirs, ours] : rank_ladders) {
      if (one_in(6)) members.push_back({std::string(theirs), rank_rows(model, std::string(ours))});
    }
    for (const auto& [theirs, ours] : {Names{"ltp", "last_price"}, Names{"tv", "total_matched"}}) {
      if (!one_in(4)) continue;
      const std::int64_t amount = theirs == "ltp" ? a_price() : a_size();
      members.push_back({std::string(theirs), number(amount)});
      model.amounts[std::string(ours)] = hundredths_text(amount);
    }
    for (const auto& [theirs, ours] : {Names{"spn", "sp_near"}, Names{"spf", "sp_far"}}) {
      if (!one_in(8)) continue;
      constexpr std::array<std::string_view, 3> words{"NaN", "Infinity", ""};
      const std::string_view word = any(words);
      const std::int64_t price = a_price();
      members.push_back({std::string(theirs), word.empty() ? number(price) : in_quotes(word)});
      model.amounts[std::string(ours)] = word.empty() ? hundredths_text(price) : std::string(word);
    }
    if (one_in(20)) members.push_back({"ltp_note", "null"});
    return object(std::move(members));
  }

  std::string price_rows(RunnerModel& model, const std::string& ladder) {
    std::vector<std::string> rows;
    const auto count = one_in(5) ? 0 : 1 + below(3);
    // Only of what was traded does an empty list say that there is nothing any more.
    if (count == 0 && ladder == "traded") model.price_ladders[ladder].clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t price = a_price();
      const std::int64_t size = a_size();
      rows.push_back("[" + number(price) + "," + number(size) + "]");
      model.set_price_level(ladder, price, size);
    }
    return list(rows);
  }

  std::string rank_rows(RunnerModel& model, const std::string& ladder) {
    std::vector<std::string> rows;
    const auto count = one_in(5) ? 0 : 1 + below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto level = static_cast<std::int64_t>(below(4));
      const std::int64_t size = a_size();
      const std::int64_t price = size == 0 ? 0 : a_price();  // [2,0,0] is padding
      rows.push_back("[" + std::to_string(level) + "," + number(price) + "," + number(size) + "]");
      model.set_rank_level(ladder, level, price, size);
    }
    return list(rows);
  }

  BetfairOptions options_;
  std::mt19937_64 random_;
  std::int64_t now_ms_;
  bool spaced_ = false;
  std::vector<Market> markets_;
  BetfairDay day_;
};

}  // namespace

BetfairDay make_betfair_day(const BetfairOptions& options) { return Generator(options).make(); }

}  // namespace touchline::integration
