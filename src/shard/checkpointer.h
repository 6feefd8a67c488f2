#pragma once

// Checkpointer: takes a lane's checkpoints while the lane serves. It walks the stripes, one helping
// a turn, and copies the entries as they are when the walk comes to them; a change on the way costs
// nothing, since its frame is in the log behind the point where the checkpoint began (WAL_FORMAT.md
// says why that is enough). When the walk is through, the log is synced, and the sink's thread
// gives the checkpoint its name.
//
// One attempt at a time, numbered from 1. An attempt is made when somebody asks, or when the policy
// says so. One that fails changes nothing but the report of it: the log goes on, and so does what
// was there before.
//
// Owned by the slice, whose engine and log outlive it. One thread, the lane's.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/clock.h"
#include "storage/engine.h"
#include "wal/checkpoint_sink.h"
#include "wal/lane_log.h"

namespace corelane::shard {

// When a lane takes a checkpoint by itself.
struct CheckpointPolicy {
  // When the lane's log has grown by this since the last one; 0: never for that reason.
  uint64_t log_bytes = uint64_t{64} << 20;
  // But not before it has grown by this share of what the lane's keys and values take: a checkpoint
  // of an engine in memory writes all of that.
  double log_share = 1.0;
  // When the last one is this old and something has changed; 0: never for that reason.
  int64_t interval_ms = 0;
};

struct CheckpointStats {
  bool running = false;
  bool last_failed = false;
  uint64_t taken = 0;  // since the start
  uint64_t failed = 0;
  uint64_t entries = 0;    // of the last one
  uint64_t bytes = 0;      // of its file
  int64_t began_ms = 0;    // the running one, wall clock
  int64_t last_ms = 0;     // when the last one ended, wall clock; 0: none has
  int64_t took_ms = 0;     // the last one
  uint64_t log_bytes = 0;  // of the log since the last one began
  uint64_t changes = 0;    // since then, or since the start
};

class Checkpointer {
 public:
  // What the log had grown to since the last checkpoint when the lane started.
  struct Start {
    CheckpointPolicy policy;
    uint64_t log_bytes = 0;
  };

  Checkpointer(storage::Engine& engine, wal::LaneLog& log,
               std::unique_ptr<wal::CheckpointSink> sink, const env::Clock& clock,
               const Start& start);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // Returns the number of the attempt that will have everything done so far: one that begins now,
  // or one that is still walking.
  uint64_t Request();
  // Attempts up to this number are over; last_status() is how the last of them ended.
  [[nodiscard]] uint64_t ended() const { return ended_; }
  [[nodiscard]] const Status& last_status() const { return last_status_; }

  // One is running, or asked for.
  [[nodiscard]] bool Active() const { return phase_ != Phase::kIdle || requested_ > begun_; }
  // Ten times a second or so: looks whether the policy asks for one.
  void Consider();
  // A helping of what there is to do: a stripe at most, tens of microseconds. True when there is
  // more at once.
  bool RunTurn();
  // For the last look before sleeping.
  [[nodiscard]] bool HasWork();

  [[nodiscard]] CheckpointStats Stats() const;

 private:
  enum class Phase : uint8_t {
    kIdle,
    kWalking,
    kSyncing,  // the log, up to the end of the walk
    kWriting,  // the rest is the sink's
    kFailing,  // there will be no checkpoint; the sink and the log come to an end
  };

  // Entries above this are not copied with their stripe, but by themselves, some in a turn.
  static constexpr size_t kLargeEntryBytes = 1024;
  struct LargeEntry {
    std::string key;
    uint64_t hash = 0;
  };

  void Begin();
  void Walk();
  void CopyStripe();
  void CopyLargeEntries();
  void EndWalk();
  void Fail(const Status& status);
  void End(const Status& status);
  [[nodiscard]] bool LogFailed() const;
  [[nodiscard]] bool FailureIsOver();
  [[nodiscard]] bool PolicyAsks() const;
  // Of the log since the last checkpoint began.
  [[nodiscard]] uint64_t LogBytes() const;

  storage::Engine& engine_;
  wal::LaneLog& log_;
  const env::Clock& clock_;
  const CheckpointPolicy policy_;
  const std::unique_ptr<wal::CheckpointSink> sink_;

  Phase phase_ = Phase::kIdle;
  uint64_t requested_ = 0;
  uint64_t begun_ = 0;
  uint64_t ended_ = 0;
  Status last_status_;

  // The attempt that runs.
  storage::WalkCursor cursor_ = storage::kWalkStart;
  bool walked_ = false;  // all stripes were visited; large entries may be left
  std::vector<LargeEntry> large_entries_;
  int64_t began_ns_ = 0;
  uint64_t began_seq_ = 0;
  uint64_t end_seq_ = 0;
  uint64_t appended_at_begun_ = 0;  // what the log's count of bytes was

  // The last checkpoint that counts.
  CheckpointStats stats_;
  int64_t last_ns_ = 0;  // when it ended, monotonic; else the lane's start
  uint64_t last_seq_at_begin_ = 0;
  uint64_t appended_at_begin_ = 0;
  uint64_t log_bytes_before_ = 0;  // of the log of earlier runs behind it
  // After a failure the policy does not ask again at once.
  int64_t retry_ms_ = 0;
  int64_t retry_at_ns_ = 0;
};

}  // namespace corelane::shard
