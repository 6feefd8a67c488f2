#include "loadgen/zipf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "goodness_of_fit.h"

namespace corelane::loadgen {
namespace {

std::vector<double> ExpectedCounts(double theta, uint64_t ranks, double draws) {
  std::vector<double> expected;
  double sum = 0;
  for (uint64_t k = 1; k <= ranks; ++k) {
    expected.push_back(std::pow(static_cast<double>(k), -theta));
    sum += expected.back();
  }
  for (double& count : expected) count *= draws / sum;
  return expected;
}

std::vector<uint64_t> Counts(const ZipfSampler& zipf, uint64_t seed, int draws) {
  base::Random random(seed);
  std::vector<uint64_t> counts(zipf.ranks(), 0);
  for (int i = 0; i < draws; ++i) ++counts[zipf.Next(random)];
  return counts;
}

TEST(ZipfTest, FrequenciesAreThoseOfTheLaw) {
  constexpr int kDraws = 100'000;
  for (const double theta : {0.01, 0.5, 0.99, 1.0, 1.0 + 1e-10, 1.2, 1.9}) {
    for (const uint64_t ranks : {2u, 10u, 1000u}) {
      SCOPED_TRACE(testing::Message() << "theta " << theta << ", ranks " << ranks);
      ExpectFit(Counts(ZipfSampler(theta, ranks), 1, kDraws), ExpectedCounts(theta, ranks, kDraws));
    }
  }
}

TEST(ZipfTest, AnotherThetaIsTold) {
  const ChiSquare result =
      ChiSquareOf(Counts(ZipfSampler(0.99, 1000), 1, 100'000), ExpectedCounts(0.95, 1000, 100'000));
  EXPECT_GT(result.statistic, result.limit);
}

// The sum of the first n terms of k^-theta, by the first terms of Euler and Maclaurin's formula.
double HarmonicSum(double theta, double n) {
  const double integral = (std::pow(n, 1 - theta) - 1) / (1 - theta);
  const double ends = (1 + std::pow(n, -theta)) / 2;
  return integral + ends + theta * (1 - std::pow(n, -theta - 1)) / 12;
}

TEST(ZipfTest, MoreRanksThanCouldBeSummedUp) {
  constexpr int kDraws = 100'000;
  for (const double theta : {0.8, 0.99, 1.3}) {
    const uint64_t ranks = uint64_t{1} << 40;
    const ZipfSampler zipf(theta, ranks);
    base::Random random(3);
    int first = 0;
    int below_thousand = 0;
    for (int i = 0; i < kDraws; ++i) {
      const uint64_t rank = zipf.Next(random);
      ASSERT_LT(rank, ranks);
      first += rank == 0 ? 1 : 0;
      below_thousand += rank < 1000 ? 1 : 0;
    }
    const double sum = HarmonicSum(theta, static_cast<double>(ranks));
    for (const auto& [count, share] :
         {std::pair(first, 1 / sum), std::pair(below_thousand, HarmonicSum(theta, 1000) / sum)}) {
      const double mean = kDraws * share;
      EXPECT_NEAR(count, mean, 4 * std::sqrt(mean * (1 - share)) + 0.005 * mean) << theta;
    }
  }
}

TEST(ZipfTest, GrownIsLikeMadeSo) {
  ZipfSampler grown(0.99, 1);
  base::Random random(1);
  EXPECT_EQ(grown.Next(random), 0u);
  grown.set_ranks(1000);
  EXPECT_EQ(Counts(grown, 2, 10'000), Counts(ZipfSampler(0.99, 1000), 2, 10'000));
}

}  // namespace
}  // namespace corelane::loadgen
