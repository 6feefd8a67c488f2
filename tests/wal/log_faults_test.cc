// The log on a disk that fails.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "env/file_system_wrapper.h"
#include "fault/faulty_file_system.h"
#include "fault/simulated_disk.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

using fault::FaultyFileSystem;
using fault::Operation;

class LogFaultsTest : public WalTest {
 protected:
  LogFaultsTest() : disk_(files_) {}

  [[nodiscard]] LaneLogOptions FaultyOptions(FsyncMode mode) {
    LaneLogOptions options = Options(mode);
    options.files = &disk_;
    return options;
  }

  FaultyFileSystem disk_;
};

TEST_F(LogFaultsTest, AFailedSyncIsFinal) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kAlways));
  const uint64_t good = Put(*log, "key", "good");
  ASSERT_TRUE(listener_.WaitUntil([&] { return log->released_seq() >= good; }));
  disk_.Fail({.operation = Operation::kSync,
              .nth = 1,
              .status = Status(StatusCode::kIoError, "sync: EIO"),
              .path_contains = ""});
  const uint64_t lost = Put(*log, "key", "lost");
  ASSERT_TRUE(listener_.WaitUntil([&] { return !log->health().ok(); }));
  EXPECT_EQ(log->health().code(), StatusCode::kWalWriteFailed);
  EXPECT_EQ(log->health().message(), "sync: EIO");
  EXPECT_EQ(log->Stats().failure, "sync: EIO");
  EXPECT_EQ(log->Admit(1, 10), Admission::kFailed);
  // The disk works again by now; nobody tries.
  const uint64_t calls = disk_.calls(Operation::kSync);
  log->EndTurn();
  EXPECT_EQ(log->Close().code(), StatusCode::kWalWriteFailed);
  EXPECT_EQ(disk_.calls(Operation::kSync), calls);
  EXPECT_LT(log->released_seq(), lost);
}

TEST_F(LogFaultsTest, ASyncThatFailsForLackOfSpaceIsFinalToo) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kAlways));
  disk_.Fail({.operation = Operation::kSync,
              .nth = 1,
              .status = Status(StatusCode::kDiskFull, "sync: ENOSPC"),
              .path_contains = ""});
  Put(*log, "key", "lost");
  ASSERT_TRUE(listener_.WaitUntil([&] { return !log->health().ok(); }));
  EXPECT_EQ(log->Admit(1, 10), Admission::kFailed);
}

TEST_F(LogFaultsTest, AFullDiskRefusesOnceTheRoomLeftIsUsedUpAndHeals) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kEverySecond));
  Put(*log, "key", "value");
  disk_.SetNoSpace(true);
  const std::string value(1000, 'v');
  size_t appended = 1;
  Admission answer = Admission::kOk;
  while (true) {
    ASSERT_TRUE(listener_.WaitUntil(
        [&] { return (answer = log->Admit(1, value.size() + 3)) != Admission::kWait; }));
    if (answer != Admission::kOk) break;
    log->AppendPut("key", {.bytes = value});
    ++appended;
    log->EndTurn();
  }
  EXPECT_EQ(answer, Admission::kDiskFull);
  EXPECT_EQ(log->health().code(), StatusCode::kDiskFull);
  // The segment that was there is full to its end, but for less than one more change.
  EXPECT_GT(appended, kSegmentBytesMin / 1100);
  disk_.SetNoSpace(false);
  ASSERT_TRUE(
      listener_.WaitUntil([&] { return log->Admit(1, value.size() + 3) == Admission::kOk; }));
  EXPECT_TRUE(log->health().ok());
  log->AppendPut("key", {.bytes = value});
  ++appended;
  ASSERT_TRUE(log->Close().ok());
  KeepingVisitor visitor;
  const auto recovery = Recover(visitor);
  ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
  EXPECT_EQ(visitor.changes.size(), appended);
}

TEST_F(LogFaultsTest, ClosingWithAFullDiskIsNoFailureOfWhatWasAccepted) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kEverySecond));
  disk_.SetNoSpace(true);
  // More than half of the segment, so that the helper wants the next one.
  for (int i = 0; i < 40; ++i) Put(*log, "key", std::string(1000, 'v'));
  static_cast<void>(log->Admit(1, 10 * kSegmentBytesMin));
  ASSERT_TRUE(listener_.WaitUntil([&] { return log->health().code() == StatusCode::kDiskFull; }));
  EXPECT_TRUE(log->Close().ok());
  KeepingVisitor visitor;
  ASSERT_TRUE(Recover(visitor).ok());
  EXPECT_EQ(visitor.changes.size(), 40u);
}

TEST_F(LogFaultsTest, ASegmentThatCannotBeMadeFailsTheLog) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kOs));
  disk_.Fail({.operation = Operation::kWrite,
              .nth = 1,
              .status = Status(StatusCode::kIoError, "write: EIO"),
              .path_contains = SegmentName(2)});
  static_cast<void>(log->Admit(1, 2 * kSegmentBytesMin));
  ASSERT_TRUE(listener_.WaitUntil([&] { return log->Admit(1, 10) == Admission::kFailed; }));
  EXPECT_EQ(log->health().message(), "write: EIO");
}

