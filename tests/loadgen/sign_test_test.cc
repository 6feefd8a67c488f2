#include "loadgen/sign_test.h"

#include <gtest/gtest.h>

namespace corelane::loadgen {
namespace {

TEST(SignTest, IsTheBinomialOfACoin) {
  EXPECT_DOUBLE_EQ(SignTestChance(0, 0), 1);
  EXPECT_DOUBLE_EQ(SignTestChance(1, 0), 1);
  EXPECT_DOUBLE_EQ(SignTestChance(5, 0), 0.0625);
  EXPECT_DOUBLE_EQ(SignTestChance(6, 0), 0.03125);
  // By hand: 2 (1 + 9) / 2^9 and 2 (1 + 10 + 45) / 2^10.
  EXPECT_DOUBLE_EQ(SignTestChance(8, 1), 20.0 / 512);
  EXPECT_DOUBLE_EQ(SignTestChance(8, 2), 112.0 / 1024);
}

TEST(SignTest, KnowsNoSides) {
  EXPECT_DOUBLE_EQ(SignTestChance(1, 8), SignTestChance(8, 1));
  EXPECT_DOUBLE_EQ(SignTestChance(7, 7), 1);
}

// By the normal distribution 400 to 600 is 6.3 deviations off, and 469 to 531 is 1.96 after the
// correction of a half.
TEST(SignTest, HoldsForAThousandTimes) {
  EXPECT_DOUBLE_EQ(SignTestChance(500, 500), 1);
  EXPECT_NEAR(SignTestChance(469, 531), 0.0537, 0.0005);
  EXPECT_LT(SignTestChance(400, 600), 1e-9);
  EXPECT_GT(SignTestChance(400, 600), 1e-11);
}

}  // namespace
}  // namespace corelane::loadgen
