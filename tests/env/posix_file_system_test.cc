// Names, directories and locks. Files and mappings: posix_file_test.cc.

#include "env/posix_file_system.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

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

TEST_F(PosixFileSystemTest, OpenModes) {
  const std::string path = directory_.Sub("a");
  const Result<std::unique_ptr<File>> missing = files_.Open(path, OpenMode::kRead);
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(), "open " + path + ": No such file or directory");
  EXPECT_EQ(files_.Open(path, OpenMode::kReadWrite).code(), StatusCode::kNotFound);

  ASSERT_TRUE(files_.Open(path, OpenMode::kCreateNew).ok());
  const Result<std::unique_ptr<File>> again = files_.Open(path, OpenMode::kCreateNew);
  EXPECT_EQ(again.code(), StatusCode::kIoError);
  EXPECT_EQ(again.status().message(), "open " + path + ": File exists");
  ASSERT_TRUE(files_.Open(path, OpenMode::kReadWrite).ok());

  const auto read_only = files_.Open(path, OpenMode::kRead);
  ASSERT_TRUE(read_only.ok());
  EXPECT_EQ((*read_only)->WriteAt(0, "x").message(), "write " + path + ": Bad file descriptor");
  EXPECT_EQ((*read_only)->Map(4096).status().message(), "map " + path + ": Permission denied");
}

TEST_F(PosixFileSystemTest, FilesAreNotForEverybody) {
  Touch("a");
  struct stat about {};
  ASSERT_EQ(stat(directory_.Sub("a").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0007u, 0u);
}

TEST_F(PosixFileSystemTest, ListsSorted) {
  EXPECT_TRUE(files_.List(directory_.path())->empty());
  Touch("b");
  Touch("a");
  Touch(".hidden");
  ASSERT_TRUE(files_.CreateDirectories(directory_.Sub("c/below")).ok());
  EXPECT_EQ(*files_.List(directory_.path()), (std::vector<std::string>{".hidden", "a", "b", "c"}));
  EXPECT_EQ(files_.List(directory_.Sub("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.List(directory_.Sub("a")).code(), StatusCode::kIoError);
}

TEST_F(PosixFileSystemTest, Exists) {
  EXPECT_FALSE(*files_.Exists(directory_.Sub("a")));
  Touch("a");
  EXPECT_TRUE(*files_.Exists(directory_.Sub("a")));
  EXPECT_TRUE(*files_.Exists(directory_.path()));
  EXPECT_FALSE(*files_.Exists(directory_.Sub("a/below")));
}

TEST_F(PosixFileSystemTest, CreateDirectoriesMakesParents) {
  for (const char* name : {"x/y/z", "x/y/z", "x", "w/", "v//u/", "x/./t"}) {
    const Status status = files_.CreateDirectories(directory_.Sub(name));
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_TRUE(*files_.Exists(directory_.Sub(name))) << name;
  }
  EXPECT_TRUE(files_.CreateDirectories("/").ok());
  EXPECT_TRUE(files_.CreateDirectories(".").ok());
  Touch("file");
  EXPECT_EQ(files_.CreateDirectories(directory_.Sub("file")).message(),
            "create directory " + directory_.Sub("file") + ": File exists");
  EXPECT_EQ(files_.CreateDirectories(directory_.Sub("file/below")).code(), StatusCode::kIoError);
  EXPECT_FALSE(files_.CreateDirectories("").ok());
}

TEST_F(PosixFileSystemTest, RenameReplaces) {
  ASSERT_TRUE(WriteFileAtomically(files_, directory_.Sub("a"), "A").ok());
  ASSERT_TRUE(WriteFileAtomically(files_, directory_.Sub("b"), "B").ok());
  ASSERT_TRUE(files_.Rename(directory_.Sub("a"), directory_.Sub("b")).ok());
  EXPECT_FALSE(*files_.Exists(directory_.Sub("a")));
  EXPECT_EQ(*ReadFile(files_, directory_.Sub("b"), 10), "A");
  EXPECT_EQ(files_.Rename(directory_.Sub("a"), directory_.Sub("b")).code(), StatusCode::kNotFound);
}

TEST_F(PosixFileSystemTest, Remove) {
  Touch("a");
  EXPECT_TRUE(files_.Remove(directory_.Sub("a")).ok());
  EXPECT_EQ(files_.Remove(directory_.Sub("a")).code(), StatusCode::kNotFound);
  ASSERT_TRUE(files_.CreateDirectories(directory_.Sub("d/e")).ok());
  Touch("d/e/f");
  EXPECT_FALSE(files_.Remove(directory_.Sub("d")).ok());
  EXPECT_TRUE(files_.RemoveRecursively(directory_.Sub("d")).ok());
  EXPECT_FALSE(*files_.Exists(directory_.Sub("d")));
  EXPECT_TRUE(files_.RemoveRecursively(directory_.Sub("d")).ok());
}

TEST_F(PosixFileSystemTest, SyncDirectory) {
  EXPECT_TRUE(files_.SyncDirectory(directory_.path()).ok());
  EXPECT_EQ(files_.SyncDirectory(directory_.Sub("none")).code(), StatusCode::kNotFound);
  Touch("a");
  EXPECT_EQ(files_.SyncDirectory(directory_.Sub("a")).code(), StatusCode::kIoError);
}

TEST_F(PosixFileSystemTest, ALockExcludesUntilItIsGivenUp) {
  const std::string path = directory_.Sub("LOCK");
  auto lock = files_.Lock(path);
  ASSERT_TRUE(lock.ok());
  const auto second = files_.Lock(path);
  EXPECT_EQ(second.code(), StatusCode::kLocked);
  EXPECT_EQ(second.status().message(), "lock " + path + ": another process holds it");
  lock.value().reset();
  EXPECT_TRUE(files_.Lock(path).ok());
  EXPECT_EQ(files_.Lock(directory_.Sub("none/LOCK")).code(), StatusCode::kNotFound);
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
