#include "core/delta.h"

#include "tests/core/state_fixture.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace touchline {
namespace {

using test::is_normal;
using test::Random;
using test::RandomCells;
using test::same_cells;
using test::same_delta;
using test::table_of;

constexpr int cases = 4'000;

// Two states that may have nothing in common, or nearly everything.
std::pair<EventState, EventState> two_states(Random& random) {
  RandomCells cells(random);
  EventState a = cells.state();
  EventState b = random.one_in(4) ? cells.state() : cells.after(a);
  b.seq = Seq(a.seq.value + 1 + random.below(5));
  return {std::move(a), std::move(b)};
}

// What happened to a state on its way, change by change, as the event table records it.
Delta recorded(EventState& state, Random& random) {
  Delta delta;
  for (std::uint64_t left = random.below(20); left != 0; --left) {
    const Address at(1, 1, Field::back, 150 + static_cast<std::uint32_t>(random.below(4)));
    const std::int64_t value = random.between(0, 2);
    const bool is_text = random.one_in(4);
    const EventState::Before before = value == 0 ? state.erase(at)
                                      : is_text  ? state.set(at, std::to_string(value))
                                                 : state.set(at, value);
    const Value old{before.kind, before.integer, before.text};
    const Value now = state.get(at);
    delta.add(at, old, now);
  }
  return delta;
}

TEST(Delta, LeadsFromOneStateToTheOther) {
  Random random(1);
  for (int i = 0; i < cases; ++i) {
    const auto [a, b] = two_states(random);
    const Delta delta = diff(a, b);
    EventState reached = a;
    apply(reached, delta);
    ASSERT_TRUE(same_cells(reached, b)) << "case " << i;
    ASSERT_EQ(reached.seq, b.seq);
    ASSERT_EQ(reached.source_time_ms, b.source_time_ms);
    ASSERT_EQ(delta.merged, b.seq.value - a.seq.value);
  }
}

TEST(Delta, OfTwoStatesIsInNormalFormAndSaysWhatWasThere) {
  Random random(2);
  for (int i = 0; i < cases; ++i) {
    const auto [a, b] = two_states(random);
    const Delta delta = diff(a, b);
    ASSERT_TRUE(is_normal(delta)) << "case " << i;
    for (const Change& change : delta.changes) {
      ASSERT_EQ(delta.before(change), a.get(change.at));
      ASSERT_EQ(delta.now(change), b.get(change.at));
    }
  }
}

TEST(Delta, OfAStateAndItselfIsEmpty) {
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    const EventState state = RandomCells(random).state();
    EXPECT_TRUE(diff(state, state).empty());
  }
}

TEST(Delta, TheDigestAfterItEqualsTheOneFromScratch) {
  Random random(4);
  for (int i = 0; i < cases; ++i) {
    auto [state, b] = two_states(random);
    apply(state, diff(state, b));
    ASSERT_EQ(state.digest(), state.digest_from_scratch());
    ASSERT_EQ(state.digest(), b.digest_from_scratch());
  }
}

TEST(Delta, TwoThatFollowEachOtherMergeIntoOne) {
  Random random(5);
  for (int i = 0; i < cases; ++i) {
    RandomCells cells(random);
    const EventState start = cells.state();
    const EventState middle = cells.after(start);
    // Often straight back, so that changes cancel out.
    EventState end = random.one_in(3) ? start : cells.after(middle);
    end.seq = middle.seq.next();
    const Delta merged = merge(diff(start, middle), diff(middle, end));
    ASSERT_TRUE(is_normal(merged)) << "case " << i;
    ASSERT_EQ(merged.merged, 2U);
    EventState reached = start;
    apply(reached, merged);
    ASSERT_TRUE(same_cells(reached, end)) << "case " << i;
    ASSERT_EQ(reached.seq, end.seq);
    ASSERT_EQ(reached.source_time_ms, end.source_time_ms);
    for (const Change& change : merged.changes)
      ASSERT_EQ(merged.before(change), start.get(change.at));
  }
}

TEST(Delta, MergingDoesNotDependOnTheGrouping) {
  Random random(6);
  for (int i = 0; i < 1'000; ++i) {
    RandomCells cells(random);
    const EventState s0 = cells.state();
    const EventState s1 = cells.after(s0);
    const EventState s2 = cells.after(s1);
    const EventState s3 = cells.after(s2);
    const Delta a = diff(s0, s1);
    const Delta b = diff(s1, s2);
    const Delta c = diff(s2, s3);
    ASSERT_TRUE(same_delta(merge(merge(a, b), c), merge(a, merge(b, c)))) << "case " << i;
    ASSERT_EQ(merge(merge(a, b), c).merged, 3U);
  }
}

