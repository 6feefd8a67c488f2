#include "loadgen/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "loadgen/heat_map.h"
#include "loadgen/report_json.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// 100,000 reads in ten seconds, of 1 to 100 us, and ten updates of 1 ms.
Report OneReport() {
  Report report;
  report.command = "corelane-bench run";
  report.options.targets = {Target{.protocol = WireProtocol::kResp3, .endpoint = {"host", 6379}}};
  report.options.rate = {{10'000, 10'000, 12 * kSecond}};
  report.options.warmup_ns = 2 * kSecond;
  report.result.measured_ns = 10 * kSecond;
  report.result.begun_wall_ms = 1'700'000'000'000;
  report.result.generator.cpu_s = 1;
  report.options.server_pid = 1;
  report.result.server = {
      .cpu_s = 0.5, .user_s = 0.25, .system_s = 0.25, .resident_bytes = 12'000'000};
  Figures& figures = report.result.figures;
  for (int64_t micros = 1; micros <= 100; ++micros) {
    figures.Of(OpKind::kRead).response_ns.RecordMany(micros * 1000, 1000);
    figures.Of(OpKind::kRead).service_ns.RecordMany(micros * 500, 1000);
  }
  figures.Of(OpKind::kRead).hits = 99'000;
  figures.Of(OpKind::kRead).misses = 1'000;
  figures.Of(OpKind::kUpdate).response_ns.RecordMany(1'000'000, 10);
  figures.Of(OpKind::kUpdate).service_ns.RecordMany(1'000'000, 10);
  figures.Of(OpKind::kUpdate).errors = 3;
  figures.first_error = "ERR \"odd\"";
  figures.windows.resize(10);
  for (WindowFigures& window : figures.windows) window.answered = 10'001;
  report.judgement = {RunVerdict::kValid, "as it should be"};
  return report;
}

