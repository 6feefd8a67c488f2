// What the lanes count and measure: INFO's sections about commands, LATENCY HISTOGRAM, SLOWLOG.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proto/resp_writer.h"
#include "shard/command_stats.h"
#include "shard/commands/info_commands.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class LatencyCommandsTest : public testing::Test {
 protected:
  LatencyCommandsTest() : lanes_(2) {
    client_.session.peer_address = "10.0.0.1:1";
    client_.session.name = "me";
  }
  std::string Ask(std::string_view line) {
    client_.Send(lanes_[0], line);
    lanes_.Settle();
    return client_.Take();
  }
  bool InfoHas(std::string_view section, std::string_view line) {
    const std::string text = Ask("INFO " + std::string(section));
    return text.find(" " + std::string(line) + " ") != std::string::npos;
  }

  Lanes lanes_;
  TestClient client_;
};

TEST(LatencyBuckets, ABucketIsAnEighthOfAPowerOfTwo) {
  for (uint64_t nanos : {0UL, 1UL, 15UL, 16UL, 1000UL, 1023UL, 1024UL, 123'456'789UL}) {
    const size_t index = LatencyBuckets::IndexOf(nanos);
    EXPECT_LE(LatencyBuckets::LowestOf(index), nanos);
    EXPECT_GT(LatencyBuckets::LowestOf(index + 1), nanos);
  }
  EXPECT_EQ(LatencyBuckets::IndexOf(UINT64_MAX), LatencyBuckets::kCount - 1);
  EXPECT_EQ(LatencyBuckets::LowestOf(LatencyBuckets::IndexOf(1024)), 1024U);
}

TEST(LatencyBuckets, CountsAndPercentiles) {
  LatencyBuckets buckets;
  for (uint64_t nanos = 1; nanos <= 100; ++nanos) buckets.Record(nanos * 1000);
  EXPECT_EQ(buckets.CountBelow(uint64_t{64} * 1024), 65U);
  EXPECT_EQ(buckets.ValueAt(50), LatencyBuckets::LowestOf(LatencyBuckets::IndexOf(50'000)));
  EXPECT_EQ(buckets.ValueAt(100), LatencyBuckets::LowestOf(LatencyBuckets::IndexOf(100'000)));
  EXPECT_EQ(LatencyBuckets().ValueAt(99), 0U);
}

TEST(InfoCommands, ErrorWordsAreThePrefixesOfResp) {
  for (int code = 1; code < static_cast<int>(kStatusCodes); ++code) {
    const std::string prefix(proto::RespErrorPrefix(static_cast<StatusCode>(code)));
    EXPECT_EQ(ErrorWord(static_cast<StatusCode>(code)), prefix.substr(0, prefix.find(' '))) << code;
  }
}

TEST_F(LatencyCommandsTest, CallsAreCountedOnceWhereverTheyRun) {
  Ask("SET " + lanes_.KeyOn(0) + " x");
  Ask("SET " + lanes_.KeyOn(1) + " x");
  Ask("MGET " + lanes_.KeyOn(0) + " " + lanes_.KeyOn(1));
  Ask("CLIENT GETNAME");
  Ask("INCR " + lanes_.KeyOn(1));
  Ask("GET");
  const std::string text = Ask("INFO commandstats");
  EXPECT_NE(text.find("cmdstat_set:calls=2,"), std::string::npos) << text;
  EXPECT_NE(text.find("cmdstat_mget:calls=1,"), std::string::npos);
  EXPECT_NE(text.find("cmdstat_client|getname:calls=1,"), std::string::npos);
  EXPECT_NE(text.find("rejected_calls=0,failed_calls=1 "), std::string::npos);
  EXPECT_TRUE(InfoHas("commandstats",
                      "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,"
                      "failed_calls=0"));
  EXPECT_TRUE(InfoHas("errorstats", "errorstat_ERR:count=2"));
  EXPECT_EQ(Ask("CONFIG RESETSTAT"), "+OK ");
  EXPECT_FALSE(InfoHas("errorstats", "errorstat_ERR:count=2"));
}

TEST_F(LatencyCommandsTest, QuickCommandsAreSampledAndCountedInFull) {
  const std::string get = "GET " + lanes_.KeyOn(0);
  for (int i = 0; i < 1000; ++i) Ask(get);
  const CommandTally& tally = lanes_.stats(0).Of(*CommandIndex().Find("get"));
  EXPECT_EQ(tally.calls, 1000U);
  EXPECT_GT(tally.timed, CommandStats::kTimedAtFirst);
  EXPECT_LT(tally.timed, 2 * CommandStats::kTimedAtFirst + 1000 / CommandStats::kTimedEvery);
  // The clock stands still, so all are in the lowest bucket; the count is that of all calls.
  EXPECT_EQ(Ask("LATENCY HISTOGRAM get"),
            "*2 $3 get *4 $5 calls :1000 $14 histogram_usec *2 :1 :1000 ");
  EXPECT_EQ(Ask("LATENCY HISTOGRAM nosuch"), "*0 ");
}

TEST_F(LatencyCommandsTest, LatencyTrackingCanBeTurnedOff) {
  Ask("CONFIG SET latency-tracking no");
  Ask("GET k");
  EXPECT_EQ(Ask("LATENCY HISTOGRAM get"), "*0 ");
}

TEST_F(LatencyCommandsTest, WithALowThresholdEverythingIsInTheSlowLog) {
  const std::string far = lanes_.KeyOn(1);
  Ask("CONFIG SET slowlog-log-slower-than 0");
  Ask("SLOWLOG RESET");
  lanes_.clock().AdvanceMillis(1);
  for (int i = 0; i < 40; ++i) Ask("GET " + far);
  EXPECT_EQ(Ask("SLOWLOG LEN"), ":41 ");  // with RESET itself
  const std::string latest = Ask("SLOWLOG GET 1");
  EXPECT_TRUE(latest.starts_with("*1 *6 :")) << latest;
  EXPECT_TRUE(latest.ends_with("*2 $7 slowlog $3 LEN $10 10.0.0.1:1 $2 me ")) << latest;
  EXPECT_NE(Ask("SLOWLOG GET 3").find("*2 $3 get $2 " + far), std::string::npos);
  EXPECT_EQ(Ask("SLOWLOG GET x"), "-ERR count should be greater than or equal to -1 ");
  EXPECT_EQ(Ask("SLOWLOG GET 0"), "*0 ");
  Ask("CONFIG SET slowlog-max-len 2");
  Ask("PING");
  EXPECT_EQ(Ask("SLOWLOG LEN"), ":2 ");
  Ask("CONFIG SET slowlog-log-slower-than -1");
  EXPECT_EQ(Ask("SLOWLOG RESET"), "+OK ");
  Ask("PING");
  EXPECT_EQ(Ask("SLOWLOG LEN"), ":0 ");
}

TEST(SlowLog, LongCommandsAreCut) {
  SlowLog log;
  const std::string word(200, 'x');
  const std::vector<std::string_view> args(40, word);
  log.Add("mset", args, {}, 5);
  const SlowEntry& entry = log.entries().front();
  ASSERT_EQ(entry.words.size(), SlowLog::kWordsMax);
  EXPECT_EQ(entry.words[0], "mset");
  EXPECT_EQ(entry.words[1], std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(entry.words.back(), "... (10 more arguments)");
}

}  // namespace
}  // namespace corelane::shard
