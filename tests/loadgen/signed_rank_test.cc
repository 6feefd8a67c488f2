#include "loadgen/signed_rank.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

// The two-sided critical values of the signed-rank test as the tables have them (Wilcoxon and
// Wilcox, "Some Rapid Approximate Statistical Procedures", 1964): the largest sum of ranks that
// still is a difference. -1: there is none.
struct Critical {
  size_t pairs;
  int at_95;
  int at_99;
};
constexpr Critical kTable[] = {
    {5, -1, -1},  {6, 0, -1},   {7, 2, -1},   {8, 3, 0},      {9, 5, 1},      {10, 8, 3},
    {11, 10, 5},  {12, 13, 7},  {13, 17, 9},  {14, 21, 12},   {15, 25, 15},   {16, 29, 19},
    {17, 34, 23}, {18, 40, 27}, {19, 46, 32}, {20, 52, 37},   {21, 58, 42},   {22, 65, 48},
    {23, 73, 54}, {24, 81, 61}, {25, 89, 68}, {30, 137, 109}, {40, 264, 220}, {50, 434, 373}};

int CriticalOf(std::optional<uint64_t> rank) { return rank ? static_cast<int>(*rank) - 1 : -1; }

TEST(SignedRankTest, CriticalValuesAreThoseOfTheTables) {
  for (const Critical& row : kTable) {
    EXPECT_EQ(CriticalOf(ExactWalshRank(row.pairs, 0.95)), row.at_95) << row.pairs;
    EXPECT_EQ(CriticalOf(ExactWalshRank(row.pairs, 0.99)), row.at_99) << row.pairs;
    EXPECT_EQ(WalshRank(row.pairs, 0.95), ExactWalshRank(row.pairs, 0.95)) << row.pairs;
  }
}

// All 2^n ways to give signs, one by one.
TEST(SignedRankTest, CriticalValuesAreThoseOfBruteForce) {
  for (size_t pairs = 1; pairs <= 12; ++pairs) {
    std::vector<uint64_t> ways(pairs * (pairs + 1) / 2 + 1);
    for (uint32_t signs = 0; signs < (1U << pairs); ++signs) {
      uint64_t sum = 0;
      for (size_t i = 0; i < pairs; ++i) sum += (signs >> i & 1) * (i + 1);
      ++ways[sum];
    }
    for (const double confidence : {0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999}) {
      const double most = (1 - confidence) / 2 * std::ldexp(1, static_cast<int>(pairs));
      int critical = -1;
      for (uint64_t in_tail = ways[0]; static_cast<double>(in_tail) <= most;) {
        in_tail += ways[static_cast<size_t>(++critical) + 1];
      }
      EXPECT_EQ(CriticalOf(ExactWalshRank(pairs, confidence)), critical)
          << pairs << " pairs at " << confidence;
      EXPECT_EQ(critical >= 0, pairs >= PairsNeeded(confidence));
    }
  }
}

TEST(SignedRankTest, TheNormalWayMeetsTheExactOne) {
  EXPECT_EQ(CriticalOf(ExactWalshRank(kExactPairsMax, 0.95)), 1955);
  EXPECT_EQ(CriticalOf(ExactWalshRank(kExactPairsMax, 0.99)), 1779);
  for (const double confidence : {0.8, 0.95, 0.975, 0.99, 0.999}) {
    const int exact = CriticalOf(ExactWalshRank(kExactPairsMax, confidence));
    const int normal = CriticalOf(NormalWalshRank(kExactPairsMax, confidence));
    EXPECT_LE(normal, exact) << confidence;
    EXPECT_GE(normal, exact - exact / 100) << confidence;
    const size_t above = kExactPairsMax + 1;
    EXPECT_EQ(WalshRank(above, confidence), NormalWalshRank(above, confidence));
  }
}

TEST(SignedRankTest, PairsThatAConfidenceTakes) {
  EXPECT_EQ(PairsNeeded(0.5), 2U);
  EXPECT_EQ(PairsNeeded(0.9), 5U);
  EXPECT_EQ(PairsNeeded(0.9375), 5U);  // exactly 2 / 2^5
  EXPECT_EQ(PairsNeeded(0.95), 6U);
  EXPECT_EQ(PairsNeeded(0.99), 8U);
  EXPECT_EQ(PairsNeeded(0.9999), 15U);
  for (const double confidence : {0.9, 0.95, 0.99}) {
    EXPECT_FALSE(WalshRank(PairsNeeded(confidence) - 1, confidence));
    EXPECT_FALSE(NormalWalshRank(PairsNeeded(confidence) - 1, confidence));
    EXPECT_TRUE(WalshRank(PairsNeeded(confidence), confidence));
  }
}

