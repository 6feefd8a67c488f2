#include "wal/lane_log.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "wal/format.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

class LaneLogTest : public WalTest {
 protected:
  // One random change, appended and remembered.
  void AppendRandom(LaneLog& log, base::Random& random, std::vector<Change>& truth) {
    Change change{.key = std::string(random.Uniform(40), 'k') + std::to_string(random.Uniform(100)),
                  .value = {}};
    // Now and then a value that does not fit into a segment of the usual size.
    const size_t size = random.OneIn(50) ? 3 * kSegmentBytesMin : random.Uniform(3000);
    const uint64_t kind = random.Uniform(8);
    if (kind >= 4) change.value = std::string(size, static_cast<char>(random.Next()));
    ASSERT_TRUE(listener_.WaitUntil([&] {
      log.EndTurn();
      return log.Admit(1, change.key.size() + change.value.size()) == Admission::kOk;
    }));
    if (kind == 0) {
      change.type = FrameType::kErase;
      change.seq = log.AppendErase(change.key);
    } else if (kind == 1) {
      change.type = FrameType::kExpiry;
      change.expires_at =
          random.OneIn(2) ? kv::kNoExpiry : static_cast<int64_t>(random.Uniform(1'000'000));
      change.seq = log.AppendExpiry(change.key, change.expires_at);
    } else if (kind == 2) {
      change.type = FrameType::kClear;
      change.key.clear();
      change.seq = log.AppendClear();
    } else {
      if (random.OneIn(2)) {
        change.type = FrameType::kPutExpiring;
        change.expires_at = static_cast<int64_t>(random.Uniform(1'000'000));
      }
      change.created_at_s = static_cast<uint32_t>(random.Next());
      change.value_type = random.OneIn(2) ? kv::ValueType::kBinary : kv::ValueType::kString;
      change.seq = log.AppendPut(change.key, {.type = change.value_type,
                                              .bytes = change.value,
                                              .expires_at = change.expires_at,
                                              .created_at_s = change.created_at_s});
    }
    truth.push_back(change);
    if (random.OneIn(4)) log.EndTurn();
  }
};

TEST_F(LaneLogTest, WhatIsAppendedIsReadBackInEveryModeOverRestarts) {
  for (const FsyncMode mode : {FsyncMode::kAlways, FsyncMode::kEverySecond, FsyncMode::kOs}) {
    const uint64_t seed = 42 + static_cast<uint64_t>(mode);
    SCOPED_TRACE("seed " + std::to_string(seed));
    base::Random random(seed);
    std::vector<Change> truth;
    LaneLogOptions options = Options(mode);
    options.lane.directory = directory_.Sub(std::to_string(seed));
    ASSERT_TRUE(files_.CreateDirectories(options.lane.directory).ok());
    for (int run = 0; run < 3; ++run) {
      auto log = MustOpen(options);
      ASSERT_NE(log, nullptr);
      for (int i = 0; i < 300; ++i) AppendRandom(*log, random, truth);
      const uint64_t last_seq = log->last_seq();
      if (run == 1) {
        log.reset();
      } else {
        ASSERT_TRUE(log->Close().ok());
      }
      KeepingVisitor visitor;
      const auto recovery = RecoverLane(files_, options.lane, visitor);
      ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
      EXPECT_EQ(visitor.changes, truth);
      // Closing adds a mark, when there was still something to say.
      EXPECT_GE(recovery->last_seq, last_seq);
      EXPECT_LE(recovery->last_seq, last_seq + 1);
      EXPECT_EQ(recovery->torn_bytes, 0u);
      EXPECT_TRUE(recovery->unused_segments.empty());
      ASSERT_TRUE(CutLaneTail(files_, options.lane, *recovery).ok());
      options.next_seq = recovery->last_seq + 1;
      options.next_segment = recovery->last_segment + 1;
    }
  }
}

TEST_F(LaneLogTest, ReleasedFollowsTheModes) {
  {
    auto log = MustOpen(Options(FsyncMode::kAlways));
    const uint64_t seq = Put(*log, "key", "value");
    EXPECT_TRUE(listener_.WaitUntil([&] { return log->released_seq() >= seq; }));
    EXPECT_GE(log->Stats().syncs, 1u);
    EXPECT_GE(log->Stats().durable_seq, seq);
  }
  lane_.directory = directory_.Sub("os");
  ASSERT_TRUE(files_.CreateDirectories(lane_.directory).ok());
  auto log = MustOpen(Options(FsyncMode::kOs));
  const uint64_t seq = Put(*log, "key", "value");
  EXPECT_EQ(log->released_seq(), seq);
  EXPECT_EQ(log->Stats().durable_seq, 0u);
  EXPECT_EQ(log->Stats().syncs, 0u);
}

