#pragma once

// StoreLog: one lane's log shared by the threads of an embedded store. A writer holds the Turn from
// before its change to behind its append, so that the log has the changes of a key in the order in
// which they were made; readers take no part.
//
// Any thread. Without a log (null) everything here does nothing and succeeds at once.

#include <corelane/status.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/functional/function_ref.h"
#include "wal/lane_log.h"
#include "wal/lane_log_options.h"

namespace corelane::shard {

class StoreLog final : public wal::DurabilityListener {
 public:
  explicit StoreLog(bool always) : always_(always) {}

  // Before any other call; null for a store in memory.
  void SetLog(std::unique_ptr<wal::LaneLog> log) { log_ = std::move(log); }
  [[nodiscard]] bool enabled() const { return log_ != nullptr; }

  // The right to change and append. While a Turn lives nobody else has one.
  class Turn {
   public:
    // Waits for its turn, and for room in the log.
    Turn(StoreLog& log, size_t frames, size_t bytes);
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    // Not OK: the log refuses, and nothing may be changed.
    [[nodiscard]] const Status& status() const { return status_; }
    // Null without a log.
    [[nodiscard]] wal::LaneLog* log() { return log_.log_.get(); }
    // Ends the turn after the appends up to `seq`, and waits until they are as safe as the mode
    // promises. kWalWriteFailed when they will never be.
    [[nodiscard]] Status FinishAt(uint64_t seq);

   private:
    StoreLog& log_;
    std::unique_lock<std::mutex> lock_;
    Status status_;
  };

  // What a reader has just read may not be durable yet: waits until it is. Only in the always mode
  // does this take time.
  [[nodiscard]] Status WaitForReads();
  // Where the log stands between two turns.
  struct Place {
    uint64_t seq = 0;
    uint64_t segment = 0;
    uint64_t appended_bytes = 0;
  };
  [[nodiscard]] Place Where();
  // Waits until everything so far is on stable storage, whatever the mode; up to which frame that
  // is.
  [[nodiscard]] Result<uint64_t> Sync();
  // Waits for what the log's helper or the writer of its checkpoints brings about.
  void WaitUntil(absl::FunctionRef<bool()> holds);

  [[nodiscard]] Status Close();

  void OnLogProgress() override;

 private:
  [[nodiscard]] Status WaitUntilReleased(uint64_t seq, std::unique_lock<std::mutex>& lock);

  const bool always_;
  std::mutex mutex_;
  std::condition_variable progress_;
  std::unique_ptr<wal::LaneLog> log_;
};

}  // namespace corelane::shard
