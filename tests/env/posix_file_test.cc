#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "env/posix_file.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"

namespace corelane::env {
namespace {

using AllocateBy = PosixFileSystem::AllocateBy;

// Every test runs with both ways of allocating.
class PosixFileTest : public testing::TestWithParam<AllocateBy> {
 protected:
  PosixFileTest() {
    auto file = files_.Open(path_, OpenMode::kCreateNew);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    file_ = std::move(file).value();
  }

  std::string Read(uint64_t offset, size_t size) {
    std::string bytes(size, '?');
    const Result<size_t> count = file_->ReadAt(offset, std::span(bytes));
    if (!count.ok()) return count.status().ToString();
    bytes.resize(*count);
    return bytes;
  }

  uint64_t BytesOnDisk() const {
    struct stat about {};
    EXPECT_EQ(stat(path_.c_str(), &about), 0);
    return static_cast<uint64_t>(about.st_blocks) * 512;
  }

  fault::TempDirectory directory_;
  PosixFileSystem files_{GetParam()};
  const std::string path_ = directory_.Sub("file");
  std::unique_ptr<File> file_;
};

INSTANTIATE_TEST_SUITE_P(, PosixFileTest,
                         testing::Values(AllocateBy::kFallocate, AllocateBy::kZeros),
                         [](const auto& info) {
                           return info.param == AllocateBy::kZeros ? "Zeros" : "Fallocate";
                         });

TEST_P(PosixFileTest, ReadsWhatWasWritten) {
  EXPECT_EQ(*file_->Size(), 0u);
  EXPECT_EQ(Read(0, 10), "");
  ASSERT_TRUE(file_->WriteAt(0, "hello").ok());
  ASSERT_TRUE(file_->WriteAt(3, "p me").ok());
  ASSERT_TRUE(file_->WriteAt(0, "").ok());
  EXPECT_EQ(*file_->Size(), 7u);
  EXPECT_EQ(Read(0, 100), "help me");
  EXPECT_EQ(Read(5, 2), "me");
  EXPECT_EQ(Read(7, 1), "");
  EXPECT_EQ(Read(1000, 1), "");
  ASSERT_TRUE(file_->WriteAt(10, "gap").ok());
  EXPECT_EQ(Read(7, 10), std::string("\0\0\0gap", 6));
}

TEST_P(PosixFileTest, AllocateTakesSpaceAndReadsAsZeros) {
  constexpr uint64_t kBytes = 3'000'000;  // not a multiple of the piece or of a page
  ASSERT_TRUE(file_->Allocate(0, kBytes).ok());
  EXPECT_EQ(*file_->Size(), kBytes);
  ASSERT_TRUE(file_->Sync().ok());
  EXPECT_GE(BytesOnDisk(), kBytes);
  EXPECT_EQ(Read(0, kBytes), std::string(kBytes, '\0'));
  ASSERT_TRUE(file_->Allocate(kBytes, 0).ok());
  EXPECT_EQ(*file_->Size(), kBytes);
}

TEST_P(PosixFileTest, AllocateKeepsWhatIsThere) {
  ASSERT_TRUE(file_->WriteAt(0, "head").ok());
  ASSERT_TRUE(file_->WriteAt(1'000'000, "middle").ok());
  ASSERT_TRUE(file_->Truncate(2'000'000).ok());
  ASSERT_TRUE(file_->Allocate(0, 3'000'000).ok());
  EXPECT_EQ(*file_->Size(), 3'000'000u);
  ASSERT_TRUE(file_->Sync().ok());
  EXPECT_GE(BytesOnDisk(), 3'000'000u);
  std::string expected(3'000'000, '\0');
  expected.replace(0, 4, "head");
  expected.replace(1'000'000, 6, "middle");
  EXPECT_TRUE(Read(0, 4'000'000) == expected);
}

TEST_P(PosixFileTest, AllocateInsideOfTheFileDoesNotShortenIt) {
  ASSERT_TRUE(file_->WriteAt(0, std::string(100'000, 'x')).ok());
  ASSERT_TRUE(file_->Allocate(10, 1'000).ok());
  EXPECT_TRUE(Read(0, 200'000) == std::string(100'000, 'x'));
}

TEST_P(PosixFileTest, AllocateBehindAGap) {
  ASSERT_TRUE(file_->Allocate(100'000, 50'000).ok());
  EXPECT_EQ(*file_->Size(), 150'000u);
  EXPECT_EQ(Read(149'990, 100), std::string(10, '\0'));
}

TEST_P(PosixFileTest, TruncateCutsAndExtends) {
  ASSERT_TRUE(file_->WriteAt(0, "hello").ok());
  ASSERT_TRUE(file_->Truncate(2).ok());
  EXPECT_EQ(Read(0, 10), "he");
  ASSERT_TRUE(file_->Truncate(4).ok());
  EXPECT_EQ(Read(0, 10), std::string("he\0\0", 4));
}

TEST_P(PosixFileTest, StoresToAMappingAreInTheFile) {
  constexpr uint64_t kBytes = 1 << 20;
  auto mapping = file_->Map(kBytes);
  ASSERT_TRUE(mapping.ok()) << mapping.status().ToString();
  ASSERT_TRUE(file_->Allocate(0, kBytes).ok());
  const std::span<char> bytes = (*mapping)->bytes();
  ASSERT_EQ(bytes.size(), kBytes);
  EXPECT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; }));
  (*mapping)->Prefault(100, 10'000);
  (*mapping)->Prefault(0, kBytes);
  (*mapping)->Prefault(kBytes, 0);
  std::memcpy(bytes.data() + 5'000, "stored", 6);
  EXPECT_EQ(Read(5'000, 6), "stored");
  ASSERT_TRUE(file_->WriteAt(9'000, "written").ok());
  EXPECT_EQ(std::string_view(bytes.data() + 9'000, 7), "written");
  EXPECT_TRUE(file_->Sync().ok());
  EXPECT_TRUE(file_->SyncMapped(**mapping, 5'000, 6).ok());
  EXPECT_TRUE(file_->SyncMapped(**mapping, 0, kBytes).ok());

  // The file may go first, and what is stored then is there for whoever opens it.
  file_.reset();
  std::memcpy(bytes.data(), "later", 5);
  mapping.value().reset();
  file_ = files_.Open(path_, OpenMode::kRead).value();
  EXPECT_EQ(Read(0, 5), "later");
}

// Beyond what is allocated there is nothing to make present: the hint fails, and the process lives.
TEST_P(PosixFileTest, PrefaultOfWhatIsNotThereIsHarmless) {
  auto mapping = file_->Map(1 << 20);
  ASSERT_TRUE(mapping.ok());
  (*mapping)->Prefault(0, 1 << 20);
  EXPECT_EQ(*file_->Size(), 0u);
}

TEST_P(PosixFileTest, MapOfNothingFails) {
  EXPECT_EQ(file_->Map(0).status().message(), "map " + path_ + ": Invalid argument");
}

// One thread fills the mapped pages while another allocates and prefaults those behind them:
// neither disturbs the other.
TEST_P(PosixFileTest, AllocateBesideStores) {
  constexpr size_t kPieceBytes = 64 << 10;
  constexpr size_t kPieces = 32;
  const auto mapping = file_->Map(kPieceBytes * kPieces);
  ASSERT_TRUE(mapping.ok());
  ASSERT_TRUE(file_->Allocate(0, kPieceBytes).ok());
  for (size_t piece = 0; piece + 1 < kPieces; ++piece) {
    std::thread helper([&] {
      EXPECT_TRUE(file_->Allocate((piece + 1) * kPieceBytes, kPieceBytes).ok());
      (*mapping)->Prefault((piece + 1) * kPieceBytes, kPieceBytes);
      EXPECT_TRUE(file_->Sync().ok());
    });
    std::memset((*mapping)->bytes().data() + piece * kPieceBytes,
                static_cast<int>('a' + piece % 26), kPieceBytes);
    helper.join();
  }
  for (size_t piece = 0; piece + 1 < kPieces; ++piece) {
    EXPECT_TRUE(Read(piece * kPieceBytes, kPieceBytes) ==
                std::string(kPieceBytes, static_cast<char>('a' + piece % 26)));
  }
}

// A limit on the size of files stands for the full disk: zeros are written up to the limit before
// the failure. Nothing of them may stay behind.
TEST_P(PosixFileTest, AnAllocationThatFailsLeavesTheFileAsItWas) {
  ASSERT_TRUE(file_->WriteAt(0, "kept").ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler_before = signal(SIGXFSZ, SIG_IGN);
  rlimit limit = before;
  limit.rlim_cur = 3'000'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const Status status = file_->Allocate(0, 10'000'000);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler_before);

  EXPECT_EQ(status.code(), StatusCode::kIoError);
  EXPECT_EQ(status.message().substr(status.message().rfind(':')), ": File too large");
  EXPECT_EQ(*file_->Size(), 4u);
  EXPECT_EQ(Read(0, 10), "kept");
  EXPECT_TRUE(file_->Allocate(0, 10'000'000).ok());
}

TEST(SystemErrorTest, CodesThatCallersTellApart) {
  EXPECT_EQ(SystemError(ENOSPC, "allocate", "/log").ToString(),
            "disk full: allocate /log: No space left on device");
  EXPECT_EQ(SystemError(EDQUOT, "write", "/log").code(), StatusCode::kDiskFull);
  EXPECT_EQ(SystemError(ENOENT, "open", "/log").code(), StatusCode::kNotFound);
  EXPECT_EQ(SystemError(EIO, "sync", "/log").ToString(),
            "i/o error: sync /log: Input/output error");
  EXPECT_EQ(SystemError(EACCES, "open", "/log").code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace corelane::env
