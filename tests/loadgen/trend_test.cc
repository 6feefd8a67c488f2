#include "loadgen/trend.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

TEST(Trend, ALineIsFoundExactly) {
  const Trend trend = TrendOf(std::vector<double>{10, 13, 16, 19, 22});
  EXPECT_NEAR(trend.slope, 3, 1e-12);
  EXPECT_NEAR(trend.slope_error, 0, 1e-6);
  EXPECT_NEAR(trend.value_at_begin, 10, 1e-12);
  EXPECT_NEAR(trend.value_at_end, 22, 1e-12);
}

// By hand: the means are 1.5 and 2.5, sum_xx is 5, sum_xy is 3, sum_yy is 5, so that the slope is
// 0.6, the residual 5 - 0.6 * 3 = 3.2, and the error sqrt(3.2 / 2 / 5).
TEST(Trend, SlopeAndErrorAreThoseOfTheTextbook) {
  const Trend trend = TrendOf(std::vector<double>{2, 1, 4, 3});
  EXPECT_NEAR(trend.slope, 0.6, 1e-12);
  EXPECT_NEAR(trend.slope_error, std::sqrt(0.32), 1e-12);
  EXPECT_NEAR(trend.value_at_begin, 1.6, 1e-12);
  EXPECT_NEAR(trend.value_at_end, 3.4, 1e-12);
}

TEST(Trend, TwoFiguresHaveNone) {
  EXPECT_EQ(TrendOf({}).slope, 0);
  EXPECT_EQ(TrendOf(std::vector<double>{1, 9}).slope, 0);
}

// The error says how far off the slope of noise is: within two of it in about 95 of 100 rows.
TEST(Trend, TheErrorIsThatOfTheSlope) {
  base::Random random(7);
  int within = 0;
  constexpr int kRows = 1000;
  for (int row = 0; row < kRows; ++row) {
    std::vector<double> figures;
    for (int i = 0; i < 60; ++i) {
      figures.push_back(2.0 * i + static_cast<double>(random.Between(-1000, 1000)));
    }
    const Trend trend = TrendOf(figures);
    within += std::abs(trend.slope - 2) < 2 * trend.slope_error ? 1 : 0;
  }
  EXPECT_NEAR(within, 950, 25);
}

}  // namespace
}  // namespace corelane::loadgen
