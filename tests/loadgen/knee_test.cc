#include "loadgen/knee.h"

#include <gtest/gtest.h>

#include <vector>

namespace corelane::loadgen {
namespace {

TEST(Knee, IsWhereThroughputOverLatencyIsGreatest) {
  // An M/M/1 queue that serves 1000 a second: every percentile goes with 1 / (1000 - rate), so that
  // the power rate * (1000 - rate) is greatest at half of it.
  std::vector<CurvePoint> points;
  for (double rate = 100; rate <= 900; rate += 100)
    points.push_back({rate, 1e6 / (1000 - rate), true});
  const auto knee = FindKnee(points);
  ASSERT_TRUE(knee);
  EXPECT_EQ(points[knee->index].per_s, 500);
  EXPECT_NE(knee->because.find("greatest at 500/s"), std::string::npos) << knee->because;
}

TEST(Knee, BeyondTheHighestRateIsSaidSo) {
  const std::vector<CurvePoint> points = {{100, 50, true}, {200, 51, true}, {400, 52, true}};
  const auto knee = FindKnee(points);
  ASSERT_TRUE(knee);
  EXPECT_EQ(knee->index, 2U);
  EXPECT_NE(knee->because.find("beyond"), std::string::npos) << knee->because;
}

TEST(Knee, RunsThatAreNotValidAreNoPoints) {
  std::vector<CurvePoint> points = {
      {100, 50, true}, {200, 51, true}, {400, 52, true}, {10'000, 53, false}};
  const auto knee = FindKnee(points);
  ASSERT_TRUE(knee);
  EXPECT_EQ(knee->index, 2U);
  // The next rate was tried and was too much: this one is the knee.
  EXPECT_EQ(knee->because.find("beyond"), std::string::npos) << knee->because;
  // ... unless it was the generator that could not go on: then nobody knows.
  points[3].generator_limited = true;
  EXPECT_NE(FindKnee(points)->because.find("the generator"), std::string::npos);
  points[0].valid = false;
  EXPECT_FALSE(FindKnee(points));
  EXPECT_FALSE(FindKnee({}));
}

}  // namespace
}  // namespace corelane::loadgen
