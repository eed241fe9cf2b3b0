#include "core/life.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

namespace touchline {
namespace {

constexpr std::uint8_t event_status_count = 10;
constexpr std::uint8_t market_status_count = 7;

template <class Status>
std::set<std::pair<Status, Status>> expected_steps(std::uint8_t count) {
  std::set<std::pair<Status, Status>> steps;
  for (std::uint8_t from = 0; from < count; ++from) {
    for (std::uint8_t to = 0; to < count; ++to) {
      const auto a = static_cast<Status>(from);
      const auto b = static_cast<Status>(to);
      if (from != to && expected_step(a, b)) steps.insert({a, b});
    }
  }
  return steps;
}

TEST(EventLife, GoesForwardOnly) {
  using S = EventStatus;
  std::set<std::pair<S, S>> steps{
      {S::live, S::interrupted},      {S::live, S::finished},         {S::live, S::abandoned},
      {S::live, S::cancelled},        {S::interrupted, S::live},      {S::interrupted, S::finished},
      {S::interrupted, S::abandoned}, {S::interrupted, S::cancelled}, {S::interrupted, S::postponed},
      {S::finished, S::settled},      {S::finished, S::cancelled},    {S::abandoned, S::settled},
      {S::abandoned, S::cancelled}};
  // A feed may come up at any point of an event's life.
  for (std::uint8_t to = 0; to < event_status_count; ++to) {
    const auto status = static_cast<S>(to);
    if (status != S::unset) steps.insert({S::unset, status});
    if (status != S::scheduled) steps.insert({S::scheduled, status});
    for (const S waiting : {S::delayed, S::postponed}) {
      if (status != waiting && status != S::settled && status != S::finished) steps.insert({waiting, status});
    }
  }
  EXPECT_EQ(expected_steps<S>(event_status_count), steps);
}

TEST(MarketLife, OpensAndSuspendsFreelyAndEndsOnce) {
  using S = MarketStatus;
  std::set<std::pair<S, S>> steps{{S::closed, S::settled}, {S::closed, S::cancelled}};
  for (std::uint8_t to = 1; to < market_status_count; ++to) {
    for (const S from : {S::unset, S::inactive, S::open, S::suspended}) {
      if (static_cast<S>(to) != from) steps.insert({from, static_cast<S>(to)});
    }
  }
  EXPECT_EQ(expected_steps<S>(market_status_count), steps);
}

TEST(Life, StayingAsItIsIsNoStep) {
  for (std::uint8_t status = 0; status < event_status_count; ++status) {
    EXPECT_TRUE(expected_step(static_cast<EventStatus>(status), static_cast<EventStatus>(status)));
  }
  for (std::uint8_t status = 0; status < market_status_count; ++status) {
    EXPECT_TRUE(expected_step(static_cast<MarketStatus>(status), static_cast<MarketStatus>(status)));
  }
}

TEST(Life, AnUnknownStatusIsAnUnexpectedStep) {
  EXPECT_FALSE(expected_step(static_cast<EventStatus>(99), EventStatus::live));
  EXPECT_FALSE(expected_step(static_cast<MarketStatus>(99), MarketStatus::open));
}

TEST(Life, IsOverWhenNothingMoreIsPlayedOrPriced) {
  std::vector<EventStatus> events;
  for (std::uint8_t status = 0; status < event_status_count; ++status) {
    if (is_over(static_cast<EventStatus>(status))) events.push_back(static_cast<EventStatus>(status));
  }
  EXPECT_EQ(events, (std::vector{EventStatus::settled, EventStatus::cancelled, EventStatus::abandoned}));
  std::vector<MarketStatus> markets;
  for (std::uint8_t status = 0; status < market_status_count; ++status) {
    if (is_over(static_cast<MarketStatus>(status))) markets.push_back(static_cast<MarketStatus>(status));
  }
  EXPECT_EQ(markets, (std::vector{MarketStatus::closed, MarketStatus::settled, MarketStatus::cancelled}));
}

}  // namespace
}  // namespace touchline
