#include "env/process.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

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
  EXPECT_GE(mine->cpu_s(), 0);
  EXPECT_FALSE(ReadProcessStat(0).ok());
}

TEST(ProcessStat, ADifferenceIsWhatWasUsedInBetween) {
  const ProcessStat before = {2, 1, 100, 10, 1};
  const ProcessStat used = ProcessStat{5, 2, 70, 30, 1} - before;
  EXPECT_EQ(used.user_s, 3);
  EXPECT_EQ(used.system_s, 1);
  EXPECT_EQ(used.resident_bytes, 70U);  // what it has now
  EXPECT_EQ(used.minor_faults, 20U);
  EXPECT_EQ(used.major_faults, 0U);
}

}  // namespace
}  // namespace corelane::env
