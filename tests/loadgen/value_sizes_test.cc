#include "loadgen/value_sizes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "goodness_of_fit.h"

namespace corelane::loadgen {
namespace {

constexpr int kDraws = 50'000;

std::map<uint32_t, uint64_t> Counts(const ValueSizes& sizes) {
  base::Random random(1);
  std::map<uint32_t, uint64_t> counts;
  for (int i = 0; i < kDraws; ++i) ++counts[sizes.Next(random)];
  return counts;
}

ValueSizes Parsed(std::string_view text) {
  const Result<ValueSizes> sizes = ValueSizes::Parse(text);
  EXPECT_TRUE(sizes.ok()) << sizes.status().ToString();
  return *sizes;
}

TEST(ValueSizesTest, OneSize) {
  base::Random random(1);
  EXPECT_EQ(ValueSizes().Next(random), kValueBytesUsual);
  EXPECT_EQ(ValueSizes(7).Next(random), 7u);
  EXPECT_EQ(Parsed("1kb").Next(random), 1024u);
  EXPECT_EQ(Parsed("0").Next(random), 0u);
}

TEST(ValueSizesTest, RangesAreEven) {
  const ValueSizes sizes = Parsed("10-29");
  EXPECT_EQ(sizes.bytes_min(), 10u);
  EXPECT_EQ(sizes.bytes_max(), 29u);
  std::vector<uint64_t> counts;
  for (const auto& [bytes, count] : Counts(sizes)) {
    EXPECT_EQ(bytes, 10 + counts.size());
    counts.push_back(count);
  }
  ASSERT_EQ(counts.size(), 20u);
  ExpectFit(counts, std::vector<double>(20, kDraws / 20.0));
}

TEST(ValueSizesTest, WeightsAreKept) {
  const ValueSizes sizes = Parsed("64:9,1024:0.5,1:0,2kb-3kb:0.5");
  EXPECT_EQ(sizes.bytes_min(), 64u);
  EXPECT_EQ(sizes.bytes_max(), 3072u);
  std::vector<uint64_t> counts(3, 0);
  for (const auto& [bytes, count] : Counts(sizes)) {
    ASSERT_NE(bytes, 1u);
    counts[bytes == 64 ? 0 : bytes == 1024 ? 1 : 2] += count;
  }
  ExpectFit(counts, std::vector<double>{0.9 * kDraws, 0.05 * kDraws, 0.05 * kDraws});
}

TEST(ValueSizesTest, LognormalHasItsMedianAndSpreadAndEnd) {
  const ValueSizes sizes = Parsed("lognormal:1000:0.5");
  base::Random random(1);
  double sum = 0;
  double squares = 0;
  int below = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double logarithm = std::log(sizes.Next(random));
    sum += logarithm;
    squares += logarithm * logarithm;
    below += logarithm < std::log(1000 * std::exp(-0.5)) ? 1 : 0;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, std::log(1000), 4 * 0.5 / std::sqrt(kDraws));
  EXPECT_NEAR(std::sqrt(squares / kDraws - mean * mean), 0.5, 0.01);
  // One standard deviation below the median are 15.87 % of a normal distribution.
  EXPECT_NEAR(below / double{kDraws}, 0.1587, 0.007);

  const ValueSizes bounded = Parsed("lognormal:100:3:1kb");
  EXPECT_EQ(bounded.bytes_min(), 1u);
  EXPECT_EQ(bounded.bytes_max(), 1024u);
  const auto counts = Counts(bounded);
  EXPECT_GE(counts.begin()->first, 1u);
  EXPECT_EQ(counts.rbegin()->first, 1024u);
}

TEST(ValueSizesTest, ErrorsSayWhatIsWrong) {
  const auto message = [](std::string_view text) {
    return ValueSizes::Parse(text).status().message();
  };
  EXPECT_NE(message("").find("\"\" is no size"), std::string::npos);
  EXPECT_NE(message("64:x").find("\"x\" is no number"), std::string::npos);
  EXPECT_NE(message("20-10").find("ends before it begins"), std::string::npos);
  EXPECT_NE(message("600mb").find("is over 536870912 bytes"), std::string::npos);
  EXPECT_NE(message("64:0,10:0").find("all weights are 0"), std::string::npos);
  EXPECT_NE(message("64,").find("\"\" is no size"), std::string::npos);
  EXPECT_NE(message("lognormal:100").find("SIGMA"), std::string::npos);
  EXPECT_NE(message("lognormal:0:1").find("median"), std::string::npos);
  EXPECT_NE(message("lognormal:100:11").find("sigma"), std::string::npos);
}

}  // namespace
}  // namespace corelane::loadgen
