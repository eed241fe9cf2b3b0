#include "feed/simulate/fixtures.h"

#include "core/check.h"
#include "feed/simulate/random.h"
#include "feed/simulate/tempo.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace touchline::simulate {
namespace {

constexpr std::array<std::string_view, 36> place_beginnings = {
    "Aldern", "Bracken", "Carrow", "Dunn",   "Elder",  "Fenn",  "Garrow", "Hallow", "Ivel",
    "Kest",   "Lark",    "Marren", "Neth",   "Oster",  "Pell",  "Quarr",  "Raven",  "Sall",
    "Thorn",  "Ulver",   "Vell",   "Wynd",   "Yarrow", "Zell",  "Birn",   "Corv",   "Dray",
    "Eskel",  "Farrin",  "Grim",   "Hollin", "Invar",  "Jarro", "Lind",   "Mossi",  "Tarn"};
constexpr std::array<std::string_view, 24> place_endings = {
    "mere", "wick",  "combe", "haven",  "stead", "holt",   "moor",   "beck",
    "dale", "cross", "gate",  "fell",   "mouth", "bourne", "thorpe", "hythe",
    "ness", "shaw",  "well",  "brough", "leigh", "wold",   "mark",   "quay"};
constexpr std::array<std::string_view, 12> club_words = {"Town",     "Athletic",  "United", "Rovers",
                                                         "City",     "Wanderers", "Albion", "Rangers",
                                                         "Harriers", "Borough",   "Swifts", "Victoria"};
// Every eighth club, until they run out.
constexpr std::array<std::string_view, 12> special_clubs = {
    "Harbour Town",        "Ørnholm IF", "Sporting São Aldo", "Moor Athletic",
    "Olympique Brumecôte", "Port Élan",  "Atlético Serrán",   "Ångmark BK",
    "Lantern Bay",         "Väinöjoki",  "St. Orrin's",       "Real Montaraz"};
constexpr std::array<std::string_view, 6> competitions = {"Northmark Premier League", "Three Rivers League",
                                                          "Coastal Championship",     "Lantern Cup",
                                                          "Highmoor Division One",    "Isles Trophy"};
constexpr std::array<std::string_view, 9> venue_beginnings = {
    "Quarry", "Station", "Mill", "Chapel", "Orchard", "Foundry", "Ferry", "Abbey", "Beacon"};
constexpr std::array<std::string_view, 5> venue_endings = {" Lane", " Park", " Road", " Ground", " Meadow"};
// Most of a day's matches are in play together; the rest come before and after.
constexpr std::array<std::int64_t, 8> kick_off_minutes = {0, 15, 60, 0, 60, 15, 90, 60};

constexpr std::size_t place_count = place_beginnings.size() * place_endings.size();
static_assert(place_count * club_words.size() >= std::size_t{2} * fixtures_max);

template <std::size_t size>
std::string_view pick(const std::array<std::string_view, size>& from, Random& random) {
  return from[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(size) - 1))];
}

// Gives out club names, each once.
class Clubs {
 public:
  explicit Clubs(Random& random)
      : first_place_(draw(random, place_count)), first_special_(draw(random, special_clubs.size())) {}

  std::string next() {
    const std::size_t number = given_++;
    if (number % 8 == 2 && number / 8 < special_clubs.size()) {
      return std::string(special_clubs[(first_special_ + 5 * (number / 8)) % special_clubs.size()]);
    }
    // A stride without a divisor in common with their number visits every place once a round; a place that comes
    // round again has another word behind its name.
    const std::size_t place = (first_place_ + stride * (number % place_count)) % place_count;
    const std::size_t word = place * 7 / 5 + number / place_count;
    std::string name(place_beginnings[place / place_endings.size()]);
    name.append(place_endings[place % place_endings.size()])
        .append(" ")
        .append(club_words[word % club_words.size()]);
    return name;
  }

 private:
  static constexpr std::size_t stride = 331;
  static_assert(stride % 2 != 0 && stride % 3 != 0 && place_count == 864);

  static std::size_t draw(Random& random, std::size_t below) {
    return static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(below) - 1));
  }

  std::size_t first_place_;
  std::size_t first_special_;
  std::size_t given_ = 0;
};

// One match each, none of them the same.
void draw_fates(std::vector<Fixture>& fixtures, Random& random) {
  if (fixtures.size() < 4) return;
  std::vector<std::size_t> order(fixtures.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto other =
        random.between(static_cast<std::int64_t>(i), static_cast<std::int64_t>(order.size()) - 1);
    std::swap(order[i], order[static_cast<std::size_t>(other)]);
  }
  fixtures[order[0]].fate = Fate::postponed;
  fixtures[order[1]].fate = Fate::abandoned;
  fixtures[order[2]].review = VideoReview::takes_a_goal_back;
}

}  // namespace

std::vector<Fixture> draw_fixtures(int count, std::int64_t first_kick_off_ms, std::uint64_t seed) {
  TL_CHECK(count >= 1 && count <= fixtures_max);
  constexpr std::uint64_t stream = 0;
  Random random(seed, stream);
  Clubs clubs(random);
  std::vector<Fixture> fixtures(static_cast<std::size_t>(count));
  const std::int64_t first_competition =
      random.between(0, static_cast<std::int64_t>(competitions.size()) - 1);
  for (std::size_t i = 0; i < fixtures.size(); ++i) {
    Fixture& fixture = fixtures[i];
    fixture.event_id = "m-" + std::to_string(1001 + i);
    fixture.competition =
        competitions[(static_cast<std::size_t>(first_competition) + i / 4) % competitions.size()];
    fixture.home = clubs.next();
    fixture.away = clubs.next();
    fixture.venue = pick(venue_beginnings, random);
    fixture.venue.append(pick(venue_endings, random));
    fixture.kick_off_ms = first_kick_off_ms + kick_off_minutes[i % kick_off_minutes.size()] * minute_ms;
    fixture.expected = {random.between(900'000, 2'200'000), random.between(600'000, 1'800'000)};
  }
  draw_fates(fixtures, random);
  return fixtures;
}

}  // namespace touchline::simulate
