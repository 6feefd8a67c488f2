#include "wal/data_directory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "fault/faulty_file_system.h"
#include "fault/simulated_disk.h"
#include "wal_test_util.h"

namespace corelane::wal {
namespace {

class DataDirectoryTest : public WalTest {
 protected:
  [[nodiscard]] Result<std::unique_ptr<DataDirectory>> OpenAt(env::FileSystem& files,
                                                              uint32_t lanes = 2) {
    return DataDirectory::Open(files, manual_clock_, path_, {.lanes = lanes, .hash_seed = 77});
  }
  [[nodiscard]] Result<std::unique_ptr<DataDirectory>> Open(uint32_t lanes = 2) {
    return OpenAt(files_, lanes);
  }

  const std::string path_ = directory_.Sub("a/data");
  env::ManualClock manual_clock_;
};

TEST_F(DataDirectoryTest, IsMadeOnceAndKeepsItsSeedAndLanes) {
  {
    const auto directory = Open();
    ASSERT_TRUE(directory.ok()) << directory.status().ToString();
    EXPECT_TRUE((*directory)->is_new());
    EXPECT_EQ(
        (*directory)->manifest(),
        (Manifest{.created_at_s = 1'700'000'000, .hash_seed = 77, .generation = 1, .lanes = 2}));
    EXPECT_EQ((*directory)->Lane(1).directory, path_ + "/gen-000001/lane-0001");
    EXPECT_TRUE(*files_.Exists(path_ + "/gen-000001/lane-0001"));
  }
  const auto again =
      DataDirectory::Open(files_, manual_clock_, path_, {.lanes = 5, .hash_seed = 1});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE((*again)->is_new());
  EXPECT_EQ((*again)->manifest().lanes, 2u);
  EXPECT_EQ((*again)->manifest().hash_seed, 77u);
}

// Killed at any point of the creation, started again, and then the power goes: what the second
// start was told to keep is still there.
TEST_F(DataDirectoryTest, WhatAStartHasFoundSurvivesAPowerLoss) {
  const std::string segment = "/data/gen-000001/lane-0001/" + SegmentName(1);
  const auto open = [&](env::FileSystem& files) {
    return DataDirectory::Open(files, manual_clock_, "/data", {.lanes = 2, .hash_seed = 77})
        .status();
  };
  base::Random random(5);
  for (uint64_t at = 1; at < 30; ++at) {
    for (int again = 0; again < 10; ++again) {
      fault::SimulatedDisk disk;
      disk.CrashAt(at);
      static_cast<void>(open(disk));
      disk.KillProcess();
      Status status = open(disk);
      ASSERT_TRUE(status.ok()) << status.ToString();
      ASSERT_TRUE(env::WriteFileAtomically(disk, segment, "acknowledged").ok());
      disk.LosePower(random);
      status = open(disk);
      ASSERT_TRUE(status.ok()) << "operation " << at << " " << status.ToString();
      ASSERT_TRUE(*disk.Exists(segment)) << "operation " << at;
    }
  }
}

TEST_F(DataDirectoryTest, ASecondProcessIsRefused) {
  const auto directory = Open();
  ASSERT_TRUE(directory.ok());
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = Open();
    const bool right = second.code() == StatusCode::kLocked &&
                       second.status().message() ==
                           "data directory " + path_ + " is in use by another corelane process";
    _exit(right ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(DataDirectoryTest, AnExistingOneIsOpenedWithoutMakingAnything) {
  const auto open = [&](DataDirectory::Use use) {
    return DataDirectory::OpenExisting(files_, path_, use);
  };
  for (const auto use : {DataDirectory::Use::kRead, DataDirectory::Use::kChange}) {
    EXPECT_EQ(open(use).status().message(),
              "data directory " + path_ + ": there is no such directory");
    EXPECT_FALSE(*files_.Exists(path_));
  }
  ASSERT_TRUE(files_.CreateDirectories(path_).ok());
  for (const auto use : {DataDirectory::Use::kRead, DataDirectory::Use::kChange}) {
    EXPECT_EQ(open(use).code(), StatusCode::kBadArgument);
    EXPECT_TRUE(files_.List(path_)->empty());
  }
  ASSERT_TRUE(Open().ok());
  {
    const auto reader = open(DataDirectory::Use::kRead);
    ASSERT_TRUE(reader.ok()) << reader.status().ToString();
    EXPECT_EQ((*reader)->manifest().hash_seed, 77u);
    EXPECT_FALSE((*reader)->is_new());
    EXPECT_TRUE(open(DataDirectory::Use::kRead).ok());
    EXPECT_EQ(open(DataDirectory::Use::kChange).code(), StatusCode::kLocked);
    EXPECT_EQ(Open().code(), StatusCode::kLocked);
  }
  ASSERT_TRUE(files_.Remove(path_ + "/LOCK").ok());
  EXPECT_TRUE(open(DataDirectory::Use::kRead).ok());
  EXPECT_FALSE(*files_.Exists(path_ + "/LOCK"));
  const auto changer = open(DataDirectory::Use::kChange);
  EXPECT_TRUE(changer.ok() && *files_.Exists(path_ + "/LOCK"));
  EXPECT_EQ(
      open(DataDirectory::Use::kRead).status().message(),
      "data directory " + path_ + " is in use by a running server or another corelane program");
}

TEST_F(DataDirectoryTest, ANewerManifestIsRefusedAndNothingTouched) {
  ASSERT_TRUE(Open().ok());
  const std::string newer = "corelane manifest 2\nsomething else\n";
  WriteBytes(path_ + "/MANIFEST", newer);
  const auto directory = Open();
  ASSERT_EQ(directory.code(), StatusCode::kIncompatible);
  EXPECT_EQ(directory.status().message(),
            "data directory " + path_ +
                ": written by a newer corelane (format 2); this one reads up to 1");
  EXPECT_EQ(ReadBytes(path_ + "/MANIFEST"), newer);
}

TEST_F(DataDirectoryTest, MissingPartsAreCorruption) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(files_.RemoveRecursively(path_ + "/gen-000001/lane-0001").ok());
  EXPECT_EQ(Open().code(), StatusCode::kCorruption);
}

TEST_F(DataDirectoryTest, LogsWithoutAManifestAreNotTakenForANewDirectory) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(files_.Remove(path_ + "/MANIFEST").ok());
  // Empty lanes: a crash of the first start.
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(files_.Remove(path_ + "/MANIFEST").ok());
  WriteBytes(path_ + "/gen-000001/lane-0000/" + SegmentName(1), "x");
  EXPECT_EQ(Open().code(), StatusCode::kCorruption);
}

TEST_F(DataDirectoryTest, ChangingTheNumberOfLanesSwitchesInOneStep) {
  {
    auto directory = Open();
    ASSERT_TRUE(directory.ok());
    ASSERT_TRUE((*directory)->PrepareGeneration(4).ok());
    EXPECT_EQ((*directory)->NextLane(3).directory, path_ + "/gen-000002/lane-0003");
    EXPECT_EQ((*directory)->NextLane(3).generation, 2u);
    WriteBytes((*directory)->NextLane(3).directory + "/" + SegmentName(1), "leftover");
  }
  // Not committed: the old one counts, and the leftovers go when the start has succeeded.
  {
    auto directory = Open();
    ASSERT_TRUE(directory.ok());
    EXPECT_EQ((*directory)->manifest().generation, 1u);
    EXPECT_TRUE(*files_.Exists(path_ + "/gen-000002"));
    ASSERT_TRUE((*directory)->RemoveLeftovers().ok());
    EXPECT_FALSE(*files_.Exists(path_ + "/gen-000002"));
    ASSERT_TRUE((*directory)->PrepareGeneration(4).ok());
    ASSERT_TRUE((*directory)->CommitGeneration().ok());
    EXPECT_EQ((*directory)->manifest().lanes, 4u);
    EXPECT_FALSE(*files_.Exists(path_ + "/gen-000001"));
  }
  const auto directory = Open();
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ((*directory)->manifest().generation, 2u);
  EXPECT_EQ((*directory)->manifest().hash_seed, 77u);
  EXPECT_EQ((*directory)->Lane(3).generation, 2u);
}

TEST_F(DataDirectoryTest, ADamagedGenerationIsKeptUnderAnotherName) {
  {
    auto directory = Open();
    ASSERT_TRUE(directory.ok());
    WriteBytes((*directory)->Lane(0).directory + "/" + SegmentName(1), "damaged");
    ASSERT_TRUE((*directory)->PrepareGeneration(2).ok());
    const auto kept = (*directory)->CommitGenerationKeepingTheOld();
    ASSERT_TRUE(kept.ok()) << kept.status().ToString();
    EXPECT_EQ(*kept, "gen-000001.damaged");
    EXPECT_EQ((*directory)->manifest().generation, 2u);
  }
  // For good: it is no leftover.
  auto directory = Open();
  ASSERT_TRUE(directory.ok());
  EXPECT_TRUE((*directory)->Leftovers()->empty());
  ASSERT_TRUE((*directory)->RemoveLeftovers().ok());
  EXPECT_EQ(ReadBytes(path_ + "/gen-000001.damaged/lane-0000/" + SegmentName(1)), "damaged");
}

// Two names change on the way; a power loss may take either.
TEST_F(DataDirectoryTest, NoPowerLossTakesADamagedGenerationAway) {
  const auto open = [&](env::FileSystem& files) {
    return DataDirectory::Open(files, manual_clock_, "/data", {.lanes = 1, .hash_seed = 77});
  };
  const std::string segment = "/lane-0000/" + SegmentName(1);
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    base::Random random(seed);
    bool crashed = true;
    for (uint64_t at = 1; crashed; ++at) {
      fault::SimulatedDisk disk;
      {
        const auto directory = open(disk);
        ASSERT_TRUE(directory.ok());
        ASSERT_TRUE(env::WriteFileAtomically(disk, "/data/gen-000001" + segment, "damaged").ok());
        ASSERT_TRUE((*directory)->PrepareGeneration(1).ok());
        disk.CrashAt(at);
        static_cast<void>((*directory)->CommitGenerationKeepingTheOld());
        crashed = disk.crashed();
      }
      disk.LosePower(random);
      const auto directory = open(disk);
      ASSERT_TRUE(directory.ok()) << directory.status().ToString();
      ASSERT_TRUE((*directory)->RemoveLeftovers().ok());
      const bool switched = (*directory)->manifest().generation == 2;
      EXPECT_TRUE(switched || crashed);
      const std::string kept = switched ? "/data/gen-000001.damaged" : "/data/gen-000001";
      EXPECT_TRUE(*disk.Exists(kept + segment)) << "seed " << seed << ", operation " << at;
    }
  }
}

TEST_F(DataDirectoryTest, AGenerationThatWasOnlyRenamedGetsItsNameBack) {
  ASSERT_TRUE(Open().ok());
  const std::string generation = path_ + "/gen-000001";
  ASSERT_TRUE(files_.Rename(generation, generation + ".damaged").ok());
  // A reader changes nothing.
  EXPECT_EQ(DataDirectory::OpenExisting(files_, path_, DataDirectory::Use::kRead).code(),
            StatusCode::kCorruption);
  EXPECT_FALSE(*files_.Exists(generation));
  const auto directory = Open();
  ASSERT_TRUE(directory.ok()) << directory.status().ToString();
  EXPECT_TRUE(*files_.Exists(generation));
  EXPECT_FALSE(*files_.Exists(generation + ".damaged"));
}

// Whatever single call fails on the way to a new generation: afterwards a start finds the old one
// or the new one, whole.
TEST_F(DataDirectoryTest, AFailureAnywhereInASwitchLeavesOneWholeGeneration) {
  using fault::Operation;
  ASSERT_TRUE(Open().ok());
  uint32_t lanes = 2;
  for (const Operation operation :
       {Operation::kOpen, Operation::kWrite, Operation::kSync, Operation::kRename,
        Operation::kRemove, Operation::kSyncDirectory, Operation::kCreateDirectories}) {
    for (uint64_t nth = 1; nth <= 6; ++nth) {
      const uint32_t wanted = lanes == 2 ? 3 : 2;
      fault::FaultyFileSystem disk(files_);
      Status status;
      {
        auto directory = OpenAt(disk);
        ASSERT_TRUE(directory.ok()) << directory.status().ToString();
        disk.Fail({.operation = operation,
                   .nth = nth,
                   .status = Status(StatusCode::kIoError, "broken"),
                   .every_later = true,
                   .path_contains = ""});
        status = (*directory)->PrepareGeneration(wanted);
        if (status.ok()) status = (*directory)->CommitGeneration();
      }
      const auto after = Open();
      ASSERT_TRUE(after.ok()) << after.status().ToString();
      const uint32_t found = (*after)->manifest().lanes;
      EXPECT_TRUE(found == wanted || (found == lanes && !status.ok()));
      EXPECT_TRUE((*after)->RemoveLeftovers().ok());
      lanes = found;
    }
  }
}

TEST_F(DataDirectoryTest, AnUnwritablePlaceGivesOneLine) {
  WriteBytes(directory_.Sub("a"), "a file where a directory should be");
  const auto directory = Open();
  ASSERT_FALSE(directory.ok());
  EXPECT_TRUE(directory.status().message().starts_with("data directory " + path_ + ": "));
  EXPECT_EQ(directory.status().message().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace corelane::wal
