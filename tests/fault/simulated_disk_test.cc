// What a SimulatedDisk keeps and what it loses. The calls that every FileSystem answers alike are
// tested in env/file_system_contract_test.cc.

#include "fault/simulated_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"

namespace corelane::fault {
namespace {

using env::OpenMode;

class SimulatedDiskTest : public testing::Test {
 protected:
  std::unique_ptr<env::File> Create(const std::string& path) {
    auto file = disk_.Open(path, OpenMode::kCreateNew);
    EXPECT_TRUE(file.ok()) << file.status().ToString();
    return std::move(file).value();
  }
  // With its name and bytes on stable storage.
  std::unique_ptr<env::File> CreateDurable(const std::string& path, std::string_view bytes) {
    auto file = Create(path);
    EXPECT_TRUE(file->WriteAt(0, bytes).ok());
    EXPECT_TRUE(file->Sync().ok());
    EXPECT_TRUE(disk_.SyncDirectory("/").ok());
    return file;
  }
  static std::string Contents(env::FileSystem& disk, const std::string& path) {
    auto bytes = env::ReadFile(disk, path, kSimulatedFileBytesMax);
    return bytes.ok() ? *bytes : bytes.status().ToString();
  }
  // What `look` sees after each of 200 power losses from here.
  template <typename Look>
  std::set<std::string> AfterPowerLosses(const Look& look) {
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
      const auto disk = disk_.Fork();
      disk->LosePower(random_);
      seen.insert(look(*disk));
    }
    return seen;
  }

  base::Random random_{42};
  SimulatedDisk disk_;
};

TEST_F(SimulatedDiskTest, APowerLossTakesNothingThatWasSynced) {
  const auto file = CreateDurable("/a", "kept");
  const auto seen = AfterPowerLosses([](auto& disk) { return Contents(disk, "/a"); });
  EXPECT_EQ(seen, (std::set<std::string>{"kept"}));
}

TEST_F(SimulatedDiskTest, BytesThatWereNotSyncedAreOldOrNewByPageAndSector) {
  const auto file = CreateDurable("/a", std::string(3 * kDiskPageBytes, 'o'));
  ASSERT_TRUE(file->WriteAt(0, std::string(3 * kDiskPageBytes, 'n')).ok());
  bool torn = false;
  bool mixed = false;
  const auto seen = AfterPowerLosses([&](auto& disk) {
    const std::string bytes = Contents(disk, "/a");
    EXPECT_EQ(bytes.size(), 3 * kDiskPageBytes);
    for (size_t sector = 0; sector < bytes.size(); sector += kDiskSectorBytes) {
      const std::string_view one(bytes.data() + sector, kDiskSectorBytes);
      EXPECT_EQ(one.find_first_not_of(one[0]), std::string_view::npos);
      torn = torn || one[0] != bytes[sector / kDiskPageBytes * kDiskPageBytes];
    }
    mixed = mixed || (bytes.front() == 'o' && bytes.back() == 'n');
    return bytes;
  });
  EXPECT_TRUE(torn);
  EXPECT_TRUE(mixed);
  EXPECT_GT(seen.size(), 20u);
  EXPECT_EQ(seen.count(std::string(3 * kDiskPageBytes, 'o')), 1u);
  EXPECT_EQ(seen.count(std::string(3 * kDiskPageBytes, 'n')), 1u);
}

TEST_F(SimulatedDiskTest, ASizeThatWasNotSyncedMayBeEitherAndReadsAsZerosInTheGap) {
  const auto file = CreateDurable("/a", "kept");
  ASSERT_TRUE(file->Allocate(0, 4 * kDiskPageBytes).ok());
  std::set<size_t> sizes;
  AfterPowerLosses([&](auto& disk) {
    const std::string bytes = Contents(disk, "/a");
    EXPECT_EQ(bytes.substr(0, 4), "kept");
    EXPECT_EQ(bytes.find_first_not_of('\0', 4), std::string::npos);
    sizes.insert(bytes.size());
    return bytes;
  });
  EXPECT_EQ(*sizes.begin(), 4u);
  EXPECT_EQ(*sizes.rbegin(), 4 * kDiskPageBytes);
  EXPECT_GT(sizes.size(), 2u);
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Truncate(2).ok());
  sizes.clear();
  AfterPowerLosses([&](auto& disk) {
    sizes.insert(Contents(disk, "/a").size());
    return std::string();
  });
  EXPECT_EQ(sizes, (std::set<size_t>{2, 4 * kDiskPageBytes}));
}

