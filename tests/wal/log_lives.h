#pragma once

// LogLives: one lane's log in a data directory, through several lives of a server on one
// SimulatedDisk, with a model beside it. Each life opens the directory as a server does, holds what
// recovery hands over against the model, works for a while, and closes or is stopped by the disk.
//
// The model is the list of all changes that were appended, with their sequence numbers, and two
// promises: up to where they survive a power loss, and up to where the death of the process. What a
// recovery finds must be what the changes up to some sequence number come to that is not below the
// promise; and each of them as it was, as far as no checkpoint stands for it.
//
// The log has its helper thread, so the order of file operations differs from run to run; the model
// takes the facts of the very run. One test owns it; one thread.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "checkpoint_walk.h"
#include "env/clock.h"
#include "fault/simulated_disk.h"
#include "lane_model.h"
#include "wal/data_directory.h"
#include "wal/lane_log_writer.h"
#include "wal_test_util.h"

namespace corelane::wal {

struct LifePlan {
  FsyncMode mode = FsyncMode::kAlways;
  uint32_t turns = 0;          // each appends a few changes
  bool wait_for_sync = false;  // for all that was appended, in the end
  bool close = true;           // orderly in the end; else the disk stops under the log
  bool checkpoints = false;    // take some on the way, and try one in the end
};

enum class Death : uint8_t { kPowerLoss, kKill };

// Sequence numbers.
struct Promises {
  uint64_t durable_seq = 0;   // up to here changes survive a power loss
  uint64_t appended_seq = 0;  // up to here the death of the process
  uint64_t at_start_seq = 0;  // up to here they must be there at the next start
};

class LogLives {
 public:
  // The disk is another one for each call of a fork; what the model knows stays.
  LogLives(fault::SimulatedDisk& disk, uint64_t seed);

  // OK, or why the server did not start or had to stop: what the disk and the log said.
  [[nodiscard]] Status Live(const LifePlan& plan);
  // Did the last life get as far as taking writes?
  [[nodiscard]] bool started() const { return started_; }

  // The disk starts again.
  void Die(Death death);

  // The same history on a copy of the disk, which the caller has made after Die().
  [[nodiscard]] std::unique_ptr<LogLives> On(fault::SimulatedDisk& disk, uint64_t seed) const;

  // A bit is to flip: no more is promised than what marks on the disk say was on stable storage.
  void PromiseNoMoreThanMarks();
  [[nodiscard]] const Promises& promises() const { return promises_; }
  void Promise(const Promises& promises) { promises_ = promises; }

  // Empty while everything was as promised; else the first thing that was not.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

  static constexpr std::string_view kDirectory = "/data";
  static constexpr std::string_view kLaneDirectory = "/data/gen-000001/lane-0000";

 private:
  class Auditor;

  [[nodiscard]] Result<std::unique_ptr<LaneLogWriter>> Start(const LifePlan& plan);
  void Audit(const Auditor& found, const LaneRecovery& recovery);
  [[nodiscard]] Status Work(LaneLogWriter& log, const LifePlan& plan);
  [[nodiscard]] Status AppendOne(LaneLogWriter& log);
  void StepCheckpoint(LaneLogWriter& log);
  void FinishCheckpoint(LaneLogWriter& log);
  void WaitForDurable(LaneLogWriter& log);
  [[nodiscard]] Frame RandomChange();
  [[nodiscard]] size_t RandomValueBytes();
  void NotePromises(const LaneLogWriter& log, FsyncMode mode);
  void Complain(const std::string& what);

  fault::SimulatedDisk& disk_;
  base::Random random_;
  env::ManualClock clock_;
  WaitingListener listener_;
  std::string key_;
  std::string value_;

  std::vector<Fact> facts_;
  LaneState state_;  // of this life, up to now
  uint64_t next_checkpoint_ = 1;
  std::unique_ptr<CheckpointWalk> walk_;  // while one is taken
  Promises promises_;
  bool started_ = false;
  std::string complaint_;
};

// The highest sequence number that a mark or a header in the lane's segments calls durable, or its
// checkpoint.
[[nodiscard]] uint64_t MarkedSeq(env::FileSystem& files, const std::string& lane_directory);

}  // namespace corelane::wal
