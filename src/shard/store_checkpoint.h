#pragma once

// StoreCheckpoint: the checkpoints of an embedded store. As those of a lane (shard/checkpointer.h),
// but on the caller's thread, which waits for the disk, beside threads that read and write: each
// stripe is locked while it is copied.
//
// Owned by the store. Any thread; one checkpoint at a time, the others wait for their turn.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "shard/store_log.h"
#include "storage/striped_engine.h"
#include "wal/checkpoint_sink.h"

namespace corelane::shard {

class StoreCheckpoint {
 public:
  // Both outlive this.
  StoreCheckpoint(storage::StripedEngine& engine, StoreLog& log) : engine_(engine), log_(log) {}

  // Before any other call. The sink's listener is the log; `log_bytes` are of the log of earlier
  // runs, behind the last checkpoint.
  void SetSink(std::unique_ptr<wal::CheckpointSink> sink, uint64_t log_bytes);

  // Takes one, of everything that was done before the call.
  [[nodiscard]] Status Take();
  // How far the log has grown since the last one began; 0 while one is taken.
  [[nodiscard]] uint64_t LogBytes();

 private:
  // Entries above this are copied by themselves, so that a stripe is not locked for long.
  static constexpr size_t kLargeEntryBytes = 1024;
  struct LargeEntry {
    std::string key;
    uint64_t hash = 0;
  };

  [[nodiscard]] Status Walk();
  [[nodiscard]] bool WaitForRoom();
  void CopyLarge(const LargeEntry& large);

  storage::StripedEngine& engine_;
  StoreLog& log_;
  std::mutex mutex_;
  std::unique_ptr<wal::CheckpointSink> sink_;
  std::vector<LargeEntry> large_entries_;
  uint64_t log_bytes_before_ = 0;
  uint64_t appended_at_begin_ = 0;
};

}  // namespace corelane::shard