TEST_F(SimulatedDiskTest, ASyncOfARangeCoversItsPagesOnly) {
  const auto file = CreateDurable("/a", std::string(3 * kDiskPageBytes, 'o'));
  const auto mapping = file->Map(3 * kDiskPageBytes);
  ASSERT_TRUE(mapping.ok());
  std::memset((*mapping)->bytes().data(), 'n', 3 * kDiskPageBytes);
  ASSERT_TRUE(file->SyncMapped(**mapping, kDiskPageBytes, 1).ok());
  std::set<char> first;
  AfterPowerLosses([&](auto& disk) {
    const std::string bytes = Contents(disk, "/a");
    EXPECT_EQ(bytes.substr(kDiskPageBytes, kDiskPageBytes), std::string(kDiskPageBytes, 'n'));
    first.insert(bytes[0]);
    return bytes;
  });
  EXPECT_EQ(first.size(), 2u);
}

TEST_F(SimulatedDiskTest, NamesAreDurableOnlyAfterASyncOfTheirDirectory) {
  const auto file = Create("/new");
  ASSERT_TRUE(file->WriteAt(0, "bytes").ok());
  ASSERT_TRUE(file->Sync().ok());
  const auto look = [](auto& disk) { return *disk.Exists("/new") ? "there" : "gone"; };
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"gone", "there"}));
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"there"}));
  ASSERT_TRUE(disk_.Remove("/new").ok());
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"gone", "there"}));
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"gone"}));
}

TEST_F(SimulatedDiskTest, ARenameHappensWholeOrNotAtAll) {
  CreateDurable("/a", "new");
  CreateDurable("/b", "old");
  ASSERT_TRUE(disk_.Rename("/a", "/b").ok());
  const auto seen = AfterPowerLosses(
      [](auto& disk) { return (*disk.Exists("/a") ? "a and " : "") + Contents(disk, "/b"); });
  EXPECT_EQ(seen, (std::set<std::string>{"a and old", "new"}));
}

TEST_F(SimulatedDiskTest, ChangesOfADirectoryMayOvertakeEachOther) {
  Create("/1");
  Create("/2");
  const auto seen = AfterPowerLosses([](auto& disk) {
    std::string names;
    const auto list = disk.List("/");
    for (const std::string& name : *list) names += name;
    return names;
  });
  EXPECT_EQ(seen, (std::set<std::string>{"", "1", "2", "12"}));
}

TEST_F(SimulatedDiskTest, AWholeFileWrittenAtomicallyIsOldOrNewAtEveryCrashPoint) {
  CreateDurable("/m", "old");
  bool finished = false;
  uint64_t points = 0;
  for (uint64_t at = 1; !finished; ++at) {
    const auto disk = disk_.Fork();
    disk->CrashAt(at);
    finished = env::WriteFileAtomically(*disk, "/m", std::string(9000, 'n')).ok();
    disk->LosePower(random_);
    const std::string bytes = Contents(*disk, "/m");
    EXPECT_TRUE((bytes == "old" && !finished) || bytes == std::string(9000, 'n')) << at;
    points = at;
  }
  EXPECT_EQ(points, 6u);  // open, write, sync, rename, sync of the directory; then none
}

TEST_F(SimulatedDiskTest, AfterACrashNothingChangesAndOldHandlesStayDead) {
  const auto file = CreateDurable("/a", "kept");
  const auto mapping = file->Map(4);
  ASSERT_TRUE(mapping.ok());
  char* const bytes = (*mapping)->bytes().data();
  disk_.CrashAt(2);
  bytes[0] = 'K';
  ASSERT_TRUE(file->WriteAt(1, "E").ok());
  EXPECT_FALSE(disk_.crashed());
  EXPECT_FALSE(file->WriteAt(2, "P").ok());
  EXPECT_TRUE(disk_.crashed());
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(disk_.Open("/a", OpenMode::kRead).ok());
  EXPECT_FALSE(disk_.Remove("/a").ok());
  EXPECT_EQ(disk_.operations(), 2u);
  bytes[3] = 'T';
  disk_.KillProcess();
  bytes[2] = 'P';
  EXPECT_EQ(Contents(disk_, "/a"), "KEpt");
  EXPECT_FALSE(file->Size().ok());
  EXPECT_EQ(disk_.operations(), 0u);
}

TEST_F(SimulatedDiskTest, AKilledProcessLosesItsLocksAndNothingElse) {
  const auto lock = disk_.Lock("/LOCK");
  ASSERT_TRUE(lock.ok());
  Create("/a");
  EXPECT_EQ(disk_.Lock("/LOCK").code(), StatusCode::kLocked);
  disk_.KillProcess();
  EXPECT_TRUE(*disk_.Exists("/a"));
  const auto again = disk_.Lock("/LOCK");
  EXPECT_TRUE(again.ok());
  // What was not synced before is not synced by a death.
  EXPECT_EQ(AfterPowerLosses([](auto& disk) { return *disk.Exists("/a") ? "there" : "gone"; }),
            (std::set<std::string>{"gone", "there"}));
}

