// corelane-wal as a program, on directories that the real log has written and a test has damaged:
// what it prints, its exit codes, and that it changes nothing but torn tails. Its path comes in the
// environment variable CORELANE_WAL, that of the server in CORELANE_SERVER.

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "wal_program_fixture.h"

namespace corelane::e2e {
namespace {

TEST_F(WalProgramTest, DumpTellsEverythingOfEveryType) {
  MakeDirectory(1);
  const auto log = OpenLog(0);
  const kv::ScalarBytes integer(int64_t{-5});
  const kv::ScalarBytes real(0.5);
  Put(*log, "plain", {.bytes = "hello"});
  Put(*log, "\xff\n\"\\", {.type = kv::ValueType::kBinary, .bytes = std::string_view("\0\x7f", 2)});
  Put(*log, "soon",
      {.type = kv::ValueType::kInteger, .bytes = integer.view(), .expires_at = 1'700'000'100'123});
  Put(*log, "noted",
      {.type = kv::ValueType::kFloat,
       .bytes = real.view(),
       .client_flags = 42,
       .marks = kv::kMarkStale | kv::kMarkBinaryKey});
  Put(*log, "yes", {.type = kv::ValueType::kBoolean, .bytes = "\x01", .client_flags = 1});
  log->AppendErase("plain");
  log->AppendExpiry("soon", kv::kNoExpiry);
  log->AppendExpiry("soon", -1);
  log->AppendMarks("noted", 0);
  log->AppendClear();
  ASSERT_TRUE(log->Close().ok());
  const Printed with_values = Run({"dump", data_, "--values"});
  EXPECT_EQ(with_values.exit_code, 0) << with_values;
  EXPECT_EQ(with_values.err, "");
  const std::string created = " created_at=2023-11-14T22:13:20Z";
  EXPECT_EQ(
      with_values.out,
      "lane=0 segment=1 offset=64 seq=1 type=put key=\"plain\" value_type=string value_bytes=5 "
      "value=\"hello\"" +
          created +
          "\n"
          "lane=0 segment=1 offset=104 seq=2 type=put key=\"\\xff\\n\\\"\\\\\" value_type=binary "
          "value_bytes=2 value=\"\\x00\\x7f\"" +
          created +
          "\n"
          "lane=0 segment=1 offset=136 seq=3 type=put-expiring key=\"soon\" value_type=integer "
          "value_bytes=8 value=-5" +
          created +
          " expires_at=2023-11-14T22:15:00.123Z expires_at_ms=1700000100123\n"
          "lane=0 segment=1 offset=184 seq=4 type=put-noted key=\"noted\" value_type=float "
          "value_bytes=8 value=0.5" +
          created +
          " client_flags=42 marks=stale,binary-key\n"
          "lane=0 segment=1 offset=240 seq=5 type=put-noted key=\"yes\" value_type=boolean "
          "value_bytes=1 value=1" +
          created +
          " client_flags=1 marks=none\n"
          "lane=0 segment=1 offset=288 seq=6 type=erase key=\"plain\"\n"
          "lane=0 segment=1 offset=320 seq=7 type=expiry key=\"soon\" expires_at=never\n"
          "lane=0 segment=1 offset=360 seq=8 type=expiry key=\"soon\" "
          "expires_at=1969-12-31T23:59:59.999Z expires_at_ms=-1\n"
          "lane=0 segment=1 offset=400 seq=9 type=marks key=\"noted\" marks=none\n"
          "lane=0 segment=1 offset=440 seq=10 type=clear\n"
          "lane=0 segment=1 offset=464 seq=11 type=durable-mark durable_seq=10\n");
  const Printed bare = Run({"dump", data_});
  EXPECT_FALSE(Contains(bare.out, "hello")) << bare;
  EXPECT_EQ(Lines(bare.out), 11u);
}

TEST_F(WalProgramTest, DumpAsJsonHasALineAFrame) {
  MakeDirectory(1);
  const auto log = OpenLog(0);
  Put(*log, "k\xc3\xa4se", {.bytes = "\xff", .expires_at = 1'700'000'100'000});
  log->AppendExpiry("k", kv::kNoExpiry);
  ASSERT_TRUE(log->Close().ok());
  const Printed printed = Run({"dump", data_, "--json", "--values"});
  ASSERT_EQ(printed.exit_code, 0) << printed;
  std::istringstream lines(printed.out);
  std::vector<nlohmann::json> frames;
  for (std::string line; std::getline(lines, line);) frames.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0], nlohmann::json({{"lane", 0},
                                       {"segment", 1},
                                       {"offset", 64},
                                       {"bytes", 40},
                                       {"seq", 1},
                                       {"type", "put-expiring"},
                                       {"key", "k\xc3\xa4se"},
                                       {"value_type", "string"},
                                       {"value_bytes", 1},
                                       {"value_base64", "/w=="},
                                       {"created_at", "2023-11-14T22:13:20Z"},
                                       {"created_at_s", 1'700'000'000},
                                       {"expires_at", "2023-11-14T22:15:00Z"},
                                       {"expires_at_ms", 1'700'000'100'000}}));
  EXPECT_TRUE(frames[1].at("expires_at").is_null());
  EXPECT_EQ(frames[2].at("durable_seq"), 2);
}

TEST_F(WalProgramTest, DumpTakesAPart) {
  MakeLogs(5);
  EXPECT_EQ(Lines(Run({"dump", data_}).out), 12u);
  const Printed lane = Run({"dump", data_, "--lane=1", "--from-seq=2", "--limit=3"});
  EXPECT_EQ(lane.exit_code, 0) << lane;
  EXPECT_EQ(Lines(lane.out), 3u) << lane;
  EXPECT_TRUE(lane.out.starts_with("lane=1 segment=1 offset=96 seq=2 type=put key=\"b1\"")) << lane;
  const Printed over_lanes = Run({"dump", data_, "--from-seq=5", "--limit=3"});
  EXPECT_EQ(over_lanes.exit_code, 0) << over_lanes;
  EXPECT_TRUE(Contains(over_lanes.out, "lane=0 segment=1 offset=224 seq=6 type=durable-mark"));
  EXPECT_TRUE(Contains(over_lanes.out, "lane=1 segment=1 offset=192 seq=5 type=put key=\"b4\""));
  EXPECT_EQ(Lines(over_lanes.out), 3u) << over_lanes;
  const Printed unwritten = RunInto(kFullFile, {"dump", data_});
  EXPECT_EQ(unwritten.exit_code, 1);
  EXPECT_EQ(unwritten.err, "corelane-wal: cannot write to standard output\n");
  const Printed none = Run({"dump", data_, "--lane=2"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(Contains(none.err, "--lane=2: the directory has 2 lanes")) << none;
}

TEST_F(WalProgramTest, ASoundDirectoryIsOk) {
  MakeLogs(5);
  const Printed printed = Run({"verify", data_});
  EXPECT_EQ(printed.exit_code, 0) << printed;
  EXPECT_EQ(printed.out,
            "generation=1 lanes=2\n"
            "lane=0 segments=1 frames=6 first_seq=1 last_seq=6 end=clean\n"
            "lane=1 segments=1 frames=6 first_seq=1 last_seq=6 end=clean\n"
            "OK\n");
  const auto before = Snapshot();
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 0) << cut;
  EXPECT_EQ(cut.out, "lane 0: nothing to cut\nlane 1: nothing to cut\n");
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(WalProgramTest, WhatACrashHasLeftBesideTheLogsIsNamedAndDoesNotCount) {
  MakeLogs(2);
  const std::string leftover = data_ + "/gen-000002/lane-0000";
  std::filesystem::create_directories(leftover);
  Write(leftover + "/" + wal::SegmentName(1), "not whole");
  const Printed printed = Run({"verify", data_});
  EXPECT_EQ(printed.exit_code, 0) << printed;
  EXPECT_TRUE(printed.out.starts_with(
      "generation=1 lanes=2\nleftover=gen-000002: does not count, and goes at the next start\n"))
      << printed;
}

TEST_F(WalProgramTest, ATornTailIsSoundAndIsCutAsTheServerWould) {
  MakeLogs(5);
  // In the middle of a4, with the mark that says so of all before it gone.
  std::filesystem::resize_file(SegmentPath(0, 1), kHeaderBytes + 4 * kSmallFrameBytes + 20);
  const Printed verified = Run({"verify", data_});
  EXPECT_EQ(verified.exit_code, 0) << verified;
  const std::string torn = SegmentPath(0, 1) + " at offset 192: no frame where one should be";
  EXPECT_TRUE(Contains(verified.out,
                       "lane=0 segments=1 frames=4 first_seq=1 last_seq=4 torn_bytes=20 "
                       "lost_frames=0 end=torn: " +
                           torn + "\n"))
      << verified;
  EXPECT_TRUE(Contains(verified.out, "\nOK; ")) << verified;
  const Printed dumped = Run({"dump", data_, "--lane=0"});
  EXPECT_EQ(dumped.exit_code, 0) << dumped;
  EXPECT_EQ(Lines(dumped.out), 4u);
  EXPECT_TRUE(Contains(dumped.err, "lane 0 ends in a torn tail: " + torn)) << dumped;

  // Only the lane that was asked for.
  EXPECT_EQ(Run({"truncate-torn", data_, "--lane=1"}).out, "lane 1: nothing to cut\n");
  EXPECT_EQ(std::filesystem::file_size(SegmentPath(0, 1)), 212u);
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 0) << cut;
  EXPECT_EQ(cut.out, "lane 0: torn tail: " + torn + "\nlane 0: cutting " + SegmentPath(0, 1) +
                         " from 212 to 192 bytes\n"
                         "lane 0: cut and synced; ends after sequence number 4\n"
                         "lane 1: nothing to cut\n");
  EXPECT_EQ(std::filesystem::file_size(SegmentPath(0, 1)), 192u);
  EXPECT_TRUE(Contains(Run({"verify", data_}).out, "last_seq=4 end=clean"));
}

TEST_F(WalProgramTest, GarbageBehindTheEndIsATornTail) {
  MakeLogs(5);
  const std::string whole = ReadFile(SegmentPath(1, 1));
  Write(SegmentPath(1, 1), whole + std::string(100, 'g'));
  const Printed verified = Run({"verify", data_});
  EXPECT_EQ(verified.exit_code, 0) << verified;
  EXPECT_TRUE(Contains(verified.out, "last_seq=6 torn_bytes=100")) << verified;
  EXPECT_EQ(Run({"truncate-torn", data_}).exit_code, 0);
  EXPECT_EQ(ReadFile(SegmentPath(1, 1)), whole);
}

TEST_F(WalProgramTest, WhatFollowsAHoleGoesWithItAndIsNamed) {
  MakeSegments();
  // No mark and no header of a later segment knows anything durable: as if no sync had come that
  // far. The first frame of the second segment did not reach the disk.
  const std::string second = ReadFile(SegmentPath(0, 2));
  std::filesystem::remove(SegmentPath(0, 3));
  for (uint64_t number = 4; std::filesystem::remove(SegmentPath(0, number)); ++number) continue;
  const std::string place = SegmentPath(0, 2) + " at offset 64";
  std::string holed = second.substr(0, kHeaderBytes + 32 + 5040);
  holed.replace(kHeaderBytes, 32, std::string(32, '\0'));
  Write(SegmentPath(0, 2), holed);
  const Printed verified = Run({"verify", data_});
  ASSERT_EQ(verified.exit_code, 0) << verified;
  EXPECT_TRUE(Contains(verified.out, "lost_frames=1 end=torn: " + place)) << verified;
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 0) << cut;
  EXPECT_TRUE(Contains(cut.out, "removing " + SegmentPath(0, 2) + ", 5136 bytes\n")) << cut;
  EXPECT_TRUE(Contains(cut.out, "lane 0: 1 whole frames behind the tear go with it")) << cut;
  EXPECT_FALSE(std::filesystem::exists(SegmentPath(0, 2)));
  EXPECT_TRUE(Contains(Run({"verify", data_}).out, "lane=0 segments=1 "));
}

TEST_F(WalProgramTest, DamageIsNamedWithFileAndOffsetAndNothingIsCut) {
  MakeLogs(5);
  Flip(SegmentPath(0, 1), kHeaderBytes + 2 * kSmallFrameBytes + 28);
  // Torn as well, but with damage elsewhere that is not to be touched.
  Write(SegmentPath(1, 1), ReadFile(SegmentPath(1, 1)) + "torn");
  const auto before = Snapshot();
  const std::string wrong =
      "corrupt frame in " + SegmentPath(0, 1) + " at offset 128: checksum mismatch";
  const Printed verified = Run({"verify", data_});
  EXPECT_EQ(verified.exit_code, 1) << verified;
  EXPECT_TRUE(Contains(verified.out,
                       "lane=0 segments=1 frames=2 first_seq=1 last_seq=2 end=bad: "
                       "corruption: " +
                           wrong + "\n"))
      << verified;
  EXPECT_TRUE(Contains(verified.out, "lane=1 segments=1 frames=6")) << verified;
  EXPECT_FALSE(Contains(verified.out, "OK"));
  EXPECT_EQ(verified.err, "corelane-wal: " + wrong + "\n");
  const Printed cut = Run({"truncate-torn", data_, "--lane=1"});
  EXPECT_EQ(cut.exit_code, 1) << cut;
  EXPECT_EQ(cut.err, "corelane-wal: " + wrong + "; nothing was changed\n");
  const Printed dumped = Run({"dump", data_});
  EXPECT_EQ(dumped.exit_code, 1);
  EXPECT_EQ(Lines(dumped.out), 2u + 6u) << dumped;
  EXPECT_TRUE(Contains(dumped.err, wrong)) << dumped;
  const Printed stats = Run({"stats", data_, "--json"});
  EXPECT_EQ(stats.exit_code, 1);
  EXPECT_EQ(nlohmann::json::parse(stats.out)["lanes"][0]["error"], "corruption: " + wrong);
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(WalProgramTest, AMissingSegmentIsDamage) {
  MakeSegments();
  EXPECT_EQ(Run({"verify", data_}).exit_code, 0);
  std::filesystem::remove(SegmentPath(0, 2));
  const Printed verified = Run({"verify", data_});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_EQ(verified.err, "corelane-wal: segment " + SegmentPath(0, 2) + " is missing\n");
  EXPECT_EQ(Run({"truncate-torn", data_}).exit_code, 1);
}

TEST_F(WalProgramTest, StatsCountWhatMatters) {
  MakeDirectory(2);
  {
    const auto log = OpenLog(0);
    Put(*log, "a", {.bytes = "1"});
    Put(*log, "a", {.bytes = "22"});
    Put(*log, "b", {.bytes = "1"});
    Put(*log, "c", {.bytes = "1", .expires_at = 1'700'000'000'000});  // long ago
    Put(*log, "d", {.bytes = "1"});
    log->AppendExpiry("d", INT64_MAX - 1);
    log->AppendErase("b");
    ASSERT_TRUE(log->Close().ok());
  }
  const Printed printed = Run({"stats", data_, "--json", "--segments"});
  ASSERT_EQ(printed.exit_code, 0) << printed;
  const auto stats = nlohmann::json::parse(printed.out);
  EXPECT_EQ(stats["manifest"], nlohmann::json({{"format", 1},
                                               {"created_at", "2023-11-14T22:13:20Z"},
                                               {"generation", 1},
                                               {"lanes", 2}}));
  const auto& lane = stats["lanes"][0];
  EXPECT_EQ(
      lane["frames_by_type"],
      nlohmann::json(
          {{"put", 4}, {"put-expiring", 1}, {"erase", 1}, {"expiry", 1}, {"durable-mark", 1}}));
  EXPECT_EQ(lane["live_keys"], 2);
  EXPECT_EQ(lane["expired_keys"], 1);
  // The second a; d with its expiry.
  EXPECT_EQ(lane["live_bytes"], 32 + 32 + 40);
  EXPECT_EQ(lane["garbage_bytes"], lane["frame_bytes"].get<int>() - 104);
  EXPECT_EQ(lane["file_bytes"], lane["frame_bytes"].get<int>() + 64);
  EXPECT_EQ(lane["durable_seq"], 7);
  EXPECT_EQ(lane["last_seq"], 8);
  EXPECT_EQ(lane["first_created_at"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(lane["segment_list"][0]["frames"], 8);
  EXPECT_EQ(stats["lanes"][1]["segments"], 0);
  EXPECT_EQ(stats["total"]["live_keys"], 2);
  // Who knows the seed can choose keys that meet in one place.
  for (const char* const seed : {"1234567890abcdef", "1311768467294899695"}) {
    EXPECT_FALSE(Contains(printed.out, seed));
  }
  const Printed text = Run({"stats", data_});
  EXPECT_TRUE(Contains(text.out, "live keys    2, 104 bytes")) << text;
  EXPECT_TRUE(Contains(text.out, "durable up to 7 at least")) << text;
}

TEST_F(WalProgramTest, ReadersChangeNothingWithALockFileOrWithout) {
  MakeLogs(3);
  Write(SegmentPath(1, 1), ReadFile(SegmentPath(1, 1)) + "torn");
  for (const bool lock_file : {true, false}) {
    if (!lock_file) std::filesystem::remove(data_ + "/LOCK");
    const auto before = Snapshot();
    for (const char* const command : {"dump", "verify", "stats"}) {
      EXPECT_EQ(Run({command, data_}).exit_code, 0) << command;
      EXPECT_EQ(Snapshot(), before) << command;
    }
  }
}

TEST_F(WalProgramTest, WhatIsNoDirectoryOfOursIsRefusedAndLeftAsItIs) {
  for (const char* const command : {"dump", "verify", "stats", "truncate-torn"}) {
    const Printed missing = Run({command, data_});
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_EQ(missing.err,
              "corelane-wal: data directory " + data_ + ": there is no such directory\n");
    EXPECT_FALSE(std::filesystem::exists(data_));
  }
  std::filesystem::create_directory(data_);
  for (const char* const command : {"dump", "verify", "stats", "truncate-torn"}) {
    const Printed strange = Run({command, data_});
    EXPECT_EQ(strange.exit_code, 2);
    EXPECT_TRUE(Contains(strange.err, "there is no MANIFEST in it")) << strange;
    EXPECT_TRUE(Snapshot().empty());
  }
  std::filesystem::remove(data_);
  MakeLogs(1);
  Write(data_ + "/MANIFEST", "corelane manifest 2\nwho knows\n");
  const Printed newer = Run({"verify", data_});
  EXPECT_EQ(newer.exit_code, 1);
  EXPECT_TRUE(
      Contains(newer.err, ": written by a newer corelane (format 2); this one reads up to 1"))
      << newer;
  std::filesystem::remove(data_ + "/MANIFEST");
  const Printed without = Run({"verify", data_});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_TRUE(Contains(without.err, "there are logs in gen-000001 but no MANIFEST")) << without;
  for (const std::vector<std::string>& usage : std::vector<std::vector<std::string>>{
           {}, {"verify"}, {"look", data_}, {"dump", data_, "--limit=0"}, {"stats", "--no-flag"}}) {
    EXPECT_EQ(Run(usage).exit_code, 2);
  }
}

TEST_F(WalProgramTest, ARunningServerKeepsItsDirectoryAndAKilledOneLeavesItSound) {
  ServerProcess server(Flags(data_, {"--shards=2", "--fsync=os"}), temporary_.Sub("stderr"));
  ASSERT_TRUE(server.WaitReady()) << server.Errors();
  RawClient client(server.port());
  EXPECT_EQ(client.Ask("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n"), "+OK\r\n");
  for (const char* const command : {"dump", "verify", "stats", "truncate-torn"}) {
    const Printed used = Run({command, data_});
    EXPECT_EQ(used.exit_code, 1);
    EXPECT_TRUE(Contains(used.err, "is in use by a running server")) << used;
  }
  server.Kill();
  const auto before = Snapshot();
  const Printed verified = Run({"verify", data_});
  EXPECT_EQ(verified.exit_code, 0) << verified;
  EXPECT_TRUE(Contains(verified.out, "\nOK\n")) << verified;
  EXPECT_TRUE(Contains(Run({"dump", data_}).out, "type=put key=\"key\""));
  // Space that was taken ahead is no torn tail.
  const Printed cut = Run({"truncate-torn", data_});
  EXPECT_EQ(cut.exit_code, 0);
  EXPECT_EQ(cut.out, "lane 0: nothing to cut\nlane 1: nothing to cut\n");
  EXPECT_EQ(Snapshot(), before);
}

TEST_F(WalProgramTest, AServerStartsFromWhatWasCut) {
  MakeDirectory(1);
  {
    const auto log = OpenLog(0);
    for (int i = 0; i < 5; ++i) Put(*log, "a" + std::to_string(i), {.bytes = "value"});
    ASSERT_TRUE(log->Close().ok());
  }
  std::filesystem::resize_file(SegmentPath(0, 1), kHeaderBytes + 4 * kSmallFrameBytes + 20);
  ASSERT_EQ(Run({"truncate-torn", data_}).exit_code, 0);
  ServerProcess server(Flags(data_, {"--shards=1"}), temporary_.Sub("stderr"));
  ASSERT_TRUE(server.WaitReady()) << server.Errors();
  EXPECT_FALSE(Contains(server.Errors(), "torn")) << server.Errors();
  RawClient client(server.port());
  EXPECT_EQ(client.Ask("*1\r\n$6\r\nDBSIZE\r\n"), ":4\r\n");
  EXPECT_EQ(client.Ask("*2\r\n$3\r\nGET\r\n$2\r\na3\r\n"), "$5\r\nvalue\r\n");
}

}  // namespace
}  // namespace corelane::e2e
