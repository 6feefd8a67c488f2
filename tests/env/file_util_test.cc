// WriteFileAtomically and ReadFile, on a sound disk and on one that fails at every step.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/file_system.h"
#include "env/posix_file_system.h"
#include "fault/faulty_file_system.h"
#include "fault/temp_directory.h"

namespace corelane::env {
namespace {

using fault::Operation;

class FileUtilTest : public testing::Test {
 protected:
  std::string Read() {
    Result<std::string> bytes = ReadFile(posix_, path_, 1 << 20);
    return bytes.ok() ? *bytes : bytes.status().ToString();
  }

  fault::TempDirectory directory_;
  PosixFileSystem posix_;
  fault::FaultyFileSystem disk_{posix_};
  const std::string path_ = directory_.Sub("MANIFEST");
};

TEST_F(FileUtilTest, WritesAndReplaces) {
  ASSERT_TRUE(WriteFileAtomically(disk_, path_, "first").ok());
  EXPECT_EQ(Read(), "first");
  ASSERT_TRUE(WriteFileAtomically(disk_, path_, std::string(100'000, 'x')).ok());
  EXPECT_EQ(Read(), std::string(100'000, 'x'));
  ASSERT_TRUE(WriteFileAtomically(disk_, path_, "").ok());
  EXPECT_EQ(Read(), "");
  EXPECT_EQ(*posix_.List(directory_.path()), std::vector<std::string>{"MANIFEST"});
  EXPECT_EQ(disk_.calls(Operation::kSync), 3u);
  EXPECT_EQ(disk_.calls(Operation::kSyncDirectory), 3u);
}

TEST_F(FileUtilTest, ALeftOverTemporaryFileDoesNotHinder) {
  ASSERT_TRUE(posix_.Open(path_ + ".tmp", OpenMode::kCreateNew).ok());
  ASSERT_TRUE(WriteFileAtomically(disk_, path_, "new").ok());
  EXPECT_EQ(Read(), "new");
  EXPECT_FALSE(*posix_.Exists(path_ + ".tmp"));
}

// Whatever fails, the old file stays whole, and the failure is told as it came.
TEST_F(FileUtilTest, AFailureBeforeTheRenameLeavesTheOldFile) {
  ASSERT_TRUE(WriteFileAtomically(disk_, path_, "old").ok());
  for (const Operation operation : {Operation::kRemove, Operation::kOpen, Operation::kWrite,
                                    Operation::kSync, Operation::kRename}) {
    disk_.Fail({.operation = operation,
                .status = Status(StatusCode::kIoError, "broken"),
                .torn = true,
                .path_contains = {}});
    const Status status = WriteFileAtomically(disk_, path_, "new");
    EXPECT_EQ(status.message(), "broken") << static_cast<int>(operation);
    EXPECT_EQ(Read(), "old") << static_cast<int>(operation);
    disk_.ClearFaults();
  }
  EXPECT_EQ(*posix_.List(directory_.path()), std::vector<std::string>{"MANIFEST"});
}

TEST_F(FileUtilTest, AFailedSyncOfTheDirectoryIsTold) {
  disk_.Fail({.operation = Operation::kSyncDirectory,
              .status = Status(StatusCode::kIoError, "broken"),
              .path_contains = directory_.path()});
  EXPECT_EQ(WriteFileAtomically(disk_, path_, "new").message(), "broken");
}

TEST_F(FileUtilTest, ReadsWholeFilesUpToTheBound) {
  ASSERT_TRUE(WriteFileAtomically(posix_, path_, "12345").ok());
  EXPECT_EQ(*ReadFile(posix_, path_, 5), "12345");
  const Result<std::string> refused = ReadFile(posix_, path_, 4);
  EXPECT_EQ(refused.code(), StatusCode::kIoError);
  EXPECT_EQ(refused.status().message(), "read " + path_ + ": 5 bytes, more than the 4 allowed");
  EXPECT_EQ(ReadFile(posix_, path_ + "?", 4).code(), StatusCode::kNotFound);
  disk_.Fail({.operation = Operation::kRead,
              .status = Status(StatusCode::kIoError, "broken"),
              .path_contains = {}});
  EXPECT_EQ(ReadFile(disk_, path_, 5).status().message(), "broken");
}

}  // namespace
}  // namespace corelane::env
