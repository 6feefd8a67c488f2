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
  // Logarithms of the ratios: 1 to 8 times ln 2. Of their 36 averages the middle is 4.5 times that;
  // with 8 pairs the critical value at 95 % is 3, and the 4th smallest average is 2, after 1, 1.5
  // and another 2.
  const std::vector<double> a(8, 10);
  const std::vector<double> b = {20, 40, 80, 160, 320, 640, 1280, 2560};
  const Comparison comparison = Compare(a, b, {}).value();
  EXPECT_EQ(comparison.rounds, 8u);
  EXPECT_EQ(comparison.rounds_needed, 6u);
  EXPECT_NEAR(comparison.ratio, std::exp2(4.5), 1e-9);
  EXPECT_NEAR(comparison.ratio_low, std::exp2(2), 1e-9);
  EXPECT_NEAR(comparison.ratio_high, std::exp2(7), 1e-9);
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
  const std::vector<double> a(5, 1.0);
  const std::vector<double> b(5, 2.0);
  const Comparison comparison = Compare(a, b, {}).value();
  EXPECT_EQ(comparison.verdict, Verdict::kTooFewRounds);
  EXPECT_NEAR(comparison.ratio, 2, 1e-12);
  EXPECT_EQ(comparison.ratio_low, comparison.ratio_high);
  EXPECT_EQ(comparison.rounds_needed, 6U);
  EXPECT_EQ(Compare(a, b, {.confidence = 0.9})->verdict, Verdict::kSlower);
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

// Where the machine is shared: every eighth run is off by a third, and what scatters besides is 4
// %. Student's interval of the same rounds finds the 5 % in less than half of them.
TEST(CompareTest, FivePercentAreFoundAmongWildRounds) {
  int slower = 0;
  int same = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Rows rows = Simulate(seed, 60, 1.05, 0.03);
    base::Random random(seed + 1000);
    for (size_t i = 0; i < rows.a.size(); ++i) {
      for (std::vector<double>* const row : {&rows.a, &rows.b}) {
        if (random.Uniform(8) == 0) (*row)[i] *= random.Uniform(2) == 0 ? 1.33 : 1 / 1.33;
      }
    }
    slower += Judge(rows, {.confidence = 0.975}).verdict == Verdict::kSlower;
    for (double& figure : rows.b) figure /= 1.05;
    same += Judge(rows, {.confidence = 0.975}).verdict == Verdict::kNoDifference;
  }
  EXPECT_GE(slower, 920);
  EXPECT_GE(same, 960);
}

TEST(CompareTest, VerdictsHaveNames) {
  EXPECT_EQ(VerdictName(Verdict::kNoDifference), "no difference");
  EXPECT_EQ(VerdictName(Verdict::kFaster), "faster");
  EXPECT_EQ(VerdictName(Verdict::kSlower), "slower");
  EXPECT_EQ(VerdictName(Verdict::kTooFewRounds), "too few rounds");
}

}  // namespace
}  // namespace corelane::loadgen