// Hamilton's scores of nine patients before and after, from Hollander and Wolfe, example 3.1, with
// the estimate and the interval at 96.1 % that they find; R's wilcox.test has the same.
TEST(SignedRankTest, FiguresOfAPublishedExample) {
  const std::vector<double> before = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const std::vector<double> after = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  std::vector<double> differences;
  for (size_t i = 0; i < before.size(); ++i) differences.push_back(after[i] - before[i]);
  const Shift shift = EstimateShift(differences, 0.95);
  EXPECT_NEAR(shift.estimate, -0.46, 1e-12);
  ASSERT_TRUE(shift.has_interval);
  EXPECT_NEAR(shift.low, -0.786, 1e-12);
  EXPECT_NEAR(shift.high, -0.010, 1e-12);
}

// By hand: of 1, 2, 4, 8, 16 and 32 the smallest and largest average are the values themselves, and
// of the 21 the 11th is (1 + 16) / 2.
TEST(SignedRankTest, WithTheFewestPairsAllOfThemAreTheInterval) {
  const std::vector<double> differences = {32, 1, 16, 2, 8, 4};
  const Shift shift = EstimateShift(differences, 0.95);
  EXPECT_EQ(shift.estimate, 8.5);
  EXPECT_EQ(shift.low, 1);
  EXPECT_EQ(shift.high, 32);
  const Shift few = EstimateShift(std::span(differences).first(5), 0.95);
  EXPECT_FALSE(few.has_interval);
  EXPECT_EQ(few.low, few.estimate);
  EXPECT_EQ(few.high, few.estimate);
}

TEST(SignedRankTest, OfNothingAndOfOne) {
  EXPECT_EQ(EstimateShift({}, 0.95).estimate, 0);
  EXPECT_FALSE(EstimateShift({}, 0.95).has_interval);
  EXPECT_EQ(EstimateShift(std::vector<double>{3}, 0.95).estimate, 3);
}

TEST(SignedRankTest, TiesAndZeros) {
  const Shift zeros = EstimateShift(std::vector<double>(10, 0.0), 0.95);
  EXPECT_TRUE(zeros.has_interval);
  EXPECT_EQ(zeros.low, 0);
  EXPECT_EQ(zeros.high, 0);
  const Shift ties = EstimateShift(std::vector<double>(10, 2.0), 0.95);
  EXPECT_EQ(ties.low, 2);
  EXPECT_EQ(ties.high, 2);
  // Half of them 0: the interval does not leave it out, though no difference is below it.
  const Shift half = EstimateShift(std::vector<double>{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, 0.95);
  EXPECT_EQ(half.low, 0);
  EXPECT_EQ(half.estimate, 0.5);
  EXPECT_EQ(half.high, 1);
}

TEST(SignedRankTest, AWildDifferenceIsHardlyMinded) {
  std::vector<double> differences;
  for (int i = 0; i < 40; ++i) differences.push_back(0.05 + 0.01 * (i - 19.5) / 20);
  const Shift calm = EstimateShift(differences, 0.95);
  for (const double wild : {-3.0, 3.0}) {
    differences[0] = wild;
    const Shift shift = EstimateShift(differences, 0.95);
    EXPECT_NEAR(shift.estimate, calm.estimate, 0.001);
    EXPECT_NEAR(shift.low, calm.low, 0.001);
    EXPECT_NEAR(shift.high, calm.high, 0.001);
  }
}

// Differences that are seldom wild, in whole steps of which many are alike: the true shift is in
// the interval as often as the confidence says, or a little more often.
TEST(SignedRankTest, HoldsTheShiftAsOftenAsItSays) {
  constexpr int kSeeds = 2000;
  for (const double step : {0.001, 0.5}) {
    int held = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      base::Random random(seed);
      std::vector<double> differences;
      for (int i = 0; i < 20; ++i) {
        const double reach = random.Uniform(10) == 0 ? 10 : 1;
        const double away = reach * (2 * random.Fraction() - 1);
        differences.push_back(7 + step * std::round(away / step));
      }
      const Shift shift = EstimateShift(differences, 0.95);
      held += shift.low <= 7 && 7 <= shift.high ? 1 : 0;
    }
    // Three standard deviations of 2000 draws are 1.5 %.
    EXPECT_GE(held, kSeeds * 935 / 1000) << step;
    if (step < 0.01) {
      EXPECT_LE(held, kSeeds * 968 / 1000);
    }
  }
}

}  // namespace
}  // namespace corelane::loadgen