TEST_F(LogFaultsTest, OpeningOnABrokenDiskFailsAndLeavesNoSegment) {
  for (const Operation operation : {Operation::kOpen, Operation::kAllocate, Operation::kWrite,
                                    Operation::kSync, Operation::kSyncDirectory}) {
    disk_.Fail({.operation = operation,
                .nth = 1,
                .status = Status(StatusCode::kIoError, "broken"),
                .path_contains = ""});
    EXPECT_EQ(OpenLaneLog(FaultyOptions(FsyncMode::kOs)).code(), StatusCode::kIoError);
    EXPECT_FALSE(*files_.Exists(SegmentPath(1)));
  }
}

TEST_F(LogFaultsTest, WhileASyncRunsTheLaneGoesOnAndNothingIsReleased) {
  auto log = MustOpen(FaultyOptions(FsyncMode::kAlways));
  disk_.HoldSyncs(true);
  const uint64_t first = Put(*log, "key", "1");
  disk_.WaitForHeldSyncs(1);
  const uint64_t second = Put(*log, "key", "2");
  EXPECT_GT(second, first);
  EXPECT_EQ(log->released_seq(), 0u);
  disk_.HoldSyncs(false);
  ASSERT_TRUE(listener_.WaitUntil([&] { return log->released_seq() >= second; }));
}

// Linux takes pages for clean whose sync has failed. The next life reads them well, and must not
// call them durable before they are.
TEST_F(LogFaultsTest, WhatAFailedSyncLeftBehindIsWrittenAgainAtTheNextStart) {
  base::Random random(3);
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    fault::SimulatedDisk disk;
    ASSERT_TRUE(disk.CreateDirectories(lane_.directory).ok());
    LaneLogOptions options = Options(FsyncMode::kAlways);
    options.files = &disk;
    auto log = MustOpen(options);
    disk.SetFaults({.sync = 1}, seed);
    Put(*log, "key", std::string(20'000, 'v'));
    ASSERT_TRUE(listener_.WaitUntil([&] { return !log->health().ok(); }));
    log.reset();
    disk.KillProcess();

    KeepingVisitor found;
    auto recovery = RecoverLane(disk, lane_, found);
    ASSERT_TRUE(recovery.ok());
    ASSERT_EQ(found.changes.size(), 1u);
    ASSERT_TRUE(CutLaneTail(disk, lane_, *recovery).ok());
    disk.LosePower(random);
    KeepingVisitor left;
    ASSERT_TRUE(RecoverLane(disk, lane_, left).ok());
    EXPECT_EQ(left.changes, found.changes) << "seed " << seed;
  }
}

// Notes before each sync which frames the file has by then, and lets that count only when the sync
// has returned OK.
class RecordingFileSystem final : public env::FileSystemWrapper {
 public:
  RecordingFileSystem(env::FileSystem& target, std::atomic<uint64_t>& appended)
      : FileSystemWrapper(target), appended_(appended) {}

  Result<std::unique_ptr<env::File>> Open(const std::string& path, env::OpenMode mode) override {
    auto file = FileSystemWrapper::Open(path, mode);
    if (!file.ok()) return file;
    return std::unique_ptr<env::File>(
        std::make_unique<RecordingFile>(std::move(file).value(), *this));
  }

  std::atomic<uint64_t> covered{0};

 private:
  class RecordingFile final : public env::FileWrapper {
   public:
    RecordingFile(std::unique_ptr<env::File> target, RecordingFileSystem& owner)
        : FileWrapper(std::move(target)), owner_(owner) {}
    Status Sync() override {
      return Recorded([&] { return FileWrapper::Sync(); });
    }
    Status SyncMapped(env::Mapping& mapping, uint64_t offset, uint64_t size) override {
      return Recorded([&] { return FileWrapper::SyncMapped(mapping, offset, size); });
    }

   private:
    template <typename Call>
    Status Recorded(const Call& sync) {
      const uint64_t before = owner_.appended_.load();
      Status status = sync();
      if (status.ok() && before > owner_.covered.load()) owner_.covered.store(before);
      return status;
    }

    RecordingFileSystem& owner_;
  };

  std::atomic<uint64_t>& appended_;
};

TEST_F(LogFaultsTest, ReleasedNeverPassesWhatASyncHasCovered) {
  std::atomic<uint64_t> appended{0};
  RecordingFileSystem recorder(files_, appended);
  LaneLogOptions options = Options(FsyncMode::kAlways);
  options.files = &recorder;
  auto log = MustOpen(options);
  const std::string value(500, 'v');
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(
        listener_.WaitUntil([&] { return log->Admit(1, value.size() + 3) == Admission::kOk; }));
    appended.store(log->AppendPut("key", {.bytes = value}));
    log->EndTurn();
    const uint64_t released = log->released_seq();
    ASSERT_LE(released, recorder.covered.load());
  }
  ASSERT_TRUE(listener_.WaitUntil([&] { return log->released_seq() == log->last_seq(); }));
  EXPECT_LE(log->released_seq(), recorder.covered.load());
  EXPECT_GT(log->Stats().segments, 10u);
}

}  // namespace
}  // namespace corelane::wal
