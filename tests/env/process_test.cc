#include "env/process.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "env/process_stat.h"

namespace corelane::env {
namespace {

TEST(Process, AThreadIsKeptOnACoreThatThereIs) {
  const std::vector<int> cpus = UsableCpus();
  ASSERT_FALSE(cpus.empty());
  std::vector<int> pinned;
  std::vector<int> anywhere;
  std::thread thread([&] {
    PinThread(-1);
    anywhere = UsableCpus();
    PinThread(cpus.back());
    pinned = UsableCpus();
  });
  thread.join();
  EXPECT_EQ(anywhere, cpus);
  EXPECT_EQ(pinned, std::vector<int>{cpus.back()});
  EXPECT_EQ(UsableCpus(), cpus);
}

TEST(Process, TheLimitOfOpenFilesIsNeverLowered) {
  const uint64_t allowed = RaiseOpenFilesLimit(1);
  EXPECT_GT(allowed, 1U);
  EXPECT_EQ(RaiseOpenFilesLimit(allowed), allowed);
  EXPECT_GE(RaiseOpenFilesLimit(allowed + 1), allowed);
}

TEST(ProcessStat, ReadsThisProcessAndRefusesNone) {
  const Result<ProcessStat> mine = ReadProcessStat(::getpid());
  ASSERT_TRUE(mine.ok()) << mine.status().ToString();
  EXPECT_GT(mine->resident_bytes, 0U);
  EXPECT_GT(mine->minor_faults, 0U);
  EXPECT_GE(mine->cpu_s, 0);
  EXPECT_FALSE(ReadProcessStat(0).ok());
}

TEST(ProcessStat, ReadsAGroupAsASum) {
  const Result<ProcessStat> mine = ReadProcessStat(::getpid());
  const Result<ProcessStat> group = ReadProcessStat(-::getpgrp());
  ASSERT_TRUE(group.ok()) << group.status().ToString();
  EXPECT_GE(group->cpu_s, mine->cpu_s);
  EXPECT_GE(group->minor_faults, mine->minor_faults);
  // The greatest number that there may be is one above those that are given.
  EXPECT_FALSE(ReadProcessStat(-(1 << 22)).ok());
}

TEST(ProcessStat, ADifferenceIsWhatWasUsedInBetween) {
  const ProcessStat before = {3, 2, 1, 100, 10, 1};
  const ProcessStat used = ProcessStat{7, 5, 2, 70, 30, 1} - before;
  EXPECT_EQ(used.cpu_s, 4);
  EXPECT_EQ(used.user_s, 3);
  EXPECT_EQ(used.system_s, 1);
  EXPECT_EQ(used.resident_bytes, 70U);  // what it has now
  EXPECT_EQ(used.minor_faults, 20U);
  EXPECT_EQ(used.major_faults, 0U);
}

TEST(ProcessStat, ADifferenceIsDividedAsItsOwnTicksAre) {
  // Most of what came before was user time, and none of what came then.
  const ProcessStat before = {.cpu_s = 1.004, .user_s = 1.0, .system_s = 0.0};
  const ProcessStat after = {.cpu_s = 1.013, .user_s = 1.0, .system_s = 0.01};
  const ProcessStat used = after - before;
  EXPECT_NEAR(used.cpu_s, 0.009, 1e-9);
  EXPECT_EQ(used.user_s, 0);
  EXPECT_EQ(used.system_s, used.cpu_s);
}

TEST(ProcessStat, ADifferenceWithoutATickIsDividedAsAllBeforeWas) {
  const ProcessStat before = {.cpu_s = 4.0, .user_s = 3.0, .system_s = 1.0};
  const ProcessStat after = {.cpu_s = 4.004, .user_s = 3.0, .system_s = 1.0};
  EXPECT_NEAR((after - before).user_s, 0.003, 1e-9);
  EXPECT_NEAR((after - before).system_s, 0.001, 1e-9);
}

TEST(ProcessStat, ADifferenceIsNeverNegative) {
  const ProcessStat before = {2, 1.5, 0.5, 100, 10, 1};
  const ProcessStat used = ProcessStat{1, 0.5, 0.5, 50, 5, 0} - before;
  EXPECT_EQ(used.cpu_s, 0);
  EXPECT_EQ(used.user_s, 0);
  EXPECT_EQ(used.system_s, 0);
  EXPECT_EQ(used.minor_faults, 0U);
  EXPECT_EQ(used.major_faults, 0U);
}

TEST(ProcessStat, TheTableHasThisProcess) {
  const std::vector<ProcessEntry> table = ReadProcessTable();
  const auto mine = std::ranges::find(table, ::getpid(), &ProcessEntry::pid);
  ASSERT_NE(mine, table.end());
  EXPECT_EQ(mine->parent, ::getppid());
  EXPECT_EQ(mine->group, ::getpgrp());
}

}  // namespace
}  // namespace corelane::env
