#pragma once

// CheckpointWalk: takes a checkpoint of a lane that goes on changing, as a lane does: begins it,
// writes a few entries at a time as they are by then, and commits it once the log is durable up to
// where it was when the walk ended. One test owns it; one thread.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "env/file_system.h"
#include "lane_model.h"
#include "wal/checkpoint_file.h"
#include "wal/lane_log.h"

namespace corelane::wal {

class CheckpointWalk {
 public:
  static constexpr int kEntriesAtOnce = 16;

  // `log`'s turn has ended.
  CheckpointWalk(env::FileSystem& files, LaneIdentity lane, const LaneLog& log, uint64_t number);

  // The next entries; begins the file first. What fails ends the walk, and leaves nothing.
  [[nodiscard]] Status Step(const LaneState& state, const LaneLog& log);
  // The last entry was written; Commit() wants the log to be durable up to end_seq().
  [[nodiscard]] bool walked() const { return walked_; }
  [[nodiscard]] uint64_t end_seq() const { return end_seq_; }
  [[nodiscard]] Status Commit();

 private:
  env::FileSystem& files_;
  const LaneIdentity lane_;
  const CheckpointStart start_;
  std::unique_ptr<CheckpointFile> file_;
  std::string next_key_;
  bool walked_ = false;
  uint64_t end_seq_ = 0;
};

}  // namespace corelane::wal
