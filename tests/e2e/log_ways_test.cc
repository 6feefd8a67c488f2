// The ways of log-ways-bench compared by what they leave on the disk: a log that recovery reads,
// whichever of them wrote it. Figures of a way that loses frames would mean nothing.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"
#include "log_ways/frame_ring.h"
#include "log_ways/lane_run.h"
#include "log_ways/segment_files.h"
#include "log_ways/table.h"
#include "log_ways/way.h"
#include "wal/recovery.h"

namespace corelane::bench {
namespace {

constexpr std::string_view kKey = "key";
// The smallest segments: 13 MB go over the end of one.
constexpr uint64_t kSmallSegmentsBytes = FrameRing::kBytes - 1;
constexpr uint64_t kFrames = 2'900;
// Of the usual size: 22 MB go twice over the end of a way's memory, within one.
constexpr uint64_t kUsualSegmentsBytes = FrameRing::kBytes;
constexpr uint64_t kManyFrames = 5'000;

// From a few bytes to more than a block, so that frames lie across every kind of border.
std::string ValueOf(uint64_t index) {
  return std::string(index * 37 % 9'000, static_cast<char>('a' + index % 26));
}

class Checker final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& frame) override {
    EXPECT_EQ(frame.key, kKey);
    EXPECT_EQ(frame.value.bytes, ValueOf(frames)) << "frame " << frames;
    ++frames;
    return OkStatus();
  }
  uint64_t frames = 0;
};

struct NamedMake {
  const char* name;
  Result<std::unique_ptr<Way>> (*make)(const WayOptions&);
};
constexpr NamedMake kMakes[] = {{"mapping", MakeMappingWay},
                                {"write", MakeWriteWay},
                                {"helper", MakeHelperWay},
                                {"direct", MakeDirectWay}};

class LogWaysTest : public testing::TestWithParam<std::tuple<NamedMake, wal::FsyncMode>> {
 protected:
  // Null, and the test is skipped, where this system refuses what the way is made of.
  std::unique_ptr<Way> Make(uint64_t bytes_max = kSmallSegmentsBytes) {
    WayOptions options;
    options.files = &files_;
    options.clock = &clock_;
    options.directory = directory_.path();
    options.mode = mode();
    options.bytes_max = bytes_max;
    Result<std::unique_ptr<Way>> way = std::get<0>(GetParam()).make(options);
    if (way.ok()) return std::move(way).value();
    const std::string& reason = way.status().message();
    const bool refused = reason.find("io_uring") != std::string::npos ||
                         reason.find("O_DIRECT") != std::string::npos;
    EXPECT_TRUE(refused) << reason;
    return nullptr;
  }

  void AppendAll(Way& way, uint64_t frames, uint64_t frames_per_turn) {
    for (uint64_t i = 0; i < frames; ++i) {
      const std::string bytes = ValueOf(i);
      const kv::ValueView value{.type = kv::ValueType::kString, .bytes = bytes};
      while (way.Append(kKey, value) == 0) {
        way.EndTurn();
        way.Poll(clock_.MonotonicNanos());
      }
      if ((i + 1) % frames_per_turn == 0) way.EndTurn();
      EXPECT_LE(way.durable_seq(), way.survived_seq());
    }
    way.Close();
  }

  void ReadBack(uint64_t frames) {
    Checker checker;
    const Result<wal::LaneRecovery> recovery =
        wal::RecoverLane(files_,
                         {.directory = directory_.path(),
                          .lane = FrameRing::kLane,
                          .generation = FrameRing::kGeneration},
                         checker);
    ASSERT_TRUE(recovery.ok()) << recovery.status().ToString();
    EXPECT_EQ(checker.frames, frames);
    EXPECT_EQ(recovery->torn_reason, "");
  }

  wal::FsyncMode mode() const { return std::get<1>(GetParam()); }

