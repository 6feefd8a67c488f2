#include "fault/faulty_file_system.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "env/posix_file_system.h"
#include "fault/temp_directory.h"

namespace corelane::fault {
namespace {

class FaultyFileSystemTest : public testing::Test {
 protected:
  std::unique_ptr<env::File> Create(const std::string& name) {
    auto file = disk_.Open(directory_.Sub(name), env::OpenMode::kCreateNew);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return std::move(file).value();
  }

  TempDirectory directory_;
  env::PosixFileSystem posix_;
  FaultyFileSystem disk_{posix_};
};

const Status kBroken(StatusCode::kIoError, "broken");

TEST_F(FaultyFileSystemTest, PassesOnWhatIsNotToFail) {
  const auto file = Create("a");
  EXPECT_TRUE(file->WriteAt(0, "abc").ok());
  EXPECT_TRUE(file->Allocate(0, 10).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(*file->Size(), 10u);
  EXPECT_TRUE(file->Truncate(2).ok());
  EXPECT_EQ(*env::ReadFile(disk_, directory_.Sub("a"), 100), "ab");
  EXPECT_EQ(disk_.List(directory_.path())->size(), 1u);
  EXPECT_TRUE(disk_.SyncDirectory(directory_.path()).ok());
  EXPECT_TRUE(disk_.Lock(directory_.Sub("LOCK")).ok());
  EXPECT_TRUE(disk_.CreateDirectories(directory_.Sub("d")).ok());
  EXPECT_TRUE(disk_.Rename(directory_.Sub("a"), directory_.Sub("b")).ok());
  EXPECT_TRUE(disk_.Remove(directory_.Sub("b")).ok());
  EXPECT_TRUE(disk_.RemoveRecursively(directory_.Sub("d")).ok());
  EXPECT_EQ(disk_.calls(Operation::kWrite), 1u);
  EXPECT_EQ(disk_.calls(Operation::kOpen), 2u);
  EXPECT_EQ(disk_.calls(Operation::kRemove), 2u);
  EXPECT_EQ(disk_.calls(Operation::kMap), 0u);
}

TEST_F(FaultyFileSystemTest, TheNthCallFailsOnce) {
  const auto file = Create("a");
  disk_.Fail({.operation = Operation::kSync, .nth = 2, .status = kBroken, .path_contains = {}});
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(file->Sync().message(), "broken");
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(disk_.calls(Operation::kSync), 3u);
}

TEST_F(FaultyFileSystemTest, OrAllCallsFromThereOn) {
  const auto file = Create("a");
  disk_.Fail({.operation = Operation::kAllocate,
              .nth = 2,
              .status = kBroken,
              .every_later = true,
              .path_contains = {}});
  EXPECT_TRUE(file->Allocate(0, 10).ok());
  EXPECT_FALSE(file->Allocate(10, 10).ok());
  EXPECT_FALSE(file->Allocate(10, 10).ok());
  EXPECT_EQ(*file->Size(), 10u);
  disk_.ClearFaults();
  EXPECT_TRUE(file->Allocate(10, 10).ok());
}

TEST_F(FaultyFileSystemTest, OnlyMatchingPathsFail) {
  const auto left = Create("lane-0000");
  const auto right = Create("lane-0001");
  disk_.Fail({.operation = Operation::kWrite, .status = kBroken, .path_contains = "lane-0001"});
  EXPECT_TRUE(left->WriteAt(0, "x").ok());
  EXPECT_FALSE(right->WriteAt(0, "x").ok());
}

TEST_F(FaultyFileSystemTest, ATornWriteLeavesHalf) {
  const auto file = Create("a");
  disk_.Fail(
      {.operation = Operation::kWrite, .status = kBroken, .torn = true, .path_contains = {}});
  EXPECT_EQ(file->WriteAt(0, "abcdef").message(), "broken");
  EXPECT_EQ(*env::ReadFile(disk_, directory_.Sub("a"), 100), "abc");
}

TEST_F(FaultyFileSystemTest, NoSpaceRefusesGrowthOnlyAndHeals) {
  const auto file = Create("a");
  ASSERT_TRUE(file->Allocate(0, 100).ok());
  disk_.SetNoSpace(true);
  EXPECT_EQ(file->Allocate(0, 200).code(), StatusCode::kDiskFull);
  EXPECT_EQ(file->WriteAt(99, "xy").code(), StatusCode::kDiskFull);
  EXPECT_TRUE(file->WriteAt(98, "xy").ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(*file->Size(), 100u);
  disk_.SetNoSpace(false);
  EXPECT_TRUE(file->Allocate(0, 200).ok());
}

TEST_F(FaultyFileSystemTest, HeldSyncsWaitUntilTheyAreLetGo) {
  const auto file = Create("a");
  disk_.HoldSyncs(true);
  std::atomic<bool> synced{false};
  std::thread helper([&] {
    EXPECT_TRUE(file->Sync().ok());
    synced = true;
  });
  disk_.WaitForHeldSyncs(1);
  EXPECT_FALSE(synced);
  EXPECT_TRUE(file->WriteAt(0, "beside").ok());
  disk_.HoldSyncs(false);
  helper.join();
  EXPECT_TRUE(synced);
}

TEST_F(FaultyFileSystemTest, ASyncOfAMappingIsASync) {
  const auto file = Create("a");
  ASSERT_TRUE(file->Allocate(0, 4096).ok());
  const auto mapping = file->Map(4096);
  ASSERT_TRUE(mapping.ok());
  disk_.Fail({.operation = Operation::kSync, .status = kBroken, .path_contains = {}});
  EXPECT_EQ(file->SyncMapped(**mapping, 0, 4096).message(), "broken");
  EXPECT_TRUE(file->SyncMapped(**mapping, 0, 4096).ok());
  EXPECT_EQ(disk_.calls(Operation::kSync), 2u);
}

// Each operation can be made to fail, by its own name and no other's.
TEST_F(FaultyFileSystemTest, EveryOperationCanFail) {
  const auto file = Create("a");
  const std::string path = directory_.Sub("a");
  const auto attempt = [&](Operation operation) -> Status {
    char byte[1];
    switch (operation) {
      case Operation::kOpen:
        return disk_.Open(path, env::OpenMode::kRead).status();
      case Operation::kRead:
        return file->ReadAt(0, byte).status();
      case Operation::kWrite:
        return file->WriteAt(0, "x");
      case Operation::kAllocate:
        return file->Allocate(0, 4096);
      case Operation::kTruncate:
        return file->Truncate(4096);
      case Operation::kSync:
        return file->Sync();
      case Operation::kMap:
        return file->Map(4096).status();
      case Operation::kList:
        return disk_.List(directory_.path()).status();
      case Operation::kCreateDirectories:
        return disk_.CreateDirectories(directory_.Sub("d"));
      case Operation::kRename:
        return disk_.Rename(path, path);
      case Operation::kRemove:
        return disk_.RemoveRecursively(directory_.Sub("d"));
      case Operation::kSyncDirectory:
        return disk_.SyncDirectory(directory_.path());
      case Operation::kLock:
        return disk_.Lock(directory_.Sub("LOCK")).status();
    }
    return OkStatus();
  };
  for (size_t failing = 0; failing < kOperations; ++failing) {
    disk_.Fail({.operation = static_cast<Operation>(failing),
                .status = kBroken,
                .every_later = true,
                .path_contains = {}});
    for (size_t tried = 0; tried < kOperations; ++tried) {
      const Status status = attempt(static_cast<Operation>(tried));
      EXPECT_EQ(status.ok(), tried != failing) << failing << " " << tried << status.ToString();
    }
    disk_.ClearFaults();
  }
}

}  // namespace
}  // namespace corelane::fault
