#include "loadgen/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

namespace corelane::loadgen {
namespace {

TEST(DistributionsTest, IncompleteBetaHasItsClosedForms) {
  for (const double x : {0.0, 0.1, 0.5, 0.9, 1.0}) {
    EXPECT_NEAR(IncompleteBeta(1, 1, x), x, 1e-14);
    EXPECT_NEAR(IncompleteBeta(3, 1, x), x * x * x, 1e-14);
    EXPECT_NEAR(IncompleteBeta(1, 4, x), 1 - std::pow(1 - x, 4), 1e-14);
  }
  // The chance of two heads or fewer in five throws is one half.
  EXPECT_NEAR(IncompleteBeta(3, 3, 0.5), 0.5, 1e-14);
  EXPECT_NEAR(IncompleteBeta(2, 3, 0.2), 0.1808, 1e-12);
}

TEST(DistributionsTest, NormalQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(NormalQuantile(0.5), 0, 1e-12);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.025), -1.959963984540054, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.995), 2.575829303548901, 1e-10);
  EXPECT_NEAR(NormalQuantile(1e-9), -5.997807015, 1e-8);
}

// With one degree of freedom it is Cauchy's distribution, with two it has a closed form as well.
TEST(DistributionsTest, StudentHasItsClosedForms) {
  for (const double t : {-30.0, -2.0, -0.3, 0.0, 0.3, 2.0, 30.0}) {
    EXPECT_NEAR(StudentCdf(t, 1), 0.5 + std::atan(t) / std::acos(-1), 1e-13);
    EXPECT_NEAR(StudentCdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-13);
  }
}

TEST(DistributionsTest, StudentQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(StudentQuantile(0.975, 1), 12.7062047364, 1e-8);
  EXPECT_NEAR(StudentQuantile(0.975, 2), 4.30265272991, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 5), 2.57058183661, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 9), 2.26215716280, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.995, 9), 3.24983554159, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 30), 2.04227245630, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.025, 30), -2.04227245630, 1e-9);
  EXPECT_NEAR(StudentQuantile(0.975, 1e7), NormalQuantile(0.975), 1e-6);
  EXPECT_NEAR(StudentQuantile(0.5, 7), 0, 1e-12);
}

}  // namespace
}  // namespace corelane::loadgen