  fault::TempDirectory directory_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
};

TEST_P(LogWaysTest, WritesALogThatRecoveryReads) {
  const std::unique_ptr<Way> way = Make();
  if (way == nullptr) GTEST_SKIP();
  AppendAll(*way, kFrames, 37);
  ReadBack(kFrames);
}

// Nothing is written before the lane has no room left and waits.
TEST_P(LogWaysTest, FramesThatWaitForRoomAreNotLost) {
  const std::unique_ptr<Way> way = Make(kUsualSegmentsBytes);
  if (way == nullptr) GTEST_SKIP();
  AppendAll(*way, kManyFrames, kManyFrames);
  ReadBack(kManyFrames);
}

TEST_P(LogWaysTest, ARunCountsEveryFrameOnce) {
  constexpr Load kLoad{.frames_per_second = 20'000, .batch_frames = 5, .value_bytes = 100};
  const std::unique_ptr<Way> way = Make();
  if (way == nullptr) GTEST_SKIP();
  LaneRun run(kLoad, mode(), clock_, *way);
  Cell cell{.way = "this", .mode = mode(), .figures = {}};
  for (int round = 0; round < 2; ++round) cell.Add(run.Go(0.05));
  way->Close();
  const bool always = mode() == wal::FsyncMode::kAlways;
  EXPECT_EQ(cell.figures.frames, 2'000u);
  EXPECT_EQ(cell.figures.append.count(), 2'000u);
  EXPECT_EQ(cell.figures.survives.count(), 2'000u);
  EXPECT_EQ(cell.figures.durable.count(), always ? 2'000u : 0u);
  EXPECT_GE(cell.figures.wall_ns, 99'000'000);
  EXPECT_GT(cell.figures.lane_cpu_ns, 0);
  EXPECT_GE(cell.figures.syncs, always ? 1u : 0u);
  EXPECT_NE(MarkdownTable({cell}).find("| this | "), std::string::npos);
}

// ---- What a run measures, in virtual time ----

// Goes on by a microsecond whenever it is read; by 10 ms once, at the `jumps_at`-th reading from
// the one on by which the first frames are due.
class JumpingClock final : public env::Clock {
 public:
  static constexpr int64_t kStep = 1'000;
  static constexpr int64_t kJump = 10'000'000;

  void JumpAt(int reading) { jumps_at_ = reading; }
  // From here on the run begins; its first frames are due a millisecond later.
  void Begin() { due_ns_ = now_ns_ + kStep + 1'000'000; }
  [[nodiscard]] int64_t MonotonicNanos() const override {
    now_ns_ += kStep;
    if (now_ns_ >= due_ns_ && ++readings_ == jumps_at_) now_ns_ += kJump;
    return now_ns_;
  }
  [[nodiscard]] int64_t WallMillis() const override { return now_ns_ / 1'000'000; }

 private:
  int jumps_at_ = 0;
  int64_t due_ns_ = INT64_MAX;
  mutable int64_t now_ns_ = 0;
  mutable int readings_ = 0;
};

// Takes no time.
class InstantWay final : public Way {
 public:
  [[nodiscard]] uint64_t Append(std::string_view /*key*/, const kv::ValueView& /*value*/) override {
    return ++seq_;
  }
  void EndTurn() override {}
  [[nodiscard]] uint64_t survived_seq() const override { return seq_; }
  [[nodiscard]] uint64_t durable_seq() const override { return seq_; }
  [[nodiscard]] uint64_t syncs() const override { return 0; }
  void Close() override {}

 private:
  uint64_t seq_ = 0;
};

int64_t AppendNanosWithAJumpAt(int reading) {
  constexpr Load kOneBatch{.frames_per_second = 100, .batch_frames = 1, .value_bytes = 1};
  JumpingClock clock;
  InstantWay way;
  LaneRun run(kOneBatch, wal::FsyncMode::kOs, clock, way);
  clock.Begin();
  clock.JumpAt(reading);
  return run.Go(0.01).append.ValueAtPercentile(100);
}

// The first reading sees that frames are due, the second and the third are around the reading of
// the CPU time, the fourth is when the turn is over.
TEST(LaneRun, AnInterruptionIsInTheLatencyWhereverItComes) {
  EXPECT_LT(AppendNanosWithAJumpAt(0), JumpingClock::kJump / 10);
  for (const int reading : {1, 2, 3, 4}) {
    EXPECT_GE(AppendNanosWithAJumpAt(reading), JumpingClock::kJump) << reading;
  }
  EXPECT_LT(AppendNanosWithAJumpAt(5), JumpingClock::kJump / 10);
}

TEST(LaneRun, TheTableSaysWhatItsRowsDoNotShare) {
  for (const std::string_view said : {"unwritten extents", "filled with zeros", "write-back"}) {
    EXPECT_NE(TableNotes().find(said), std::string_view::npos) << said;
  }
}

std::string NameOf(const testing::TestParamInfo<LogWaysTest::ParamType>& info) {
  return std::string(std::get<0>(info.param).name) + "_" +
         std::string(ModeName(std::get<1>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(AllWays, LogWaysTest,
                         testing::Combine(testing::ValuesIn(kMakes),
                                          testing::Values(wal::FsyncMode::kAlways,
                                                          wal::FsyncMode::kEverySecond,
                                                          wal::FsyncMode::kOs)),
                         NameOf);

}  // namespace
}  // namespace corelane::bench
