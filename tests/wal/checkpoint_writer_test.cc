#include "wal/checkpoint_writer.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "env/file_system_wrapper.h"
#include "fault/faulty_file_system.h"
#include "wal/checkpoint_format.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

// A disk on which writing waits until it is let go.
class SlowDisk final : public env::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;

  Result<std::unique_ptr<env::File>> Open(const std::string& path, env::OpenMode mode) override {
    Result<std::unique_ptr<env::File>> file = FileSystemWrapper::Open(path, mode);
    if (!file.ok()) return file;
    return {std::make_unique<SlowFile>(std::move(*file), *this)};
  }
  void LetGo() { go_.set_value(); }

 private:
  class SlowFile final : public env::FileWrapper {
   public:
    SlowFile(std::unique_ptr<env::File> target, SlowDisk& disk)
        : FileWrapper(std::move(target)), disk_(disk) {}
    Status WriteAt(uint64_t offset, std::string_view bytes) override {
      disk_.gone_.wait();
      return FileWrapper::WriteAt(offset, bytes);
    }

   private:
    SlowDisk& disk_;
  };

  std::promise<void> go_;
  const std::shared_future<void> gone_ = go_.get_future().share();
};

class CheckpointWriterTest : public WalTest {
 protected:
  CheckpointWriterTest() : disk_(files_) { Make(); }

  void Make() { Make(disk_); }
  void Make(env::FileSystem& disk) {
    CheckpointWriterOptions options;
    options.files = &disk;
    options.clock = &clock_;
    options.lane = lane_;
    options.listener = &listener_;
    options.persist = [this] {
      ++persisted_;
      return persist_status_;
    };
    writer_ = std::make_unique<CheckpointWriter>(std::move(options));
  }

  void Add(std::string_view key, std::string_view value) {
    ASSERT_TRUE(listener_.WaitUntil(
        [&] { return writer_->HasRoom() || writer_->state() == CheckpointState::kFailed; }));
    writer_->Add(key, {.bytes = value});
    model_[std::string(key)] = value;
  }
  [[nodiscard]] CheckpointState WaitForEnd() {
    EXPECT_TRUE(listener_.WaitUntil([&] { return writer_->state() != CheckpointState::kWriting; }));
    return writer_->state();
  }
  // What a start finds in the lane's directory, where the log is empty.
  [[nodiscard]] std::map<std::string, std::string> Read() {
    KeepingVisitor visitor;
    const Result<LaneRecovery> recovery = Recover(visitor);
    EXPECT_TRUE(recovery.ok()) << recovery.status().ToString();
    std::map<std::string, std::string> found;
    for (const Change& change : visitor.changes) found[change.key] = change.value;
    return found;
  }
  [[nodiscard]] size_t Files() { return disk_.List(lane_.directory)->size(); }

  fault::FaultyFileSystem disk_;
  int persisted_ = 0;
  Status persist_status_;
  std::map<std::string, std::string> model_;
  std::unique_ptr<CheckpointWriter> writer_;
};

