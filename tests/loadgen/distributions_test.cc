#include "loadgen/distributions.h"

#include <gtest/gtest.h>

namespace corelane::loadgen {
namespace {

TEST(DistributionsTest, NormalQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(NormalQuantile(0.5), 0, 1e-12);
  EXPECT_NEAR(NormalQuantile(0.975), 1.959963984540054, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.025), -1.959963984540054, 1e-10);
  EXPECT_NEAR(NormalQuantile(0.995), 2.575829303548901, 1e-10);
  EXPECT_NEAR(NormalQuantile(1e-9), -5.997807015, 1e-8);
}

}  // namespace
}  // namespace corelane::loadgen
