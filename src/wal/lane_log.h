#pragma once

// LaneLog: the lane's side of its write-ahead log. The lane appends one frame a change and goes on;
// a helper thread prepares segments ahead and syncs behind (wal/log_helper.h). The lane never makes
// a system call here and never waits.
//
// Sequence numbers: every frame of a lane gets the next one, from 1, without gaps, over all
// segments. A reply that depends on a change may leave once released_seq() has reached the change's
// number:
//   always         it is on stable storage
//   everysec, os   the frame would survive kill -9 (it is in the page cache: at once after Append)
//
// Thread rules: lane thread only. After Append the frame is complete; the caller's bytes are not
// kept.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/value.h"

namespace corelane::wal {

enum class FsyncMode : uint8_t { kAlways, kEverySecond, kOs };

// What the log says to a change of a given size, before anything is done.
enum class Admission : uint8_t {
  kOk,        // append at once
  kWait,      // the helper is making room: ask again next turn
  kDiskFull,  // refuse with StatusCode::kDiskFull; heals by itself
  kFailed,    // refuse with StatusCode::kWalWriteFailed; final until a restart
};

struct LogStats {
  uint64_t appended_frames = 0;
  uint64_t appended_bytes = 0;
  uint64_t last_seq = 0;
  uint64_t durable_seq = 0;
  uint64_t syncs = 0;
  uint64_t sync_nanos_max = 0;
  int64_t last_sync_wall_ms = 0;  // when the last sync began; 0: there was none
  uint64_t segments = 0;
  uint64_t waits = 0;   // times Admit() said kWait
  std::string failure;  // empty while healthy; else what failed
};

class LaneLog {
 public:
  virtual ~LaneLog() = default;

  // May `frames` changes with `bytes` of keys and values in all be appended now? kOk holds until
  // the next Append beyond that.
  [[nodiscard]] virtual Admission Admit(size_t frames, size_t bytes) = 0;

  // Each returns the frame's sequence number. Preceded by an Admit() that said kOk.
  virtual uint64_t AppendPut(std::string_view key, const kv::ValueView& value) = 0;
  virtual uint64_t AppendErase(std::string_view key) = 0;
  virtual uint64_t AppendExpiry(std::string_view key, kv::ExpiryMillis expires_at) = 0;
  virtual uint64_t AppendMarks(std::string_view key, kv::Marks marks) = 0;
  virtual uint64_t AppendClear() = 0;

  [[nodiscard]] virtual uint64_t last_seq() const = 0;
  // The number of the segment that the next frame goes to, unless that is full: then to the one
  // behind.
  [[nodiscard]] virtual uint64_t segment() const = 0;
  // Replies that depend on frames up to here may leave. Never goes back. One atomic load.
  [[nodiscard]] virtual uint64_t released_seq() const = 0;

  // At the end of each turn: lets the helper know what there is to do (at most one wake-up).
  virtual void EndTurn() = 0;

  // What was appended so far is to be on stable storage soon, in every mode; the listener is told
  // when it is. durable_seq() says how far that has come.
  virtual void RequestSync() = 0;
  [[nodiscard]] virtual uint64_t durable_seq() const = 0;

  // Syncs everything in every mode and ends the helper; nothing may be appended afterwards. Blocks:
  // for shutdown only.
  [[nodiscard]] virtual Status Close() = 0;

  // Why Admit() refuses, for logs and stats; OK while healthy.
  [[nodiscard]] virtual Status health() const = 0;
  [[nodiscard]] virtual LogStats Stats() const = 0;
};

}  // namespace corelane::wal