TEST_F(LaneLogTest, ABatchBiggerThanASegmentIsAdmittedAsAWhole) {
  auto log = MustOpen(Options(FsyncMode::kOs));
  Put(*log, "first", "1");
  const size_t count = 5000;
  const std::string value(100, 'v');
  ASSERT_TRUE(listener_.WaitUntil(
      [&] { return log->Admit(count, count * (value.size() + 8)) == Admission::kOk; }));
  EXPECT_GE(log->Stats().waits, 1u);
  for (size_t i = 0; i < count; ++i) log->AppendPut("12345678", {.bytes = value});
  log->EndTurn();
  ASSERT_TRUE(log->Close().ok());
  KeepingVisitor visitor;
  ASSERT_TRUE(Recover(visitor).ok());
  EXPECT_EQ(visitor.changes.size(), count + 1);
}

TEST_F(LaneLogTest, ClosingGivesUnusedRoomBackAndMakesTheEndDamageProof) {
  auto log = MustOpen(Options(FsyncMode::kEverySecond));
  for (int i = 0; i < 3; ++i) Put(*log, "key", "value");
  ASSERT_TRUE(log->Close().ok());
  EXPECT_TRUE(log->Close().ok());
  std::string bytes = ReadBytes(SegmentPath(1));
  EXPECT_EQ(bytes.size(), kSegmentHeaderBytes + 3 * PaddedFrameBytes(kFrameHeaderBytes + 8) +
                              kFrameHeaderBytes + kFrameNumberBytes);
  EXPECT_FALSE(*files_.Exists(SegmentPath(2)));
  bytes[bytes.size() - 40] = 'X';
  WriteBytes(SegmentPath(1), bytes);
  KeepingVisitor visitor;
  EXPECT_EQ(Recover(visitor).code(), StatusCode::kCorruption);
}

TEST_F(LaneLogTest, AnUnusedLogLeavesNothingToRecover) {
  ASSERT_TRUE(MustOpen(Options(FsyncMode::kAlways))->Close().ok());
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_TRUE(recovery.ok());
  EXPECT_EQ(recovery->last_segment, 0u);
  EXPECT_EQ(recovery->unused_segments, std::vector<uint64_t>{1});
}

TEST_F(LaneLogTest, ATooSmallSegmentSizeIsRefused) {
  LaneLogOptions options = Options(FsyncMode::kOs);
  options.segment_bytes = kSegmentBytesMin - 1;
  EXPECT_EQ(OpenLaneLog(options).code(), StatusCode::kBadArgument);
}

TEST_F(LaneLogTest, AnExistingSegmentIsNeverOverwritten) {
  WriteBytes(SegmentPath(1), "precious");
  EXPECT_FALSE(OpenLaneLog(Options(FsyncMode::kOs)).ok());
  EXPECT_EQ(ReadBytes(SegmentPath(1)), "precious");
}

// A process appends without end and is killed from outside; all that it had told to be released is
// there.
TEST_F(LaneLogTest, WhatWasReleasedSurvivesAKill) {
  for (const FsyncMode mode : {FsyncMode::kAlways, FsyncMode::kEverySecond, FsyncMode::kOs}) {
    LaneLogOptions options = Options(mode);
    options.lane.directory = directory_.Sub(std::to_string(static_cast<int>(mode)));
    options.listener = nullptr;
    ASSERT_TRUE(files_.CreateDirectories(options.lane.directory).ok());
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto log = OpenLaneLog(options);
      if (!log.ok()) _exit(1);
      uint64_t told = 0;
      while (true) {
        if ((*log)->Admit(1, 103) == Admission::kOk)
          (*log)->AppendPut("key", {.bytes = "a hundred bytes or less"});
        (*log)->EndTurn();
        const uint64_t released = (*log)->released_seq();
        if (released > told && write(ends[1], &released, sizeof(released)) == sizeof(released))
          told = released;
      }
    }
    close(ends[1]);
    uint64_t told = 0;
    for (uint64_t next = 0; told < 5000 && read(ends[0], &next, sizeof(next)) == sizeof(next);)
      told = next;
    kill(child, SIGKILL);
    for (uint64_t next = 0; read(ends[0], &next, sizeof(next)) == sizeof(next);) told = next;
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    KeepingVisitor visitor;
    const auto recovery = RecoverLane(files_, options.lane, visitor);
    ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
    EXPECT_GE(told, 5000u);
    EXPECT_GE(recovery->last_seq, told);
  }
}

}  // namespace
}  // namespace corelane::wal
