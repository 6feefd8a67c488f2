// What only the real one can show of names and locks; the rest is in file_system_contract_test.cc.
// Files and mappings: posix_file_test.cc.

#include "env/posix_file_system.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>

#include "fault/temp_directory.h"

namespace corelane::env {
namespace {

class PosixFileSystemTest : public testing::Test {
 protected:
  void Touch(const std::string& name) {
    ASSERT_TRUE(files_.Open(directory_.Sub(name), OpenMode::kCreateNew).ok());
  }

  fault::TempDirectory directory_;
  PosixFileSystem files_;
};

TEST_F(PosixFileSystemTest, FilesAreNotForEverybody) {
  Touch("a");
  struct stat about {};
  ASSERT_EQ(stat(directory_.Sub("a").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0007u, 0u);
}

TEST_F(PosixFileSystemTest, SharedLocksExcludeOnlyTheOtherKindAndMakeNoFile) {
  const std::string path = directory_.Sub("LOCK");
  EXPECT_EQ(files_.LockShared(path).code(), StatusCode::kNotFound);
  EXPECT_FALSE(*files_.Exists(path));
  Touch("LOCK");
  {
    const auto first = files_.LockShared(path);
    const auto second = files_.LockShared(path);
    EXPECT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(files_.Lock(path).code(), StatusCode::kLocked);
  }
  const auto exclusive = files_.Lock(path);
  ASSERT_TRUE(exclusive.ok());
  EXPECT_EQ(files_.LockShared(path).code(), StatusCode::kLocked);
}

// The child says on a pipe that it has the lock, and then waits to be killed.
TEST_F(PosixFileSystemTest, ALockDiesWithItsProcess) {
  const std::string path = directory_.Sub("LOCK");
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = PosixFileSystem().Lock(path);
    const char answer = lock.ok() ? 'y' : 'n';
    if (write(pipe_ends[1], &answer, 1) == 1) pause();
    _exit(1);
  }
  ASSERT_GT(child, 0);
  char answer = 0;
  EXPECT_EQ(read(pipe_ends[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ(files_.Lock(path).code(), StatusCode::kLocked);
  EXPECT_EQ(kill(child, SIGKILL), 0);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(files_.Lock(path).ok());
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace corelane::env
