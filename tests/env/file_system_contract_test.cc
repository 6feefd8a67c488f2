// What every FileSystem answers alike about names, directories and locks: the real one, and the
// simulated disk that stands for it in crash tests.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/posix_file_system.h"
#include "fault/simulated_disk.h"
#include "fault/temp_directory.h"

namespace corelane::env {
namespace {

enum class Kind { kPosix, kSimulated };

class FileSystemContractTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override { ASSERT_TRUE(files_.CreateDirectories(root_).ok()); }

  [[nodiscard]] std::string Sub(const std::string& name) const { return root_ + "/" + name; }
  void Touch(const std::string& name) {
    ASSERT_TRUE(files_.Open(Sub(name), OpenMode::kCreateNew).ok());
  }

  fault::TempDirectory directory_;
  PosixFileSystem posix_;
  fault::SimulatedDisk simulated_;
  const bool is_posix_ = GetParam() == Kind::kPosix;
  FileSystem& files_ = is_posix_ ? static_cast<FileSystem&>(posix_) : simulated_;
  const std::string root_ = is_posix_ ? directory_.path() : "/simulated";
};

INSTANTIATE_TEST_SUITE_P(, FileSystemContractTest, testing::Values(Kind::kPosix, Kind::kSimulated),
                         [](const auto& info) {
                           return info.param == Kind::kPosix ? "Posix" : "Simulated";
                         });

TEST_P(FileSystemContractTest, OpenModes) {
  const std::string path = Sub("a");
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

TEST_P(FileSystemContractTest, ListsSorted) {
  EXPECT_TRUE(files_.List(root_)->empty());
  Touch("b");
  Touch("a");
  Touch(".hidden");
  ASSERT_TRUE(files_.CreateDirectories(Sub("c/below")).ok());
  EXPECT_EQ(*files_.List(root_), (std::vector<std::string>{".hidden", "a", "b", "c"}));
  EXPECT_EQ(files_.List(Sub("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(files_.List(Sub("a")).code(), StatusCode::kIoError);
}

TEST_P(FileSystemContractTest, Exists) {
  EXPECT_FALSE(*files_.Exists(Sub("a")));
  Touch("a");
  EXPECT_TRUE(*files_.Exists(Sub("a")));
  EXPECT_TRUE(*files_.Exists(root_));
  EXPECT_FALSE(*files_.Exists(Sub("a/below")));
}

TEST_P(FileSystemContractTest, CreateDirectoriesMakesParents) {
  for (const char* name : {"x/y/z", "x/y/z", "x", "w/", "v//u/", "x/./t"}) {
    const Status status = files_.CreateDirectories(Sub(name));
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_TRUE(*files_.Exists(Sub(name))) << name;
  }
  EXPECT_TRUE(files_.CreateDirectories("/").ok());
  EXPECT_TRUE(files_.CreateDirectories(".").ok());
  Touch("file");
  EXPECT_EQ(files_.CreateDirectories(Sub("file")).message(),
            "create directory " + Sub("file") + ": File exists");
  EXPECT_EQ(files_.CreateDirectories(Sub("file/below")).code(), StatusCode::kIoError);
  EXPECT_FALSE(files_.CreateDirectories("").ok());
}

TEST_P(FileSystemContractTest, RenameReplaces) {
  ASSERT_TRUE(WriteFileAtomically(files_, Sub("a"), "A").ok());
  ASSERT_TRUE(WriteFileAtomically(files_, Sub("b"), "B").ok());
  ASSERT_TRUE(files_.Rename(Sub("a"), Sub("b")).ok());
  EXPECT_FALSE(*files_.Exists(Sub("a")));
  EXPECT_EQ(*ReadFile(files_, Sub("b"), 10), "A");
  EXPECT_EQ(files_.Rename(Sub("a"), Sub("b")).code(), StatusCode::kNotFound);
}

TEST_P(FileSystemContractTest, Remove) {
  Touch("a");
  EXPECT_TRUE(files_.Remove(Sub("a")).ok());
  EXPECT_EQ(files_.Remove(Sub("a")).code(), StatusCode::kNotFound);
  ASSERT_TRUE(files_.CreateDirectories(Sub("d/e")).ok());
  Touch("d/e/f");
  EXPECT_FALSE(files_.Remove(Sub("d")).ok());
  EXPECT_TRUE(files_.RemoveRecursively(Sub("d")).ok());
  EXPECT_FALSE(*files_.Exists(Sub("d")));
  EXPECT_TRUE(files_.RemoveRecursively(Sub("d")).ok());
}

TEST_P(FileSystemContractTest, SyncDirectory) {
  EXPECT_TRUE(files_.SyncDirectory(root_).ok());
  EXPECT_EQ(files_.SyncDirectory(Sub("none")).code(), StatusCode::kNotFound);
  Touch("a");
  EXPECT_EQ(files_.SyncDirectory(Sub("a")).code(), StatusCode::kIoError);
}

TEST_P(FileSystemContractTest, ALockExcludesUntilItIsGivenUp) {
  const std::string path = Sub("LOCK");
  auto lock = files_.Lock(path);
  ASSERT_TRUE(lock.ok());
  const auto second = files_.Lock(path);
  EXPECT_EQ(second.code(), StatusCode::kLocked);
  EXPECT_EQ(second.status().message(), "lock " + path + ": another process holds it");
  lock.value().reset();
  EXPECT_TRUE(files_.Lock(path).ok());
  EXPECT_EQ(files_.Lock(Sub("none/LOCK")).code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace corelane::env