TEST_F(SimulatedDiskTest, ADirectoryTreeIsRemovedInSteps) {
  ASSERT_TRUE(disk_.CreateDirectories("/d/e").ok());
  Create("/d/e/1");
  Create("/d/e/2");
  disk_.CrashAt(2);
  EXPECT_FALSE(disk_.RemoveRecursively("/d").ok());
  disk_.KillProcess();
  EXPECT_EQ(disk_.List("/d/e")->size(), 1u);
}

TEST_F(SimulatedDiskTest, CapacityIsSharedAndComesBack) {
  disk_.SetCapacity(4 * kDiskPageBytes);
  const auto one = Create("/1");
  auto two = Create("/2");
  ASSERT_TRUE(one->Allocate(0, 2 * kDiskPageBytes).ok());
  ASSERT_TRUE(two->Allocate(0, 2 * kDiskPageBytes).ok());
  EXPECT_EQ(one->Allocate(2 * kDiskPageBytes, 1).code(), StatusCode::kDiskFull);
  EXPECT_EQ(one->WriteAt(2 * kDiskPageBytes, "x").code(), StatusCode::kDiskFull);
  EXPECT_EQ(*one->Size(), 2 * kDiskPageBytes);
  EXPECT_TRUE(one->WriteAt(0, "x").ok());
  ASSERT_TRUE(disk_.Remove("/2").ok());
  ASSERT_TRUE(disk_.SyncDirectory("/").ok());
  // As long as somebody has it open it takes its room.
  EXPECT_EQ(one->WriteAt(2 * kDiskPageBytes, "x").code(), StatusCode::kDiskFull);
  two.reset();
  EXPECT_TRUE(one->WriteAt(2 * kDiskPageBytes, "x").ok());
}

TEST_F(SimulatedDiskTest, AFailedSyncIsForgottenByTheNextOne) {
  const auto file = CreateDurable("/a", std::string(kDiskPageBytes, 'o'));
  ASSERT_TRUE(file->WriteAt(0, std::string(kDiskPageBytes, 'n')).ok());
  const auto look = [](auto& disk) { return Contents(disk, "/a").substr(0, 1); };
  constexpr uint64_t kGivesThePageUp = 1;  // a seed
  disk_.SetFaults({.sync = 1}, kGivesThePageUp);
  EXPECT_EQ(file->Sync().code(), StatusCode::kIoError);
  disk_.SetFaults({}, 0);
  EXPECT_EQ(Contents(disk_, "/a")[0], 'n');
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"o"}));
  // Written once more it is dirty once more.
  ASSERT_TRUE(file->WriteAt(0, std::string(kDiskPageBytes, 'n')).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_EQ(AfterPowerLosses(look), (std::set<std::string>{"n"}));
}

TEST_F(SimulatedDiskTest, EachRateFailsItsCallsAndNoOthers) {
  const auto file = CreateDurable("/a", "0123456789");
  char bytes[10];
  disk_.SetFaults({.read = 1}, 1);
  EXPECT_EQ(file->ReadAt(0, bytes).code(), StatusCode::kIoError);
  EXPECT_TRUE(file->WriteAt(0, "0").ok());
  disk_.SetFaults({.short_read = 1}, 1);
  EXPECT_LT(*file->ReadAt(0, bytes), 10u);
  disk_.SetFaults({.write = 1}, 1);
  EXPECT_EQ(file->WriteAt(0, "xxxxxxxxxx").code(), StatusCode::kIoError);
  EXPECT_TRUE(file->Sync().ok());
  disk_.SetFaults({.allocate = 1}, 1);
  EXPECT_EQ(file->Allocate(0, 5).code(), StatusCode::kIoError);
  disk_.SetFaults({.open = 1}, 1);
  EXPECT_EQ(disk_.Open("/a", OpenMode::kRead).code(), StatusCode::kIoError);
  disk_.SetFaults({.sync_directory = 1}, 1);
  EXPECT_EQ(disk_.SyncDirectory("/").code(), StatusCode::kIoError);
  EXPECT_TRUE(file->Sync().ok());
}

TEST_F(SimulatedDiskTest, BitsFlipOnTheMediumForGoodAndOnReadOnce) {
  const auto file = CreateDurable("/a", "aaaa");
  ASSERT_TRUE(disk_.FlipBit("/a", 2, 1).ok());
  EXPECT_EQ(AfterPowerLosses([](auto& disk) { return Contents(disk, "/a"); }),
            (std::set<std::string>{"aaca"}));
  ASSERT_TRUE(disk_.FlipBit("/a", 2, 1).ok());
  disk_.SetFaults({.read_flip = 1}, 1);
  char bytes[4];
  ASSERT_TRUE(file->ReadAt(0, bytes).ok());
  EXPECT_NE(std::string_view(bytes, 4), "aaaa");
  ASSERT_TRUE(file->ReadAt(0, bytes).ok());
  EXPECT_EQ(std::string_view(bytes, 4), "aaaa") << "one flip a life";
  EXPECT_FALSE(disk_.FlipBit("/a", 4, 0).ok());
}

}  // namespace
}  // namespace corelane::fault