TEST(Report, TextTellsWhatWasMeasured) {
  const std::string text = ReportText(OneReport());
  const std::string reads =
      "read                    100000     10000      50.0      95.0      99.0       100       100 "
      "      100";
  for (const std::string& part :
       {std::string("resp3://host:6379"), std::string("open loop, 10000/s poisson"),
        std::string("10.0 s counted after 2.0 s"), reads,
        std::string("all, response           100010"), std::string("all, service "),
        std::string("reads: 99000 hits, 1000 misses"),
        std::string("server: 5.00 us of CPU an answer (2.50 user, 2.50 system), 12 MB resident"),
        std::string("failed: 3 errors, 0 timeouts"), std::string("first error: ERR \"odd\""),
        std::string("VALID: as it should be")}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Report, APercentileThatTheSamplesDoNotCarryIsNotTold) {
  const std::string text = ReportText(OneReport());
  // Ten updates have a median and nothing else.
  EXPECT_NE(text.find("update                      10         1      1000         -         -"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("p99.999 and above are not told"), std::string::npos) << text;
}

TEST(Report, JsonSaysTheSame) {
  const auto json = nlohmann::json::parse(JsonText(ReportDocument(OneReport())));
  EXPECT_EQ(json["all"]["answered"], 100'010);
  EXPECT_EQ(json["operations"]["update"]["errors"], 3);
  EXPECT_EQ(json["load"]["asked_per_second"], 10'000);
  EXPECT_NEAR(json["operations"]["read"]["response"]["percentiles_us"]["p95"], 95, 0.1);
  EXPECT_FALSE(json["operations"]["update"]["response"]["percentiles_us"].contains("p99"));
  EXPECT_EQ(json["windows"].size(), 10U);
  EXPECT_EQ(json["verdict"]["is"], "VALID");
  EXPECT_EQ(json["first_error"], "ERR \"odd\"");
  const auto& interval = json["confidence_95"][0];
  EXPECT_EQ(interval["percentile"], 50);
  EXPECT_LE(interval["low_us"], interval["value_us"]);
  EXPECT_GE(interval["high_us"], interval["value_us"]);
}

TEST(Report, TellsWhatWasVerified) {
  Report report = OneReport();
  EXPECT_EQ(ReportText(report).find("verified"), std::string::npos);
  EXPECT_FALSE(ReportDocument(report).contains("verify"));
  report.options.verify = true;
  report.result.figures.verify = {.verified = 40,
                                  .stale = 1,
                                  .vanished = 2,
                                  .corrupt = 3,
                                  .never_sent = 4,
                                  .untracked = 0,
                                  .swept = 30,
                                  .unswept = 0,
                                  .first_finding = "key k is stale"};
  Figures other;
  other.verify.verified = 60;
  other.verify.untracked = 5;
  other.verify.swept = 20;
  other.verify.unswept = 6;
  other.verify.first_finding = "another";
  report.result.figures.Merge(other);
  const std::string text = ReportText(report);
  EXPECT_NE(text.find("verified 100 reads: 1 stale, 2 lost, 3 corrupt, 4 never written\n"
                      "5 of them only for corruption"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("50 of them of keys that were read back after the run\n"
                      "6 keys were not read back: no answer, or no time\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("first finding: key k is stale"), std::string::npos) << text;
  const auto verify = ReportDocument(report)["verify"];
  EXPECT_EQ(verify["verified"], 100);
  EXPECT_EQ(verify["lost"], 2);
  EXPECT_EQ(verify["swept"], 50);
  EXPECT_EQ(verify["unswept"], 6);
  EXPECT_EQ(verify["never_written"], 4);
  EXPECT_EQ(verify["first_finding"], "key k is stale");
}

TEST(Report, JsonHasEveryBucket) {
  Report report = OneReport();
  base::Histogram second;
  second.RecordMany(1'000'000, 3);
  report.result.figures.windows[0].latency_ns = SparseHistogram(second);
  const auto json = nlohmann::json::parse(JsonText(ReportDocument(report)));
  for (const char* name : {"response_us", "service_us"}) {
    uint64_t count = 0;
    for (const auto& bucket : json["latency"][name]) count += bucket[1].get<uint64_t>();
    EXPECT_EQ(count, 100'010U) << name;
    EXPECT_EQ(json["latency"][name].back()[0], 1000) << name;
  }
  // 1 ms is six factors of ten above 1 ns.
  EXPECT_EQ(json["heat_scale"]["lowest_us"], 0.001);
  EXPECT_EQ(json["windows"][0]["heat"],
            nlohmann::json::parse("[[" + std::to_string(6 * kHeatBucketsPerDecade) + ",3]]"));
  EXPECT_TRUE(json["windows"][1]["heat"].empty());
}

TEST(Report, JsonHasABucketOnALine) {
  Report report = OneReport();
  report.command = "echo '[\n 1]'";
  const std::string text = JsonText(ReportDocument(report));
  EXPECT_NE(text.find("\n   [1.0,1000],\n   [2.0"), std::string::npos) << text.substr(0, 4000);
  EXPECT_NE(text.find("\n  \"response_us\": [\n"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text)["command"], report.command);
}

TEST(Report, JsonOfAClosedLoopHasNoResponseTimes) {
  Report report = OneReport();
  report.options.rate.clear();
  const auto json = nlohmann::json::parse(JsonText(ReportDocument(report)));
  EXPECT_FALSE(json["latency"].contains("response_us"));
  EXPECT_FALSE(json["latency"]["service_us"].empty());
}

TEST(Report, AServersWordsNeedNotBeText) {
  Report report = OneReport();
  report.result.figures.first_error = "ERR \xff\xfe";
  const auto json = nlohmann::json::parse(JsonText(ReportDocument(report)));
  EXPECT_TRUE(json["first_error"].get<std::string>().starts_with("ERR "));
}

TEST(Report, AClosedLoopTellsServiceTimes) {
  Report report = OneReport();
  report.options.rate.clear();
  const std::string text = ReportText(report);
  EXPECT_NE(text.find("closed loop"), std::string::npos) << text;
  EXPECT_EQ(text.find("all, response"), std::string::npos) << text;
  EXPECT_FALSE(nlohmann::json::parse(JsonText(ReportDocument(report)))["all"].contains("response"));
}

TEST(Report, ASecondThatIsWorseWidensTheIntervals) {
  LoadResult result;
  for (int second = 0; second < 40; ++second) {
    base::Histogram histogram;
    // Five seconds in a row are ten times as slow.
    histogram.RecordMany(second >= 20 && second < 25 ? 1'000'000 : 100'000, 10'000);
    result.figures.Of(OpKind::kRead).service_ns.Merge(histogram);
    result.figures.windows.emplace_back().latency_ns = SparseHistogram(histogram);
  }
  const auto intervals = ReportedPercentiles(result, false, 1);
  ASSERT_GE(intervals.size(), 3U);
  // p90 of all is slow; of other runs like this one it may well be quick.
  EXPECT_NEAR(static_cast<double>(intervals[1].value_ns), 1e6, 1e3);
  EXPECT_LT(intervals[1].low_ns, 110'000);
}

// A virtual machine of four cores, of which the generator has one and the server two.
Report ReportWithMachine() {
  Report report = OneReport();
  report.environment = {.cpu_model = "Model 9000",
                        .cores_online = 4,
                        .cores_usable = {0, 1, 2},
                        .is_virtual = true,
                        .governor = "powersave",
                        .memory_bytes = uint64_t{3} << 29,
                        .kernel = "6.1.0",
                        .system = "Debian",
                        .clock_source = "tsc",
                        .load_average = 0.25,
                        .version = "0.1.0",
                        .compiler = "gcc 12",
                        .build_type = "release, -O3"};
  report.options.cpus = {1};
  report.server_cores = {1, 2};
  report.result.stolen_share = 0.02;
  report.calibration = Calibration{.timer_late_p50_ns = 3'000,
                                   .timer_late_p99_ns = 12'000,
                                   .round_trip_p50_ns = 18'000,
                                   .round_trip_p99_ns = 31'000,
                                   .requests_per_s = 1'410'000,
                                   .cpu_us_per_request = 0.5};
  return report;
}

TEST(Report, TextTellsOfMachineAndProgram) {
  const std::string text = ReportText(ReportWithMachine());
  for (const std::string part :
       {"machine: Model 9000, 3 of 4 cores, virtual, 1.5 GiB, Debian, kernel 6.1.0, clock tsc, "
        "frequency powersave; load 0.25 at start\n",
        "program: corelane-bench 0.1.0, gcc 12, release, -O3\n",
        "warning: generator and server may both run on core 1",
        "warning: the hypervisor took 2.0 % of the cores' time",
        "calibration: timers 3.0 us late at p50, 12.0 us at p99; a round trip to a server that "
        "does "
        "nothing takes 18.0 us at p50, 31.0 us at p99; one thread manages 1,410,000 requests a "
        "second (0.50 us of CPU each)\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Report, NothingIsWarnedOfWhereAllIsQuiet) {
  Report report = ReportWithMachine();
  report.options.cpus = {0};
  report.result.stolen_share = 0;
  report.calibration.reset();
  const std::string text = ReportText(report);
  EXPECT_EQ(text.find("warning"), std::string::npos) << text;
  EXPECT_EQ(text.find("calibration"), std::string::npos) << text;
  EXPECT_FALSE(ReportDocument(report).contains("calibration"));
}

TEST(Report, JsonTellsOfMachineAndProgram) {
  const Json json = ReportDocument(ReportWithMachine());
  const auto& environment = json["environment"];
  EXPECT_EQ(environment["cpu"], "Model 9000");
  EXPECT_EQ(environment["cores_online"], 4);
  EXPECT_EQ(environment["cores_usable"], 3);
  EXPECT_EQ(environment["virtual"], true);
  EXPECT_EQ(environment["memory_bytes"], uint64_t{3} << 29);
  EXPECT_EQ(environment["stolen_cpu_percent"], 2);
  EXPECT_EQ(environment["reactor"], "epoll");
  EXPECT_EQ(environment["generator_cores"], "1");
  EXPECT_EQ(environment["server_cores"], "1-2");
  for (const auto& value : environment) EXPECT_FALSE(value.is_structured());
  EXPECT_EQ(json["calibration"]["requests_per_second_per_thread"], 1'410'000);
  EXPECT_EQ(json["calibration"]["ceiling_per_second_per_thread"], 2'000'000);
  EXPECT_EQ(json["calibration"]["timer_late_p99_us"], 12);
}

TEST(Report, TheRateAskedForIsThatOfTheCountedPart) {
  LoadOptions options;
  options.warmup_ns = 5 * kSecond;
  options.rate = {{1000, 1000, 5 * kSecond}, {1000, 3000, 10 * kSecond}};
  EXPECT_NEAR(AskedPerSecond(options), 2000, 1e-6);
  options.rate.clear();
  EXPECT_EQ(AskedPerSecond(options), 0);
}

}  // namespace
}  // namespace corelane::loadgen
