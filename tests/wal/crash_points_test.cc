// A crash at every file operation of the life of a log with checkpoints, and seeded runs of crashes
// and faults of all kinds, on a SimulatedDisk, audited against a model (log_lives.h).
//
// A failure prints the environment that repeats it. As the log's helper thread has its own pace,
// a rare one may want the command a few times.
//
//   CORELANE_CRASH_POINTS=all    the sweeps crash every recovery at each of its operations as well;
//                                without it, at two for each crash point
//   CORELANE_CRASH_SEED=S        the workload of the sweeps, default 1
//   CORELANE_FAULT_RUNS=100000   how many seeded runs, default 240; over several processes:
//   GTEST_TOTAL_SHARDS=2 GTEST_SHARD_INDEX=0 (and 1) wal_test --gtest_filter='*SeededFaults*'
//   CORELANE_FAULT_SEED=S        only the run with that seed, telling what happens

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/random.h"
#include "fault/simulated_disk.h"
#include "log_lives.h"

namespace corelane::wal {
namespace {

using fault::SimulatedDisk;

constexpr uint32_t kTurns = 90;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A log that fails says so on standard error, which here is thousands of times what is wanted.
class QuietTest : public testing::Test {
 protected:
  void SetUp() override {
    kept_ = dup(STDERR_FILENO);
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDERR_FILENO);
    close(nothing);
  }
  void TearDown() override {
    dup2(kept_, STDERR_FILENO);
    close(kept_);
  }

 private:
  int kept_ = -1;
};

const char* NameOf(FsyncMode mode) {
  switch (mode) {
    case FsyncMode::kAlways:
      return "Always";
    case FsyncMode::kEverySecond:
      return "EverySecond";
    case FsyncMode::kOs:
      return "Os";
  }
  return "";
}

class CrashPointsTest : public QuietTest, public testing::WithParamInterface<FsyncMode> {
 protected:
  // Stops the workload at its operation `at`, then starts again, with crashes at operations of the
  // start itself, and goes on. False when the workload ended before `at`.
  bool CrashAt(uint64_t at, Death death);
  // From a disk that has crashed, as `before` knows it. True when the start got through before its
  // operation `at`.
  bool CrashStartAt(const LogLives& before, const SimulatedDisk& disk, uint64_t at);

  const uint64_t seed_ = FromEnvironment("CORELANE_CRASH_SEED", 1);
  const bool all_ = std::getenv("CORELANE_CRASH_POINTS") != nullptr;
  uint64_t points_ = 0;
};

bool CrashPointsTest::CrashStartAt(const LogLives& before, const SimulatedDisk& disk, uint64_t at) {
  ++points_;
  const auto copy = disk.Fork();
  const auto lives = before.On(*copy, points_);
  copy->CrashAt(at);
  static_cast<void>(lives->Live({.mode = GetParam(), .close = false}));
  const bool through = lives->started();
  lives->Die(points_ % 2 == 0 ? Death::kKill : Death::kPowerLoss);
  // It must start now, take writes, and keep what was synced, whether it was closed or not.
  for (const bool close : {points_ % 3 == 0, true}) {
    const Status status = lives->Live({.mode = FsyncMode::kAlways,
                                       .turns = 4,
                                       .wait_for_sync = true,
                                       .close = close,
                                       .checkpoints = points_ % 4 == 0});
    EXPECT_TRUE(status.ok()) << status.ToString();
    lives->Die(Death::kPowerLoss);
  }
  EXPECT_EQ(lives->complaint(), "") << "start crashed at its operation " << at;
  return through;
}

bool CrashPointsTest::CrashAt(uint64_t at, Death death) {
  SCOPED_TRACE(absl::StrFormat(
      "operation %d, %s; again: CORELANE_CRASH_POINTS=all CORELANE_CRASH_SEED=%d "
      "wal_test --gtest_filter='*CrashPointsTest*%s'",
      at, death == Death::kKill ? "kill" : "power loss", seed_, NameOf(GetParam())));
  SimulatedDisk disk;
  LogLives lives(disk, seed_);
  disk.CrashAt(at);
  const Status status = lives.Live({.mode = GetParam(), .turns = kTurns, .checkpoints = true});
  const bool crashed = disk.crashed();
  EXPECT_TRUE(crashed || status.ok()) << status.ToString();
  lives.Die(death);
  if (all_) {
    for (uint64_t start_at = 1; !CrashStartAt(lives, disk, start_at);) ++start_at;
  } else {
    CrashStartAt(lives, disk, 1 + at % 12);
    CrashStartAt(lives, disk, 1 + (at + 5) % 12);
  }
  return crashed;
}

TEST_P(CrashPointsTest, EveryOperation) {
  uint64_t at = 1;
  for (; CrashAt(at, Death::kPowerLoss) && !HasFailure(); ++at) {
    CrashAt(at, Death::kKill);
  }
  EXPECT_GT(at, 40u) << "the workload is to have some operations";
  RecordProperty("crash_points", std::to_string(points_));
}

INSTANTIATE_TEST_SUITE_P(, CrashPointsTest,
                         testing::Values(FsyncMode::kAlways, FsyncMode::kEverySecond,
                                         FsyncMode::kOs),
                         [](const auto& info) { return NameOf(info.param); });

// One seeded history: some lives, each with a mode, a workload, faults and an end of its own.
class SeededRun {
 public:
  // With `tell` it prints what happens, life by life.
  SeededRun(uint64_t seed, bool tell) : tell_(tell), random_(seed), lives_(disk_, random_.Next()) {}

