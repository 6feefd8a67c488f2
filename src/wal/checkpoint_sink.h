#pragma once

// CheckpointSink: where a lane's walk over its entries puts them, to become a checkpoint
// (WAL_FORMAT.md). The server's is CheckpointWriter; tests have one that does what the test says.
//
// One checkpoint at a time:
//   Begin, then Add as often as HasRoom() allows, then Finish; or Abandon at any time.
// Then state() leaves kWriting, once, and Acknowledge() makes it kIdle again.
//
// Thread rules: lane thread only; nothing here waits.

#include <corelane/status.h>

#include <cstdint>
#include <string_view>

#include "kv/value.h"

namespace corelane::wal {

enum class CheckpointState : uint8_t { kIdle, kWriting, kDone, kFailed };

// What the last checkpoint came to.
struct CheckpointReport {
  uint64_t number = 0;
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of the file
};

class CheckpointSink {
 public:
  virtual ~CheckpointSink() = default;

  // Frames up to `seq` are in the entries that follow; the frame behind it is, or will be, in
  // segment `first_segment` or later. state() is kIdle.
  virtual void Begin(uint64_t seq, uint64_t first_segment) = 0;
  // Not while the disk is behind: the lane is told when there is room again.
  [[nodiscard]] virtual bool HasRoom() = 0;
  virtual void Add(std::string_view key, const kv::ValueView& value) = 0;
  // That was all, and the log is durable up to `end_seq`, which covers every change that the
  // entries may show.
  virtual void Finish(uint64_t end_seq) = 0;
  virtual void Abandon() = 0;

  // To be asked whenever the lane is told, so that what is on its way moves on.
  [[nodiscard]] virtual CheckpointState state() = 0;
  // While kDone.
  [[nodiscard]] virtual const CheckpointReport& report() const = 0;
  // While kFailed. The log goes on as it was, and so do the checkpoint and the segments before.
  [[nodiscard]] virtual const Status& failure() const = 0;
  virtual void Acknowledge() = 0;
};

}  // namespace corelane::wal
