// What the benchmark programs count with: the load generator's idea of requests and replies, and
// the classic suite's histogram and reports.

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <string_view>

#include "bench/classic_suite.h"
#include "bench/latency_buckets.h"
#include "bench/report.h"
#include "load/wire.h"

namespace corelane {
namespace {

using bench::Protocol;
using bench::ScanResult;
using bench::Wire;

constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

std::string Rendered(const bench::RequestTemplate& request, uint64_t key) {
  std::string bytes(request.size(), '?');
  request.Render(key, bytes.data());
  return bytes;
}

TEST(WireTest, RendersRequestsOfEachProtocol) {
  const Wire resp(Protocol::kResp, 3);
  EXPECT_EQ(Rendered(resp.get(), 1234567), "*2\r\n$3\r\nGET\r\n$20\r\nkey:0000000001234567\r\n");
  EXPECT_EQ(Rendered(resp.set(), 99999999),
            "*3\r\n$3\r\nSET\r\n$20\r\nkey:0000000099999999\r\n$3\r\nvvv\r\n");
  const Wire memcached(Protocol::kMemcached, 3);
  EXPECT_EQ(Rendered(memcached.get(), 0), "get key:0000000000000000\r\n");
  EXPECT_EQ(Rendered(memcached.set(), 10), "set key:0000000000000010 0 0 3\r\nvvv\r\n");
  const Wire native(Protocol::kNative, 3);
  EXPECT_EQ(Rendered(native.set(), 7),
            std::string("\x01\x14\0\0\0\x03\0\0\0key:0000000000000007vvv", 32));
}

TEST(WireTest, CountsRepliesOfEachProtocol) {
  struct Case {
    Protocol protocol;
    std::string miss;
  };
  const Case cases[] = {{Protocol::kResp, "$-1\r\n"},
                        {Protocol::kMemcached, "END\r\n"},
                        {Protocol::kNative, std::string("\x01\0\0\0\0", 5)}};
  for (const Case& one : cases) {
    const Wire wire(one.protocol, 64);
    const std::string hit =
        one.protocol == Protocol::kMemcached
            ? "VALUE key:0000000000000001 0 64\r\n" + std::string(64, 'v') + "\r\nEND\r\n"
            : wire.CannedHit();
    const std::string in = hit + wire.CannedStored() + one.miss + hit;
    const ScanResult all = wire.Scan(in, kAll);
    EXPECT_EQ(all.hits, 2u);
    EXPECT_EQ(all.stored, 1u);
    EXPECT_EQ(all.misses, 1u);
    EXPECT_EQ(all.consumed, in.size());
    EXPECT_FALSE(all.bad);
    EXPECT_EQ(wire.Scan(in, 3).replies(), 3u);
  }
}

TEST(WireTest, WaitsForTheRestOfAReplyCutAnywhere) {
  for (const Protocol protocol : {Protocol::kResp, Protocol::kNative}) {
    const Wire wire(protocol, 64);
    const std::string hit = wire.CannedHit();
    for (size_t length = 0; length < hit.size(); ++length) {
      const ScanResult scan = wire.Scan(std::string_view(hit).substr(0, length), kAll);
      EXPECT_EQ(scan.replies(), 0u) << length;
      EXPECT_FALSE(scan.bad) << length;
    }
  }
}

TEST(WireTest, CallsWrongRepliesBad) {
  const Wire resp(Protocol::kResp, 64);
  EXPECT_TRUE(resp.Scan("-ERR unknown command\r\n", kAll).bad);
  EXPECT_TRUE(resp.Scan("$63\r\n" + std::string(63, 'v') + "\r\n", kAll).bad);
  std::string shifted = resp.CannedHit();
  shifted[shifted.size() - 2] = 'v';
  EXPECT_TRUE(resp.Scan(shifted, kAll).bad);
  EXPECT_TRUE(Wire(Protocol::kMemcached, 64).Scan("SERVER_ERROR out of memory\r\n", kAll).bad);
  EXPECT_TRUE(Wire(Protocol::kNative, 64).Scan(std::string("\x02\0\0\0\0", 5), kAll).bad);
}

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
