#include "tests/integration/books.h"

#include "tests/integration/files.h"
#include "tests/integration/program.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

namespace touchline::integration {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t differences_shown = 12;

// Theirs -> ours.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> ladders{{
    {"atb", "back"},
    {"atl", "lay"},
    {"trd", "traded"},
    {"spb", "sp_back"},
    {"spl", "sp_lay"},
    {"batb", "best_back"},
    {"batl", "best_lay"},
    {"bdatb", "best_display_back"},
    {"bdatl", "best_display_lay"},
}};

bool is_ladder(std::string_view fact) {
  return std::ranges::any_of(ladders, [&](const auto& names) { return names.second == fact; });
}

std::string text_of(dom::element value) {
  if (value.is_string()) return std::string(std::string_view(value));
  if (value.is_number()) return number_text(value);
  if (!value.is_array()) return simdjson::to_string(value);
  std::string out;
  for (const dom::element row : dom::array(value)) {
    if (!row.is_array()) return simdjson::to_string(value);
    std::string cells;
    for (const dom::element cell : dom::array(row))
      cells += (cells.empty() ? "" : ",") + text_of(cell);
    out.append("[").append(cells).append("]");
  }
  return out;
}

// Every member of an object, and of its attributes, but for those that are taken apart themselves.
void add_facts(Books& books, const std::string& place, dom::object object) {
  for (const auto [key, value] : object) {
    if (key == "id" || key == "outcomes" || key == "handicap") continue;
    if (key == "attributes") {
      for (const auto [path, attribute] : dom::object(value))
        books[place + "attribute " + std::string(path)] = text_of(attribute);
    } else {
      books[place + std::string(key)] = text_of(value);
    }
  }
}

void add_expected(Books& books, dom::object book) {
  const std::string market = text_of(book["market"]);
  const auto fact = [](dom::object in, std::string_view key) {
    const dom::element value = in[key];
    return value.is_null() ? std::string() : text_of(value);
  };
  const auto lower = [](std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  const auto put = [&](const std::string& place, std::string text) {
    if (!text.empty() && text != "0") books[place] = std::move(text);
  };
  books[place_of(market, "event")] = "any";
  put(place_of(market, "status"), lower(fact(book, "status")));
  put(place_of(market, "in_play"), fact(book, "inPlay"));
  put(place_of(market, "version"), fact(book, "version"));
  put(place_of(market, "total_matched"), fact(book, "tv"));
  for (const dom::object runner : dom::array(book["runners"])) {
    const auto place = [&, id = text_of(runner["id"]), hc = double(runner["hc"])](std::string_view what) {
      return place_of(market, id, hc, what);
    };
    books[place("runner")] = "";
    put(place("status"), lower(fact(runner, "status")));
    put(place("last_price"), fact(runner, "ltp"));
    put(place("total_matched"), fact(runner, "tv"));
    put(place("sp_near"), fact(runner, "spn"));
    put(place("sp_far"), fact(runner, "spf"));
    for (const auto& [theirs, ours] : ladders)
      put(place(ours), fact(runner, theirs));
  }
}

std::string_view market_of(std::string_view place) { return place.substr(0, place.find(' ')); }
std::string_view fact_of(std::string_view place) { return place.substr(place.rfind(' ') + 1); }

}  // namespace

std::string number_text(double number) {
  std::array<char, 40> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

std::string place_of(std::string_view market, std::string_view fact) {
  return std::string(market) + " " + std::string(fact);
}

std::string place_of(std::string_view market, std::string_view runner, double handicap,
                     std::string_view fact) {
  return std::string(market) + " " + std::string(runner) + "@" + number_text(handicap) + " " +
         std::string(fact);
}

Books books_of_export(std::string_view json) {
  Books books;
  dom::parser parser;
  for (const dom::object event : dom::array(parser.parse(json.data(), json.size()))) {
    for (const dom::object market : dom::array(event["markets"])) {
      const std::string id = text_of(market["id"]);
      books[place_of(id, "event")] = text_of(event["event"]);
      add_facts(books, place_of(id, ""), market);
      for (const dom::object outcome : dom::array(market["outcomes"])) {
        const std::string runner = text_of(outcome["id"]);
        const double handicap = outcome["handicap"];
        books[place_of(id, runner, handicap, "runner")] = "";
        add_facts(books, place_of(id, runner, handicap, ""), outcome);
      }
    }
  }
  return books;
}

Books books_of_store(const std::string& store, const std::vector<std::string>& as_of) {
  std::vector<std::string> arguments{"export", store, "--all"};
  arguments.insert(arguments.end(), as_of.begin(), as_of.end());
  return books_of_export(output_of(std::move(arguments)));
}

std::map<std::int64_t, Books> expected_books(const std::string& path) {
  std::map<std::int64_t, Books> books;
  dom::parser parser;
  for (const std::string& line : lines_of(path)) {
    const dom::object book = parser.parse(line);
    add_expected(books[std::int64_t(book["at"])], book);
  }
  return books;
}

Books as_expected(const Books& books) {
  static const std::set<std::string_view> compared{"status",     "in_play", "version", "total_matched",
                                                   "last_price", "sp_near", "sp_far",  "runner"};
  static const std::set<std::string_view> absent_when_0{"total_matched", "last_price", "sp_near", "sp_far"};
  Books kept;
  for (const auto& [place, text] : books) {
    const std::string_view fact = fact_of(place);
    if (place.find(" attribute ") != std::string::npos) continue;
    if (fact == "event") kept[place] = "any";
    if (!compared.contains(fact) && !is_ladder(fact)) continue;
    if (text == "0" && absent_when_0.contains(fact)) continue;
    kept[place] = text;
  }
  return kept;
}

Books of_the_markets_of(const Books& books, const Books& those) {
  std::set<std::string_view> markets;
  for (const auto& [place, text] : those)
    markets.insert(market_of(place));
  Books kept;
  for (const auto& [place, text] : books) {
    if (markets.contains(market_of(place))) kept[place] = text;
  }
  return kept;
}

std::string books_difference(const Books& ours, const Books& theirs) {
  std::string out;
  std::size_t count = 0;
  const auto tell = [&](const std::string& place, const std::string& a, const std::string& b) {
    if (++count <= differences_shown)
      out.append(place).append(": ").append(a).append(" is not ").append(b).append("\n");
  };
  for (const auto& [place, text] : ours) {
    const auto found = theirs.find(place);
    if (found == theirs.end()) {
      tell(place, text, "there");
    } else if (found->second != text) {
      tell(place, text, found->second);
    }
  }
  for (const auto& [place, text] : theirs) {
    if (!ours.contains(place)) tell(place, "nothing", text);
  }
  if (count > differences_shown) out += std::to_string(count - differences_shown) + " more differ\n";
  return out;
}

}  // namespace touchline::integration
