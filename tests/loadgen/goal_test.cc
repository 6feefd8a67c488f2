#include "loadgen/goal.h"

#include <gtest/gtest.h>

namespace corelane::loadgen {
namespace {

TEST(Goal, IsReadAsItIsWritten) {
  const auto goals = ParseGoals("p99<1ms,p99.9<5s,p50<250us");
  ASSERT_TRUE(goals.ok()) << goals.status().ToString();
  ASSERT_EQ(goals->size(), 3U);
  EXPECT_EQ((*goals)[0].percent, 99);
  EXPECT_EQ((*goals)[0].below_ns, 1'000'000);
  EXPECT_EQ((*goals)[1].percent, 99.9);
  EXPECT_EQ((*goals)[2].below_ns, 250'000);
}

TEST(Goal, WhatIsNoneIsRefused) {
  for (const char* text : {"", "p99", "99<1ms", "p<1ms", "p99<", "p99<1", "p0<1ms", "p100<1ms",
                           "p101<1ms", "p99<1ms,", "p99>1ms", "p-1<1ms", "p9x<1ms"}) {
    const auto goals = ParseGoals(text);
    EXPECT_EQ(goals.status().code(), StatusCode::kBadArgument) << text;
  }
}

TEST(Goal, HoldsWhereThePercentileIsBelow) {
  base::Histogram latency_ns;
  latency_ns.RecordMany(100'000, 9'950);
  latency_ns.RecordMany(2'000'000, 50);
  const auto holds = [&](const char* text) { return CheckGoals(*ParseGoals(text), latency_ns, 0); };
  EXPECT_TRUE(holds("p50<1ms").holds);
  EXPECT_TRUE(holds("p99<1ms").holds);
  EXPECT_EQ(holds("p99<1ms").because, "p99 is 0.1 ms (up to 0.1 ms), below 1 ms");
  EXPECT_FALSE(holds("p99.9<2ms").holds);
  EXPECT_FALSE(holds("p50<1ms,p99.9<1ms").holds);
  EXPECT_NE(holds("p50<1ms,p99.9<1ms").because.find("p99.9 is 2 ms (up to 2 ms), not below 1 ms"),
            std::string::npos);
}

TEST(Goal, DoesNotHoldByLuck) {
  base::Histogram latency_ns;
  latency_ns.RecordMany(100'000, 9'900);
  latency_ns.RecordMany(2'000'000, 100);
  // The percentile is still the fast one, its upper limit is not.
  EXPECT_LT(latency_ns.ValueAtPercentile(99), 200'000);
  EXPECT_FALSE(CheckGoals(*ParseGoals("p99<1ms"), latency_ns, 0).holds);
}

TEST(Goal, WhatFailedIsSlowerThanAnyAnswer) {
  base::Histogram latency_ns;
  latency_ns.RecordMany(100'000, 10'000);
  EXPECT_TRUE(CheckGoals(*ParseGoals("p99<1ms"), latency_ns, 10).holds);
  EXPECT_FALSE(CheckGoals(*ParseGoals("p99<1ms"), latency_ns, 100).holds);
  EXPECT_FALSE(CheckGoals(*ParseGoals("p99<1ms"), latency_ns, 200).holds);
  EXPECT_FALSE(CheckGoals(*ParseGoals("p99<1ms"), base::Histogram(), 1).holds);
}

TEST(Goal, APercentileThatIsNotCarriedDoesNotHold) {
  base::Histogram latency_ns;
  latency_ns.RecordMany(1000, 100);
  const GoalState state = CheckGoals(*ParseGoals("p99.9<1s"), latency_ns, 0);
  EXPECT_FALSE(state.holds);
  EXPECT_NE(state.because.find("takes 3688 answers and there are 100"), std::string::npos)
      << state.because;
}

}  // namespace
}  // namespace corelane::loadgen
