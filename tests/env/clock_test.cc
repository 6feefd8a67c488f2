#include "env/clock.h"

#include <gtest/gtest.h>

namespace corelane::env {
namespace {

TEST(ManualClockTest, StandsStillUntilTold) {
  ManualClock clock(5'000);
  EXPECT_EQ(clock.WallMillis(), 5'000);
  EXPECT_EQ(clock.MonotonicNanos(), 1'000'000'000);
  clock.AdvanceMillis(3);
  EXPECT_EQ(clock.WallMillis(), 5'003);
  EXPECT_EQ(clock.MonotonicNanos(), 1'003'000'000);
}

TEST(SystemClockTest, MonotonicNeverGoesBack) {
  const SystemClock clock;
  int64_t before = clock.MonotonicNanos();
  EXPECT_GT(before, 0);
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = clock.MonotonicNanos();
    ASSERT_GE(now, before);
    before = now;
  }
}

// Milliseconds since 1970: after 2020 and before 2200. A mistaken unit is off by a thousand.
TEST(SystemClockTest, WallIsUnixMilliseconds) {
  const int64_t now = SystemClock().WallMillis();
  EXPECT_GT(now, int64_t{1'577'836'800} * 1000);
  EXPECT_LT(now, int64_t{7'258'118'400} * 1000);
}

}  // namespace
}  // namespace corelane::env