TEST_F(CheckpointWriterTest, WhatWasAddedIsReadBack) {
  for (int round = 0; round < 2; ++round) {
    writer_->Begin(0, 1);
    // Many blocks, some entries that are larger than one.
    for (int i = 0; i < 20'000; ++i) Add(absl::StrCat("key", i), absl::StrCat("value", i, round));
    Add("large", std::string(3 * CheckpointWriter::kBlockBytes, 'x'));
    Add("", "");
    Add("larger", std::string(kCheckpointBlockBytesMax + 1, 'y'));
    writer_->Finish(0);
    ASSERT_EQ(WaitForEnd(), CheckpointState::kDone) << writer_->failure().ToString();
    EXPECT_EQ(writer_->report().entries, model_.size());
    EXPECT_EQ(writer_->report().number, 1U + static_cast<uint64_t>(round));
    writer_->Acknowledge();
    EXPECT_EQ(Read(), model_);
    EXPECT_EQ(Files(), 1U);
  }
  EXPECT_EQ(persisted_, 2);
}

TEST_F(CheckpointWriterTest, OneOfNothingIsACheckpoint) {
  writer_->Begin(0, 1);
  EXPECT_TRUE(writer_->HasRoom());
  writer_->Finish(0);
  ASSERT_EQ(WaitForEnd(), CheckpointState::kDone) << writer_->failure().ToString();
  EXPECT_EQ(writer_->report().entries, 0U);
  writer_->Acknowledge();
  EXPECT_TRUE(Read().empty());
  EXPECT_EQ(Files(), 1U);
}

TEST_F(CheckpointWriterTest, MoreThanThereIsRoomForIsTakenAllTheSame) {
  writer_->Begin(0, 1);
  // As a walk over a stripe does, which looks for room once.
  for (int i = 0; i < 100; ++i) {
    const std::string key = absl::StrCat("key", i);
    model_[key] = std::string(CheckpointWriter::kBlockBytes, 'x');
    writer_->Add(key, {.bytes = model_[key]});
  }
  writer_->Finish(0);
  ASSERT_EQ(WaitForEnd(), CheckpointState::kDone);
  writer_->Acknowledge();
  EXPECT_EQ(Read(), model_);
}

TEST_F(CheckpointWriterTest, ASlowDiskEndsTheRoomAndTheMemory) {
  SlowDisk slow(files_);
  Make(slow);
  writer_->Begin(0, 1);
  // As a lane does: looks for room, then adds what a stripe has.
  size_t added_bytes = 0;
  for (int i = 0; writer_->HasRoom(); ++i) {
    ASSERT_LT(i, 10'000);
    for (int entry = 0; entry < 100; ++entry) {
      const std::string key = absl::StrCat("key", i, "/", entry);
      model_[key] = std::string(300, 'x');
      writer_->Add(key, {.bytes = model_[key]});
      added_bytes += CheckpointEntryBytes(key, {.bytes = model_[key]});
    }
  }
  EXPECT_GT(added_bytes, (CheckpointWriter::kBlocksMax - 1) * CheckpointWriter::kBlockBytes);
  EXPECT_LT(added_bytes, (CheckpointWriter::kBlocksMax + 1) * CheckpointWriter::kBlockBytes);
  // More than fits between the threads, and the end behind it: it gets there all the same.
  for (int i = 0; i < 200; ++i) {
    const std::string key = absl::StrCat("more", i);
    model_[key] = std::string(CheckpointWriter::kBlockBytes, 'x');
    writer_->Add(key, {.bytes = model_[key]});
  }
  writer_->Finish(0);
  slow.LetGo();
  ASSERT_EQ(WaitForEnd(), CheckpointState::kDone);
  writer_->Acknowledge();
  EXPECT_EQ(Read(), model_);
  writer_.reset();
}

TEST_F(CheckpointWriterTest, OneThatIsAbandonedOrNeverFinishedLeavesTheLastOne) {
  writer_->Begin(0, 1);
  Add("a", "1");
  writer_->Finish(0);
  ASSERT_EQ(WaitForEnd(), CheckpointState::kDone);
  writer_->Acknowledge();
  const auto first = model_;

  writer_->Begin(0, 1);
  Add("b", std::string(CheckpointWriter::kBlockBytes, 'x'));
  writer_->Abandon();
  ASSERT_EQ(WaitForEnd(), CheckpointState::kFailed);
  writer_->Acknowledge();
  EXPECT_EQ(Read(), first);

  writer_->Begin(0, 1);
  Add("c", std::string(CheckpointWriter::kBlockBytes, 'x'));
  writer_.reset();
  EXPECT_EQ(Read(), first);
  EXPECT_EQ(Files(), 1U);
}

TEST_F(CheckpointWriterTest, AFailureIsToldAndTheNextOneStartsAfresh) {
  for (const fault::Operation operation :
       {fault::Operation::kWrite, fault::Operation::kSync, fault::Operation::kRename}) {
    disk_.Fail({.operation = operation,
                .nth = 1,
                .status = Status(StatusCode::kDiskFull, "no room"),
                .path_contains = ""});
    writer_->Begin(0, 1);
    for (int i = 0; i < 1000; ++i) {
      Add(absl::StrCat("key", i), std::string(1000, 'x'));
    }
    writer_->Finish(0);
    ASSERT_EQ(WaitForEnd(), CheckpointState::kFailed);
    EXPECT_EQ(writer_->failure().code(), StatusCode::kDiskFull);
    writer_->Acknowledge();
    EXPECT_EQ(Files(), 0U);
  }
  model_.clear();
  writer_->Begin(0, 1);
  Add("a", "1");
  writer_->Finish(0);
  ASSERT_EQ(WaitForEnd(), CheckpointState::kDone);
  writer_->Acknowledge();
  EXPECT_EQ(Read(), model_);
}

TEST_F(CheckpointWriterTest, AnEngineThatCannotPersistHasNoCheckpoint) {
  persist_status_ = Status(StatusCode::kIoError, "EIO");
  writer_->Begin(0, 1);
  writer_->Finish(0);
  ASSERT_EQ(WaitForEnd(), CheckpointState::kFailed);
  EXPECT_EQ(writer_->failure().code(), StatusCode::kIoError);
  EXPECT_EQ(Files(), 0U);
}

}  // namespace
}  // namespace corelane::wal
