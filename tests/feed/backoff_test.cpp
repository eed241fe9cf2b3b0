#include "feed/backoff.h"

#include <gtest/gtest.h>

#include <chrono>

namespace touchline {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToTheLongestWaitAndBeginsAnewWhenItWorked) {
  Backoff backoff(7);
  for (const int base : {500, 1000, 2000, 4000, 4000, 4000, 4000, 4000}) {
    const auto wait = backoff.next();
    EXPECT_GE(wait, milliseconds(base));
    EXPECT_LT(wait, milliseconds(2 * base));
  }
  backoff.worked();
  EXPECT_LT(backoff.next(), milliseconds(1000));
}

TEST(Backoff, WaitsAtLeastAsLongAsThePeerAsked) {
  Backoff backoff(7);
  EXPECT_EQ(backoff.next(milliseconds(60'000)), milliseconds(60'000));
  EXPECT_EQ(backoff.next(milliseconds(4'000'000'000)), milliseconds(600'000));
}

TEST(Backoff, DoesNotWaitAtOneMomentWithOthers) { EXPECT_NE(Backoff(1).next(), Backoff(2).next()); }

}  // namespace
}  // namespace touchline