TEST(Delta, AMergedOneStandsForBothInClassCauseAndTime) {
  Delta critical;
  critical.kind = DeltaClass::critical;
  critical.cause = Cause::recovery;
  critical.seq = Seq(4);
  critical.source_time_ms = 100;
  critical.ingest_time_ms = 105;
  Delta price;
  price.cause = Cause::feed_health;
  price.merged = 3;
  price.seq = Seq(7);
  price.source_time_ms = 200;
  price.ingest_time_ms = 205;
  const Delta merged = merge(critical, price);
  EXPECT_EQ(merged.kind, DeltaClass::critical);
  EXPECT_EQ(merged.cause, Cause::feed_health);
  EXPECT_EQ(merged.merged, 4U);
  EXPECT_EQ(merged.seq, Seq(7));
  EXPECT_EQ(merged.source_time_ms, 200);
  EXPECT_EQ(merged.ingest_time_ms, 205);
}

TEST(Delta, NormalFormKeepsTheFirstBeforeAndTheLastNow) {
  Random random(7);
  for (int i = 0; i < cases; ++i) {
    EventState start;
    recorded(start, random);
    EventState end = start;
    Delta delta = recorded(end, random);
    delta.normalise();
    ASSERT_TRUE(is_normal(delta)) << "case " << i;
    ASSERT_EQ(test::words(delta), test::words(diff(start, end))) << "case " << i;
  }
}

TEST(Delta, NormalFormOfManyChangesIsThatOfFew) {
  EventState start;
  EventState end;
  Delta delta;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const Address at(1, 1, Field::back, 101 + i * 37 % 100);
    const auto before = end.set(at, std::int64_t{i});
    delta.add(at, {before.kind, before.integer, {}}, Value::of(std::int64_t{i}));
  }
  delta.normalise();
  EXPECT_TRUE(is_normal(delta));
  EXPECT_EQ(test::words(delta), test::words(diff(start, end)));
}

TEST(Delta, ATextAndAnIntegerOfTheSameLookAreDifferent) {
  EventState a;
  EventState b;
  a.set(Address(1, 1, Field::last_price), 2);
  b.set(Address(1, 1, Field::last_price), "2");
  const Delta delta = diff(a, b);
  ASSERT_EQ(delta.changes.size(), 1U);
  EXPECT_EQ(delta.now(delta.changes[0]), Value::of("2"));
}

TEST(Delta, HoldsItsOwnTexts) {
  Delta delta;
  {
    const std::string before(300, 'b');
    const std::string now(400, 'n');
    delta.add(Address(0, 0, Field::name), Value::of(std::string_view(before)),
              Value::of(std::string_view(now)));
    delta.add(Address(0, 0, Field::period), Value::of(std::string_view()), Value::of(3));
  }
  const Delta copy = delta;
  EXPECT_EQ(copy.before(copy.changes[0]).text, std::string(300, 'b'));
  EXPECT_EQ(copy.now(copy.changes[0]).text, std::string(400, 'n'));
  EXPECT_EQ(copy.before(copy.changes[1]).kind, ValueKind::text);
  EXPECT_EQ(copy.now(copy.changes[1]), Value::of(3));
}

TEST(Delta, IsAsNewWhenCleared) {
  Random random(8);
  EventState start = RandomCells(random).state();
  Delta delta = diff(start, RandomCells(random).after(start));
  delta.cause = Cause::recovery;
  delta.ingest_time_ms = 9;
  delta.clear();
  EXPECT_TRUE(same_delta(delta, Delta()));
  EXPECT_EQ(delta.ingest_time_ms, 0);
  EXPECT_TRUE(delta.arena.empty());
}

// --- Classes.

TEST(DeltaClass, OfTheEventItselfIsCriticalButForItsClock) {
  for (std::uint8_t number = 0; number < field_count; ++number) {
    const auto field = static_cast<Field>(number);
    EXPECT_EQ(class_of(Address(0, 0, field)),
              field == Field::clock_ms ? DeltaClass::price : DeltaClass::critical)
        << name_of(field);
  }
}

TEST(DeltaClass, OfMarketsIsCriticalForStatusInPlayAndNewNames) {
  const std::set<Field> critical{Field::status, Field::in_play, Field::id};
  for (std::uint8_t number = 0; number < field_count; ++number) {
    const auto field = static_cast<Field>(number);
    for (const std::uint32_t outcome : {0U, 1U}) {
      EXPECT_EQ(class_of(Address(1, outcome, field)) == DeltaClass::critical, critical.contains(field))
          << name_of(field);
    }
  }
}

TEST(DeltaClass, OfADeltaIsItsHighest) {
  EventState a;
  EventState b;
  EXPECT_EQ(diff(a, b).kind, DeltaClass::price);
  b.set(Address(1, 1, Field::back, 150), 1);
  EXPECT_EQ(diff(a, b).kind, DeltaClass::price);
  b.set(Address(2, 0, Field::status), 3);
  EXPECT_EQ(diff(a, b).kind, DeltaClass::critical);
  EXPECT_EQ(class_of(diff(a, b)), DeltaClass::critical);
  EXPECT_EQ(diff(b, a).kind, DeltaClass::critical);
}

}  // namespace
}  // namespace touchline
