#include "loadgen/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "goodness_of_fit.h"
#include "loadgen/seeds.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = kSecond * 3600 * 24;

using Profile = std::vector<RateSegment>;

std::vector<int64_t> AllTimes(const Profile& profile, Spacing spacing, uint64_t seed,
                              ArrivalsShare share = {}) {
  Arrivals arrivals(profile, spacing, seed, share);
  std::vector<int64_t> times;
  for (int64_t at = arrivals.Next(); at != Arrivals::kNever; at = arrivals.Next()) {
    times.push_back(at);
  }
  EXPECT_EQ(arrivals.Next(), Arrivals::kNever);
  return times;
}

// What a schedule must have whatever its shape.
void ExpectOrderedAndInside(const std::vector<int64_t>& times, const Profile& profile) {
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  if (times.empty()) return;
  EXPECT_GE(times.front(), 0);
  EXPECT_LT(times.back(), DurationNanos(profile));
}

TEST(ArrivalsTest, ConstantRateIsExact) {
  const std::vector<int64_t> times =
      AllTimes({{1'000'000, 1'000'000, kSecond / 10}}, Spacing::kConstant, 1);
  ASSERT_EQ(times.size(), 100'000u);
  for (size_t k = 0; k < times.size(); ++k) ASSERT_EQ(times[k], static_cast<int64_t>(k) * 1000);
}

TEST(ArrivalsTest, RatesThatDoNotDivideASecondAreRoundedNotSummedUp) {
  const std::vector<int64_t> times = AllTimes({{7, 7, 1000 * kSecond}}, Spacing::kConstant, 1);
  ASSERT_EQ(times.size(), 7000u);
  for (size_t k = 0; k < times.size(); ++k) {
    const auto exact = static_cast<int64_t>((2 * k * uint64_t{kSecond} + 7) / 14);
    ASSERT_EQ(times[k], exact) << k;
  }
}

// The last times of a day, reached in big steps.
TEST(ArrivalsTest, ADayAtAMillionASecondDoesNotDrift) {
  constexpr uint32_t kThreads = 1'000'000'007;
  Arrivals arrivals({{1e6, 1e6, kDay}}, Spacing::kConstant, 1, {kThreads, 1});
  int64_t number = 1;
  for (int64_t at = arrivals.Next(); at != Arrivals::kNever; at = arrivals.Next()) {
    ASSERT_EQ(at, number * 1000);
    number += kThreads;
  }
  EXPECT_GE(number * 1000, kDay);
  EXPECT_LT((number - kThreads) * 1000, kDay);
}

TEST(ArrivalsTest, StepsFollowOneAnother) {
  const Profile profile = {{1000, 1000, kSecond}, {4000, 4000, kSecond}, {10, 10, kSecond}};
  const std::vector<int64_t> times = AllTimes(profile, Spacing::kConstant, 1);
  ASSERT_EQ(times.size(), 5010u);
  for (size_t k = 0; k < times.size(); ++k) {
    const auto n = static_cast<int64_t>(k);
    const int64_t exact = n < 1000   ? n * 1'000'000
                          : n < 5000 ? kSecond + (n - 1000) * 250'000
                                     : 2 * kSecond + (n - 5000) * 100'000'000;
    ASSERT_EQ(times[k], exact) << k;
  }
}

// What is left of an arrival at the end of a segment goes on in the next.
TEST(ArrivalsTest, FractionsCarryOverToTheNextSegment) {
  Profile profile;
  for (int i = 0; i < 1000; ++i) profile.push_back({0.75, 0.75, kSecond});
  const std::vector<int64_t> times = AllTimes(profile, Spacing::kConstant, 1);
  ASSERT_EQ(times.size(), 750u);
  for (size_t k = 0; k < times.size(); ++k) {
    ASSERT_NEAR(static_cast<double>(times[k]), static_cast<double>(k) * 1e9 / 0.75, 1.0) << k;
  }
}

TEST(ArrivalsTest, RampsFollowTheSquareRoot) {
  const Profile up = {{0, 1000, 10 * kSecond}};
  const Profile down = {{1000, 0, 10 * kSecond}};
  const std::vector<int64_t> rising = AllTimes(up, Spacing::kConstant, 1);
  const std::vector<int64_t> falling = AllTimes(down, Spacing::kConstant, 1);
  ASSERT_EQ(rising.size(), 5000u);
  ASSERT_EQ(falling.size(), 5000u);
  // Until t, 50 t^2 operations start.
  for (size_t k = 0; k < rising.size(); ++k) {
    const long double exact_ns = std::sqrt(static_cast<long double>(k) / 50) * 1e9L;
    ASSERT_LE(std::abs(static_cast<long double>(rising[k]) - exact_ns), 0.51L) << k;
    if (k == 0) continue;
    ASSERT_LE(std::abs(static_cast<long double>(falling[5000 - k]) - (1e10L - exact_ns)), 0.51L)
        << k;
  }
}

// A ramp of which a schoolbook's root would lose most digits: a rate that hardly changes.
TEST(ArrivalsTest, AFlatRampIsAlmostAConstantRate) {
  const std::vector<int64_t> times =
      AllTimes({{100'000, 100'000.000001, kSecond}}, Spacing::kConstant, 1);
  ASSERT_GE(times.size(), 100'000u);
  for (size_t k = 0; k < 100'000; ++k) ASSERT_EQ(times[k], static_cast<int64_t>(k) * 10'000);
}

TEST(ArrivalsTest, NothingStartsWhileTheRateIsZero) {
  const Profile profile = {
      {0, 0, kSecond}, {10, 10, kSecond}, {0, 0, 5 * kSecond}, {1, 1, kSecond}, {0, 0, kSecond}};
  const std::vector<int64_t> times = AllTimes(profile, Spacing::kConstant, 1);
  ASSERT_EQ(times.size(), 11u);
  for (size_t k = 0; k < 10; ++k) {
    EXPECT_EQ(times[k], kSecond + static_cast<int64_t>(k) * kSecond / 10);
  }
  EXPECT_EQ(times[10], 7 * kSecond);
  EXPECT_TRUE(AllTimes({{0, 0, kSecond}}, Spacing::kPoisson, 1).empty());
  EXPECT_TRUE(AllTimes({}, Spacing::kConstant, 1).empty());
}

TEST(ArrivalsTest, ThreadsTogetherStartTheOneSchedule) {
  const Profile profile = {{0, 30'000, kSecond}, {0, 0, kSecond}, {30'000, 5'000, kSecond}};
  for (const Spacing spacing : {Spacing::kConstant, Spacing::kPoisson}) {
    const std::vector<int64_t> whole = AllTimes(profile, spacing, 7);
    ExpectOrderedAndInside(whole, profile);
    for (const uint32_t threads : {2u, 3u, 8u}) {
      std::vector<std::vector<int64_t>> parts;
      for (uint32_t index = 0; index < threads; ++index) {
        parts.push_back(AllTimes(profile, spacing, 7, {threads, index}));
      }
      size_t total = 0;
      for (size_t k = 0; k < whole.size(); ++k) {
        ASSERT_LT(k / threads, parts[k % threads].size());
        ASSERT_EQ(parts[k % threads][k / threads], whole[k]) << threads << " threads, " << k;
      }
      for (const auto& part : parts) total += part.size();
      EXPECT_EQ(total, whole.size());
    }
  }
}

TEST(ArrivalsTest, SeedsMakeSchedules) {
  const Profile profile = {{1000, 1000, kSecond}};
  EXPECT_EQ(AllTimes(profile, Spacing::kPoisson, 3), AllTimes(profile, Spacing::kPoisson, 3));
  EXPECT_NE(AllTimes(profile, Spacing::kPoisson, 3), AllTimes(profile, Spacing::kPoisson, 4));
}

// The positions, summed up again in more digits.
TEST(ArrivalsTest, PoissonTimesAreTheSumsOfTheirGaps) {
  Arrivals arrivals({{1e6, 1e6, 60 * kSecond}}, Spacing::kPoisson, 11, {});
  base::Random random(StreamSeed(11, kArrivalsStream));
  long double sum = 0;
  for (int i = 0; i < 200'000; ++i) {
    sum -= std::log1p(-random.Fraction());
    ASSERT_LE(std::abs(static_cast<long double>(arrivals.Next()) - sum * 1000), 0.51L) << i;
  }
}

std::vector<double> Gaps(const std::vector<int64_t>& times) {
  std::vector<double> gaps;
  int64_t last = 0;
  for (const int64_t at : times) {
    // Times are whole nanoseconds; the logarithm of a gap of none has no value.
    gaps.push_back(std::max(0.5, static_cast<double>(at - std::exchange(last, at))));
  }
  return gaps;
}

TEST(ArrivalsTest, PoissonGapsAreExponential) {
  for (const double rate : {1e3, 1e5}) {
    for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
      SCOPED_TRACE(testing::Message() << "rate " << rate << ", seed " << seed);
      const auto duration_ns = static_cast<int64_t>(10'000 / rate * 1e9);
      const std::vector<int64_t> times =
          AllTimes({{rate, rate, duration_ns}}, Spacing::kPoisson, seed);
      EXPECT_NEAR(static_cast<double>(times.size()), 10'000, 400);
      EXPECT_LT(AndersonDarlingExponential(Gaps(times), 1e9 / rate), kAndersonDarling1Percent);
    }
  }
}

// The test above can tell: gaps that are even, or five percent too long, do not pass.
TEST(ArrivalsTest, OtherGapsAreNotTakenForExponential) {
  const std::vector<int64_t> even = AllTimes({{1000, 1000, 10 * kSecond}}, Spacing::kConstant, 1);
  EXPECT_GT(AndersonDarlingExponential(Gaps(even), 1e6), 10 * kAndersonDarling1Percent);
  const std::vector<int64_t> slow = AllTimes({{950, 950, 10 * kSecond}}, Spacing::kPoisson, 1);
  EXPECT_GT(AndersonDarlingExponential(Gaps(slow), 1e6), kAndersonDarling1Percent);
}

// The variance of the counts of windows by their mean: 1 for a Poisson process, less for anything
// more even, more for bursts (D. Cox and P. Lewis, "The Statistical Analysis of Series of Events",
// 1966). Over n windows it is within 4 standard deviations, each sqrt(2 / (n - 1)).
double DispersionOfCounts(const std::vector<int64_t>& times, int64_t window_ns, size_t windows) {
  std::vector<double> counts(windows, 0);
  for (const int64_t at : times) counts[static_cast<size_t>(at / window_ns)] += 1;
  double mean = 0;
  for (const double count : counts) mean += count / static_cast<double>(windows);
  double variance = 0;
  for (const double count : counts) variance += (count - mean) * (count - mean);
  return variance / static_cast<double>(windows - 1) / mean;
}

TEST(ArrivalsTest, PoissonCountsAreDispersedLikeTheirMean) {
  constexpr size_t kWindows = 1000;
  const double bound = 4 * std::sqrt(2.0 / (kWindows - 1));
  for (const double rate : {1e3, 1e5}) {
    for (const double mean : {1.0, 20.0, 100.0}) {
      const auto window_ns = static_cast<int64_t>(mean / rate * 1e9);
      const Profile profile = {{rate, rate, window_ns * static_cast<int64_t>(kWindows)}};
      const double poisson =
          DispersionOfCounts(AllTimes(profile, Spacing::kPoisson, 5), window_ns, kWindows);
      EXPECT_NEAR(poisson, 1, bound) << rate << ", " << mean;
      const double even =
          DispersionOfCounts(AllTimes(profile, Spacing::kConstant, 5), window_ns, kWindows);
      EXPECT_LT(even, 0.05);
    }
  }
}

// On a ramp the counts of equal windows go up as the rate does.
TEST(ArrivalsTest, PoissonOnARampFollowsTheRate) {
  constexpr size_t kWindows = 50;
  const Profile profile = {{0, 10'000, 5 * kSecond}, {10'000, 0, 5 * kSecond}};
  const std::vector<int64_t> times = AllTimes(profile, Spacing::kPoisson, 9);
  ExpectOrderedAndInside(times, profile);
  std::vector<uint64_t> counts(kWindows, 0);
  for (const int64_t at : times) ++counts[static_cast<size_t>(at / (kSecond / 5))];
  std::vector<double> expected;
  for (size_t i = 0; i < kWindows; ++i) {
    const size_t from_end = std::min(i, kWindows - 1 - i);
    expected.push_back(80.0 * static_cast<double>(from_end) + 40);
  }
  ExpectFit(counts, expected);
}

}  // namespace
}  // namespace corelane::loadgen
