// What the classic suite counts with: its histogram and its reports.

#include <gtest/gtest.h>

#include <string>

#include "bench/classic_suite.h"
#include "bench/latency_buckets.h"
#include "bench/report.h"

namespace corelane {
namespace {

TEST(LatencyBucketsTest, ABoundBelongsToItsBucket) {
  tools::LatencyBuckets buckets;
  buckets.Add(1);
  buckets.Add(10'000);
  buckets.Add(10'001);
  buckets.Add(10'000'000);
  buckets.Add(10'000'001);
  EXPECT_EQ(buckets.count(0), 2u);
  EXPECT_EQ(buckets.count(1), 1u);
  EXPECT_EQ(buckets.count(8), 1u);
  EXPECT_EQ(buckets.count(9), 1u);
  EXPECT_EQ(buckets.total(), 5u);
  EXPECT_DOUBLE_EQ(buckets.Percent(0), 40.0);
}

tools::ClassicReport SomeReport() {
  tools::ClassicReport report;
  report.puts.operations = 10'000;
  report.puts.seconds = 0.5;
  report.puts.latency_ns.Record(20'000);
  report.puts.buckets.Add(20'000);
  report.memory = tools::MemoryReport{
      .keys = 1'000, .key_bytes = 20, .resident_before = 50'000, .resident_after = 170'000};
  return report;
}

TEST(ReportTest, SaysWhatWasMeasuredAndWhatWasPublished) {
  const std::string text = tools::ReportText(SomeReport(), "somewhere:7878");
  for (const char* part : {"somewhere:7878", "10,000", "20,000", "47,832", "62,419", "145,920",
                           "120.0 bytes", "<= 25 us", "> 10,000 us", "100.00 %"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
  }
}

TEST(ReportTest, JsonQuotesTheTargetAndSaysWhyThereIsNoMemory) {
  tools::ClassicReport report = SomeReport();
  report.memory.reset();
  report.memory_note = "left out";
  const std::string json = tools::ReportJson(report, "a \"b\"\n");
  EXPECT_NE(json.find(R"("target": "a \"b\"\u000a")"), std::string::npos) << json;
  EXPECT_NE(json.find("\"memory\": null"), std::string::npos) << json;
  EXPECT_NE(json.find("\"left out\""), std::string::npos) << json;
}

}  // namespace
}  // namespace corelane
