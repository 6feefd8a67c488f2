#include "loadgen/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

// By Box and Muller.
double Gaussian(base::Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Fraction()));
  return radius * std::cos(2 * std::acos(-1.0) * random.Fraction());
}

struct Rows {
  std::vector<double> a;
  std::vector<double> b;
};

Rows Simulate(uint64_t seed, size_t rounds, double ratio, double noise) {
  base::Random random(seed);
  Rows rows;
  for (size_t i = 0; i < rounds; ++i) {
    rows.a.push_back(1000 * std::exp(noise * Gaussian(random)));
    rows.b.push_back(1000 * ratio * std::exp(noise * Gaussian(random)));
  }
  return rows;
}

Comparison Judge(const Rows& rows, const CompareOptions& options) {
  return Compare(rows.a, rows.b, options).value();
}

// How many of 1000 seeds end in `verdict`.
int CountOf(Verdict verdict, double ratio, double noise, const CompareOptions& options) {
  int count = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    count += Judge(Simulate(seed, 10, ratio, noise), options).verdict == verdict;
  }
  return count;
}

TEST(CompareTest, FiguresOfAKnownRow) {
  // Logarithms of the ratios: four times ln 2 and four times ln 8; their mean is ln 4, their
  // standard deviation ln 2 * sqrt(8/7), and t(0.975, 7) is 2.36462.
  const std::vector<double> a(8, 10);
  const std::vector<double> b = {20, 80, 20, 80, 20, 80, 20, 80};
  const Comparison comparison = Compare(a, b, {}).value();
  const double half_width = 2.364624 * std::log(2) * std::sqrt(8.0 / 7 / 8);
  EXPECT_EQ(comparison.rounds, 8u);
  EXPECT_NEAR(comparison.ratio, 4, 1e-12);
  EXPECT_NEAR(comparison.ratio_low, 4 * std::exp(-half_width), 1e-5);
  EXPECT_NEAR(comparison.ratio_high, 4 * std::exp(half_width), 1e-5);
  EXPECT_EQ(comparison.verdict, Verdict::kSlower);
}

TEST(CompareTest, WhatIsFasterDependsOnTheFigure) {
  const std::vector<double> small = {10, 10.1, 9.9, 10, 10.1, 9.9};
  const std::vector<double> large = {12, 12.1, 11.9, 12, 12.1, 11.9};
  CompareOptions options;
  EXPECT_EQ(Compare(small, large, options)->verdict, Verdict::kSlower);
  EXPECT_EQ(Compare(large, small, options)->verdict, Verdict::kFaster);
  options.kind = FigureKind::kRate;
  EXPECT_EQ(Compare(small, large, options)->verdict, Verdict::kFaster);
  EXPECT_EQ(Compare(large, small, options)->verdict, Verdict::kSlower);
}

TEST(CompareTest, TooFewRounds) {
  const std::vector<double> a(kCompareRoundsMin - 1, 1.0);
  const std::vector<double> b(kCompareRoundsMin - 1, 2.0);
  const Comparison comparison = Compare(a, b, {}).value();
  EXPECT_EQ(comparison.verdict, Verdict::kTooFewRounds);
  EXPECT_NEAR(comparison.ratio, 2, 1e-12);
  EXPECT_EQ(comparison.ratio_low, comparison.ratio_high);
  EXPECT_EQ(Compare({}, {}, {})->verdict, Verdict::kTooFewRounds);
}

TEST(CompareTest, RefusesWhatIsNoFigure) {
  const std::vector<double> good(8, 1.0);
  EXPECT_EQ(Compare(good, std::vector<double>(7, 1.0), {}).code(), StatusCode::kBadArgument);
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    std::vector<double> row = good;
    row[3] = bad;
    EXPECT_EQ(Compare(good, row, {}).code(), StatusCode::kBadArgument);
    EXPECT_EQ(Compare(row, good, {}).code(), StatusCode::kBadArgument);
  }
}

TEST(CompareTest, ASmallEffectIsNoneHoweverSignificant) {
  const Rows rows = Simulate(1, 100, 1.005, 0.001);
  const Comparison small = Judge(rows, {});
  EXPECT_GT(small.ratio_low, 1);
  EXPECT_EQ(small.verdict, Verdict::kNoDifference);
  EXPECT_EQ(Judge(rows, {.effect_min = 0}).verdict, Verdict::kSlower);
  EXPECT_EQ(Judge(Simulate(1, 100, 1.02, 0.001), {}).verdict, Verdict::kSlower);
  EXPECT_EQ(Judge(Simulate(1, 100, 1 / 1.02, 0.001), {}).verdict, Verdict::kFaster);
}

// A machine that gets slower all the time hits A and B alike when they take turns A B, B A, ...
TEST(CompareTest, DriftCancels) {
  Rows rows;
  for (int round = 0; round < 10; ++round) {
    const double first = 1000 * std::exp(0.03 * (2 * round));
    const double second = 1000 * std::exp(0.03 * (2 * round + 1));
    rows.a.push_back(round % 2 == 0 ? first : second);
    rows.b.push_back(round % 2 == 0 ? second : first);
  }
  const Comparison comparison = Judge(rows, {});
  EXPECT_NEAR(comparison.ratio, 1, 1e-12);
  EXPECT_EQ(comparison.verdict, Verdict::kNoDifference);
}

// A against itself: without a least effect, it is called different as often as the confidence
// says, give or take three standard errors (0.7 % of the seeds); with one, never more often.
TEST(CompareTest, AgainstItselfThereIsNoDifference) {
  const int strict = CountOf(Verdict::kNoDifference, 1, 0.02, {.effect_min = 0});
  EXPECT_GE(strict, 929);
  EXPECT_LE(strict, 971);
  EXPECT_GE(CountOf(Verdict::kNoDifference, 1, 0.02, {}), 950);
  EXPECT_GE(CountOf(Verdict::kNoDifference, 1, 0.005, {}), 999);
}

TEST(CompareTest, FivePercentAreFoundInTenRounds) {
  EXPECT_EQ(CountOf(Verdict::kSlower, 1.05, 0.01, {}), 1000);
  EXPECT_GE(CountOf(Verdict::kSlower, 1.05, 0.02, {}), 990);
  EXPECT_GE(CountOf(Verdict::kFaster, 1 / 1.05, 0.02, {}), 990);
}

TEST(CompareTest, VerdictsHaveNames) {
  EXPECT_EQ(VerdictName(Verdict::kNoDifference), "no difference");
  EXPECT_EQ(VerdictName(Verdict::kFaster), "faster");
  EXPECT_EQ(VerdictName(Verdict::kSlower), "slower");
  EXPECT_EQ(VerdictName(Verdict::kTooFewRounds), "too few rounds");
}

}  // namespace
}  // namespace corelane::loadgen