  // Empty, or what was not as promised.
  [[nodiscard]] std::string Run();

 private:
  struct Flip {
    std::string path;
    uint64_t offset = 0;
    int bit = 0;
  };

  void LiveOnce();
  [[nodiscard]] LifePlan RandomPlan();
  [[nodiscard]] fault::FaultRates RandomRates();
  [[nodiscard]] std::optional<Flip> RandomFlip();
  void LiveWithFlip(const Flip& flip, const LifePlan& plan);
  void MustLive(const LifePlan& plan);
  [[nodiscard]] Status Live(const LifePlan& plan);
  void Die(Death death);
  void Complain(const std::string& what) {
    if (complaint_.empty()) complaint_ = what;
  }
  void Tell(const std::string& what) const {
    if (tell_) std::cout << what << std::endl;
  }

  const bool tell_;
  base::Random random_;
  SimulatedDisk disk_;
  LogLives lives_;
  std::string complaint_;
};

LifePlan SeededRun::RandomPlan() {
  constexpr FsyncMode kModes[] = {FsyncMode::kAlways, FsyncMode::kEverySecond, FsyncMode::kOs};
  return {.mode = kModes[random_.Uniform(3)],
          .turns = static_cast<uint32_t>(random_.Uniform(80)),
          .wait_for_sync = random_.OneIn(3),
          .close = random_.OneIn(3),
          .checkpoints = random_.OneIn(2)};
}

fault::FaultRates SeededRun::RandomRates() {
  const auto rate = [&] { return random_.OneIn(4) ? 2 + random_.Uniform(30) : 0; };
  return {.open = rate(),
          .read = rate(),
          .short_read = rate(),
          .read_flip = rate(),
          .write = rate(),
          .allocate = rate(),
          .sync = rate(),
          .sync_directory = rate()};
}

std::optional<SeededRun::Flip> SeededRun::RandomFlip() {
  std::vector<std::string> paths = {"/data/MANIFEST"};
  const std::string directory(LogLives::kLaneDirectory);
  if (const auto names = disk_.List(directory); names.ok()) {
    for (const std::string& name : *names) paths.push_back(directory + "/" + name);
  }
  Flip flip{.path = paths[random_.Uniform(paths.size())],
            .bit = static_cast<int>(random_.Uniform(8))};
  const auto bytes = env::ReadFile(disk_, flip.path, fault::kSimulatedFileBytesMax);
  if (!bytes.ok()) return std::nullopt;
  // Mostly where something is written.
  const size_t written = bytes->find_last_not_of('\0') + 1;
  const size_t range = written == 0 || random_.OneIn(8) ? bytes->size() : written;
  if (range == 0) return std::nullopt;
  flip.offset = random_.Uniform(range);
  return flip;
}

Status SeededRun::Live(const LifePlan& plan) {
  Status status = lives_.Live(plan);
  const Promises& promises = lives_.promises();
  Tell(absl::StrFormat("lived in mode %s, %s: %s; promised %d for power loss, %d for kill%s",
                       NameOf(plan.mode), lives_.started() ? "started" : "not started",
                       status.ToString(), promises.durable_seq, promises.appended_seq,
                       disk_.crashed() ? "; the disk has stopped" : ""));
  return status;
}

void SeededRun::Die(Death death) {
  lives_.Die(death);
  Tell(death == Death::kKill ? "killed" : "power lost");
}

// With nothing in its way a server must start.
void SeededRun::MustLive(const LifePlan& plan) {
  const Status status = Live(plan);
  if (!status.ok()) Complain("with a good disk: " + status.ToString());
}

// The server may refuse to start, but then it must say where, and must have changed nothing: with
// the file as it was everything is there.
void SeededRun::LiveWithFlip(const Flip& flip, const LifePlan& plan) {
  const Promises before = lives_.promises();
  lives_.PromiseNoMoreThanMarks();
  if (!disk_.FlipBit(flip.path, flip.offset, flip.bit).ok()) Complain("nothing to flip");
  Tell(absl::StrFormat("bit %d of byte %d of %s flipped", flip.bit, flip.offset, flip.path));
  const Status status = Live(plan);
  if (lives_.started()) return;
  if (status.code() != StatusCode::kCorruption && status.code() != StatusCode::kIncompatible) {
    Complain("a flipped bit gave " + status.ToString());
  }
  if (status.message().find("/data") == std::string::npos) Complain(status.ToString());
  disk_.KillProcess();
  if (!disk_.FlipBit(flip.path, flip.offset, flip.bit).ok()) Complain(flip.path + " has changed");
  lives_.Promise(before);
  MustLive(plan);
}

void SeededRun::LiveOnce() {
  const LifePlan plan = RandomPlan();
  const uint64_t kind = random_.Uniform(6);
  if (kind == 0) {
    if (const std::optional<Flip> flip = RandomFlip()) LiveWithFlip(*flip, plan);
  } else if (kind == 1) {
    MustLive(plan);
  } else {
    if (kind < 4) {
      const fault::FaultRates rates = RandomRates();
      if (rates.read_flip != 0) lives_.PromiseNoMoreThanMarks();
      disk_.SetFaults(rates, random_.Next());
      Tell(
          absl::StrFormat("one fault in: %d opens, %d reads (%d short, %d flips), %d writes, "
                          "%d allocations, %d syncs (%d of directories)",
                          rates.open, rates.read, rates.short_read, rates.read_flip, rates.write,
                          rates.allocate, rates.sync, rates.sync_directory));
    }
    if (random_.OneIn(4)) disk_.SetCapacity(fault::kDiskPageBytes * (1 + random_.Uniform(80)));
    if (kind > 2) disk_.CrashAt(1 + random_.Uniform(random_.OneIn(2) ? 20 : 80));
    static_cast<void>(Live(plan));
  }
  disk_.SetCapacity(UINT64_MAX);
  Die(random_.OneIn(2) ? Death::kPowerLoss : Death::kKill);
}

std::string SeededRun::Run() {
  for (uint64_t left = 2 + random_.Uniform(4); left > 0; --left) LiveOnce();
  MustLive({.mode = FsyncMode::kAlways, .turns = 5});
  Die(Death::kPowerLoss);
  MustLive({.mode = FsyncMode::kOs});
  Complain(lives_.complaint());
  return complaint_;
}

constexpr uint64_t kFaultShards = 8;

class SeededFaultsTest : public QuietTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(SeededFaultsTest, KeepWhatWasPromised) {
  const uint64_t only = FromEnvironment("CORELANE_FAULT_SEED", 0);
  const uint64_t runs = FromEnvironment("CORELANE_FAULT_RUNS", 240);
  for (uint64_t seed = GetParam() + 1; seed <= (only != 0 ? only : runs); seed += kFaultShards) {
    if (only != 0 && seed != only) continue;
    EXPECT_EQ(SeededRun(seed, only != 0).Run(), "")
        << "seed " << seed << "; again: CORELANE_FAULT_SEED=" << seed
        << " wal_test --gtest_filter='*SeededFaults*'";
  }
}

INSTANTIATE_TEST_SUITE_P(, SeededFaultsTest, testing::Range(uint64_t{0}, kFaultShards));

}  // namespace
}  // namespace corelane::wal
