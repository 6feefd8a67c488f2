#include "loadgen/hdr_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace corelane::loadgen {
namespace {

using base::Histogram;

std::string TextOf(const Histogram& histogram, const HdrTextOptions& options) {
  std::string text;
  WriteHdrText(histogram, options, text);
  return text;
}

// What hdr-histogram-js 3.0.1 prints, a port of the Java original.
constexpr const char* kTenValues = R"(       Value     Percentile TotalCount 1/(1-Percentile)

       1.000 0.000000000000          1           1.00
       1.000 0.100000000000          1           1.11
       2.000 0.200000000000          2           1.25
       3.000 0.300000000000          5           1.43
       3.000 0.400000000000          5           1.67
       3.000 0.500000000000          5           2.00
      10.000 0.550000000000          6           2.22
      10.000 0.600000000000          6           2.50
     100.000 0.650000000000          7           2.86
     100.000 0.700000000000          7           3.33
    1000.000 0.750000000000          8           4.00
    1000.000 0.775000000000          8           4.44
    1000.000 0.800000000000          8           5.00
    2501.000 0.825000000000          9           5.71
    2501.000 0.850000000000          9           6.67
    2501.000 0.875000000000          9           8.00
    2501.000 0.887500000000          9           8.89
    2501.000 0.900000000000          9          10.00
  123519.000 0.912500000000         10          11.43
  123519.000 1.000000000000         10
#[Mean    =    12711.100, StdDeviation   =    36933.495]
#[Max     =   123519.000, Total count    =           10]
#[Buckets =           32, SubBuckets     =         2048]
)";

constexpr const char* kOneValue = R"(       Value     Percentile TotalCount 1/(1-Percentile)

       1.235 0.000000000000          1           1.00
       1.235 1.000000000000          1
#[Mean    =        1.234, StdDeviation   =        0.000]
#[Max     =        1.235, Total count    =            1]
#[Buckets =           32, SubBuckets     =         2048]
)";

constexpr const char* kNoValue = R"(       Value     Percentile TotalCount 1/(1-Percentile)

#[Mean    =        0.000, StdDeviation   =        0.000]
#[Max     =        0.000, Total count    =            0]
#[Buckets =           32, SubBuckets     =         2048]
)";

TEST(HdrTextTest, TheTextIsThatOfHdrHistogram) {
  Histogram histogram;
  for (const int64_t value : {1, 2, 3, 3, 3, 10, 100, 1000, 2500, 123456}) histogram.Record(value);
  EXPECT_EQ(TextOf(histogram, {.value_scale = 1}), kTenValues);
}

TEST(HdrTextTest, OneValueAndNone) {
  Histogram histogram;
  EXPECT_EQ(TextOf(histogram, {}), kNoValue);
  histogram.Record(1'234'567);
  EXPECT_EQ(TextOf(histogram, {}), kOneValue);
}

// Twice the ticks, the same lines among them: one at each level of the coarser text.
TEST(HdrTextTest, TicksAreLevelsBetweenHalvings) {
  Histogram histogram;
  for (int64_t value = 1; value <= 1000; ++value) histogram.Record(value);
  const std::string coarse = TextOf(histogram, {.ticks_per_half_distance = 1, .value_scale = 1});
  for (const char* line : {"\n       1.000 0.000000000000          1           1.00\n",
                           "\n     500.000 0.500000000000        500           2.00\n",
                           "\n     750.000 0.750000000000        750           4.00\n",
                           "\n     875.000 0.875000000000        875           8.00\n"}) {
    EXPECT_NE(coarse.find(line), std::string::npos) << coarse;
  }
  EXPECT_EQ(coarse.find("0.600000000000"), std::string::npos);
  const std::string fine = TextOf(histogram, {.ticks_per_half_distance = 5, .value_scale = 1});
  EXPECT_NE(fine.find("\n     600.000 0.600000000000"), std::string::npos);
}

TEST(HdrTextTest, DecimalsAreRoundedAsInJava) {
  EXPECT_EQ(FixedDecimal(0, 3), "0.000");
  EXPECT_EQ(FixedDecimal(1, 2), "1.00");
  EXPECT_EQ(FixedDecimal(0.1234, 3), "0.123");
  EXPECT_EQ(FixedDecimal(0.1236, 3), "0.124");
  // printf sees 1.00499999999999989 in the first and the even neighbour of the second.
  EXPECT_EQ(FixedDecimal(1.005, 2), "1.01");
  EXPECT_EQ(FixedDecimal(0.125, 2), "0.13");
  EXPECT_EQ(FixedDecimal(0.0005, 3), "0.001");
  EXPECT_EQ(FixedDecimal(9.9996, 3), "10.000");
  EXPECT_EQ(FixedDecimal(999.9995, 3), "1000.000");
  EXPECT_EQ(FixedDecimal(1e21, 1), "1000000000000000000000.0");
  EXPECT_EQ(FixedDecimal(1e-12, 3), "0.000");
}

}  // namespace
}  // namespace corelane::loadgen
