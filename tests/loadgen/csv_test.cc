#include "loadgen/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace corelane::loadgen {
namespace {

constexpr const char kHeader[] =
    "second,answered,failed,under_way,behind_us,p50_us,p90_us,p99_us,p99_9_us,max_us\r\n";

TEST(Csv, NoSecondsAreAHeaderAlone) { EXPECT_EQ(WindowsCsv({}), kHeader); }

TEST(Csv, ASecondIsALine) {
  base::Histogram latency_ns;
  for (int64_t micros = 1; micros <= 1000; ++micros) latency_ns.RecordMany(micros * 1000, 10);
  std::vector<WindowFigures> windows(2);
  windows[0] = {.answered = 10'000,
                .failed = 3,
                .under_way = 17,
                .behind_ns = 1'500,
                .latency_ns = SparseHistogram(latency_ns)};
  const std::string text = WindowsCsv(windows);
  // The buckets of a histogram are three digits wide, and a value is the highest of its own.
  EXPECT_EQ(text, std::string(kHeader) +
                      "1,10000,3,17,1.500,500.223,900.095,990.207,999.423,1000.000\r\n"
                      "2,0,0,0,0.000,,,,,\r\n");
}

TEST(Csv, APercentileThatTheSecondDoesNotCarryIsEmpty) {
  base::Histogram latency_ns;
  latency_ns.RecordMany(1000, 100);
  std::vector<WindowFigures> windows(1);
  windows[0].answered = 100;
  windows[0].latency_ns = SparseHistogram(latency_ns);
  EXPECT_EQ(WindowsCsv(windows), std::string(kHeader) + "1,100,0,0,0.000,1.000,1.000,,,1.000\r\n");
}

}  // namespace
}  // namespace corelane::loadgen
