#include "loadgen/order_statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

// P(low <= B < high) by the textbook, from factorials.
double CoverageOf(const RankInterval& ranks, uint64_t samples, double p) {
  const auto n = static_cast<double>(samples);
  double sum = 0;
  for (auto k = static_cast<double>(ranks.low); k < static_cast<double>(ranks.high); ++k) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                    k * std::log(p) + (n - k) * std::log1p(-p));
  }
  return sum;
}

// The ranks of the median in Le Boudec's table A.1.
TEST(OrderStatisticsTest, RanksOfTheMedianAreThoseOfTheTable) {
  EXPECT_FALSE(RanksAround(5, 50).has_value());
  const auto of = [](uint64_t samples) { return RanksAround(samples, 50).value(); };
  EXPECT_EQ(of(6).low, 1u);
  EXPECT_EQ(of(6).high, 6u);
  EXPECT_EQ(of(10).low, 2u);
  EXPECT_EQ(of(10).high, 9u);
  EXPECT_EQ(of(20).low, 6u);
  EXPECT_EQ(of(20).high, 15u);
  EXPECT_EQ(of(70).low, 27u);
  EXPECT_EQ(of(70).high, 44u);
}

TEST(OrderStatisticsTest, RanksCoverAndNoNarrowerOnesDo) {
  for (const double percent : {5.0, 50.0, 90.0, 99.0, 99.9}) {
    for (const uint64_t samples : {400u, 5'000u, 40'000u}) {
      SCOPED_TRACE(testing::Message() << "p" << percent << " of " << samples);
      const auto ranks = ExactRanks(samples, percent, 0.95);
      ASSERT_EQ(ranks.has_value(), samples >= SamplesNeeded(percent));
      if (!ranks) continue;
      EXPECT_GE(CoverageOf(*ranks, samples, percent / 100), 0.95);
      // One rank less on a side puts more than its half of 5 % outside of it.
      EXPECT_GT(CoverageOf({0, ranks->low + 1}, samples, percent / 100), 0.025);
      EXPECT_GT(CoverageOf({ranks->high - 1, samples + 1}, samples, percent / 100), 0.025);
    }
  }
}

TEST(OrderStatisticsTest, SamplesNeeded) {
  EXPECT_EQ(SamplesNeeded(50), 6u);
  EXPECT_EQ(SamplesNeeded(99), 368u);
  EXPECT_EQ(SamplesNeeded(99.9), 3'688u);
  EXPECT_EQ(SamplesNeeded(1), 368u);
  EXPECT_EQ(SamplesNeeded(99.999), 368'887u);
  EXPECT_EQ(SamplesNeeded(99, 0.99), 528u);
  EXPECT_EQ(SamplesNeeded(100), UINT64_MAX);
  EXPECT_EQ(SamplesNeeded(0), UINT64_MAX);
  EXPECT_FALSE(Carries(UINT64_MAX, 100));
  EXPECT_TRUE(Carries(368, 99));
  EXPECT_FALSE(Carries(367, 99));
}

TEST(OrderStatisticsTest, IntervalBeginsWhereTheSamplesCarryIt) {
  for (const double percent : {0.1, 10.0, 25.0, 50.0, 75.0, 95.0, 99.0, 99.9, 99.99}) {
    const uint64_t needed = SamplesNeeded(percent);
    SCOPED_TRACE(testing::Message() << "p" << percent << " needs " << needed);
    EXPECT_FALSE(RanksAround(needed - 1, percent).has_value());
    const auto ranks = RanksAround(needed, percent);
    ASSERT_TRUE(ranks.has_value());
    EXPECT_TRUE(ranks->low == 1 || ranks->high == needed);
    EXPECT_GE(CoverageOf(*ranks, needed, percent / 100), 0.95);
  }
}

// Where the switch is, it makes no difference to either side of it.
TEST(OrderStatisticsTest, NormalAgreesWithExactAtTheSwitch) {
  for (const double percent : {1.0, 50.0, 95.0, 99.0, 99.9}) {
    for (const double confidence : {0.9, 0.95, 0.999}) {
      SCOPED_TRACE(testing::Message() << "p" << percent << " at " << confidence);
      const double p = percent / 100;
      const auto samples = static_cast<uint64_t>(kExactVarianceMax / (p * (1 - p)));
      const auto exact = ExactRanks(samples, percent, confidence);
      const auto normal = NormalRanks(samples, percent, confidence);
      EXPECT_NEAR(static_cast<double>(exact->low), static_cast<double>(normal->low), 1);
      EXPECT_NEAR(static_cast<double>(exact->high), static_cast<double>(normal->high), 1);
    }
  }
}

TEST(OrderStatisticsTest, BillionsOfSamples) {
  const auto ranks = RanksAround(10'000'000'000, 99);
  ASSERT_TRUE(ranks.has_value());
  // 1.96 * sqrt(1e10 * 0.99 * 0.01) = 19,501.4 to either side of 9.9e9.
  EXPECT_NEAR(static_cast<double>(ranks->low), 9.9e9 - 19'501, 2);
  EXPECT_NEAR(static_cast<double>(ranks->high), 9.9e9 + 19'501, 2);
  // Ten values above the quantile are few, whatever the number of samples.
  EXPECT_EQ(RanksAround(1'000'000, 99.999)->low, ExactRanks(1'000'000, 99.999, 0.95)->low);
}

TEST(OrderStatisticsTest, ValuesAtTheRanks) {
  Histogram histogram;
  for (int64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  const auto ranks = RanksAround(1000, 90);
  const auto interval = IntervalAtPercentile(histogram, 90);
  ASSERT_TRUE(interval.has_value());
  EXPECT_EQ(interval->percent, 90);
  EXPECT_EQ(interval->value_ns, 900);
  EXPECT_EQ(interval->low_ns, static_cast<int64_t>(ranks->low));
  EXPECT_EQ(interval->high_ns, static_cast<int64_t>(ranks->high));
  EXPECT_FALSE(IntervalAtPercentile(histogram, 99.9).has_value());
  EXPECT_FALSE(IntervalAtPercentile(histogram, 100).has_value());
  EXPECT_FALSE(IntervalAtPercentile(Histogram(), 50).has_value());
}

// What it promises, tried out: of many rows of samples, 95 % have the true percentile within.
TEST(OrderStatisticsTest, IntervalsHoldTheTruePercentile) {
  constexpr int kRows = 2000;
  constexpr int64_t kRange = 1'000'000;
  base::Random random(11);
  int held_p50 = 0;
  int held_p99 = 0;
  const auto p50 = RanksAround(500, 50);
  const auto p99 = RanksAround(500, 99);
  for (int row = 0; row < kRows; ++row) {
    std::vector<int64_t> samples;
    for (int i = 0; i < 500; ++i) samples.push_back(random.Between(1, kRange));
    std::sort(samples.begin(), samples.end());
    held_p50 += samples[p50->low - 1] <= kRange / 2 && samples[p50->high - 1] >= kRange / 2;
    held_p99 +=
        samples[p99->low - 1] <= kRange / 100 * 99 && samples[p99->high - 1] >= kRange / 100 * 99;
  }
  // Ranks are whole numbers, so the coverage is somewhat above; 1.5 % is three standard errors.
  EXPECT_GE(held_p50, kRows * 0.935);
  EXPECT_LE(held_p50, kRows * 0.98);
  EXPECT_GE(held_p99, kRows * 0.935);
  EXPECT_LE(held_p99, kRows * 0.99);
}

}  // namespace
}  // namespace corelane::loadgen
