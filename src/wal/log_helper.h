#pragma once

// LogHelper: the thread behind a lane's log. It does everything that can block: makes segments
// before they are needed, gives the current one disk space ahead of the lane, makes its pages
// present, syncs as the mode says, and ends segments that are full.
//
// Owned by the LaneLogWriter. The functions under "Lane" are the lane's (TakeNext, Publish,
// AskForSync, AskForRoom, Ring: never block); Start, Stop and Finish belong to whoever opens and
// closes the log. All else runs on the helper's own thread.
//
// What always holds:
//   1. durable_seq never passes what a sync that returned OK had covered.
//   2. A segment is handed to the lane only when its header and its name are on stable storage.
//   3. A failed write or sync is final: nothing is written after it. Only a lack of disk space is
//   tried again.

#include <corelane/status.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "wal/doorbell.h"
#include "wal/lane_log_options.h"
#include "wal/log_segment.h"

namespace corelane::wal {

enum class LogState : uint8_t { kHealthy, kDiskFull, kFailed };

struct HelperCounters {
  uint64_t syncs = 0;
  uint64_t sync_nanos_max = 0;
  int64_t last_sync_wall_ms = 0;
  uint64_t segments = 0;
};

class LogHelper {
 public:
  // Disk space is kept at least this far ahead of the lane; at half of it the next piece is added.
  // A piece is as big as what the segment already holds, so that a busy lane does not run dry while
  // a long sync keeps the helper, and an idle one costs little.
  static constexpr uint64_t kRoomAheadBytes = uint64_t{8} << 20;
  // Pages are made present this far ahead. More would only be zeros for the system to write back.
  static constexpr uint64_t kPrefaultAheadBytes = uint64_t{4} << 20;
  // After a sync the page that the lane is writing, and a few more, are made writable again.
  static constexpr uint64_t kRefaultBytes = uint64_t{64} << 10;
  static constexpr int64_t kSyncPeriodNanos = 1'000'000'000;
  static constexpr int64_t kDiskFullRetryNanos = 100'000'000;

  explicit LogHelper(const LaneLogOptions& options);
  LogHelper(const LogHelper&) = delete;
  LogHelper& operator=(const LogHelper&) = delete;
  ~LogHelper();

  // Makes the first segment, on the calling thread, and starts the helper thread.
  [[nodiscard]] Result<LogSegment*> Start();
  // Syncs what was published, in every mode, and ends the thread.
  void Stop();
  // After Stop(), while healthy: ends the current segment at `end`, durably, and removes one that
  // was never used.
  [[nodiscard]] Status Finish(uint64_t end);

  // Lane.
  // The next segment if it has room for `bytes`, else null.
  [[nodiscard]] LogSegment* TakeNext(uint64_t bytes);
  // Everything up to `seq` is written and visible in the segments' written_end or sealed_end.
  void Publish(uint64_t seq) { appended_seq_.store(seq, std::memory_order_release); }
  // Everything up to `seq`, which was published, is to be synced now, in every mode; the listener
  // is told.
  void AskForSync(uint64_t seq);
  // There was no room for `bytes`: the listener is told when that has changed.
  void AskForRoom(uint64_t bytes);
  void RoomWasFound() { wanted_bytes_.store(0, std::memory_order_relaxed); }
  void Ring() { doorbell_.Ring(); }

  // Any thread.
  [[nodiscard]] uint64_t durable_seq() const {
    return durable_seq_.load(std::memory_order_acquire);
  }
  [[nodiscard]] LogState state() const { return state_.load(std::memory_order_acquire); }
  [[nodiscard]] Status health() const;
  [[nodiscard]] HelperCounters counters() const;

 private:
  void Run();
  void WorkRound();
  [[nodiscard]] Status KeepRoom(int64_t now);
  [[nodiscard]] Status MakeNext();
  [[nodiscard]] Status EnlargeNext(uint64_t wanted);
  [[nodiscard]] Result<LogSegment*> AddSegment(uint64_t room);
  void Prefault(LogSegment& segment) const;
  [[nodiscard]] Status SyncRound(int64_t now, bool force);
  [[nodiscard]] Status TimedSync(LogSegment& segment, uint64_t end);
  [[nodiscard]] Status RetireSealed();
  void SetDurable(uint64_t seq);
  void TellWaiter();
  void TellAsker();
  void Judge(const Status& status);
  void Enter(LogState state, const Status& status);
  [[nodiscard]] int64_t WaitNanos(int64_t now) const;
  // The segment that the lane writes, as far as the helper knows.
  [[nodiscard]] LogSegment& Current();
  [[nodiscard]] bool HasNext();
  void Tell() {
    if (options_.listener != nullptr) options_.listener->OnLogProgress();
  }

  const LaneLogOptions options_;

  // The helper's own. Oldest first: sealed ones, the current one, and maybe the next.
  std::deque<std::unique_ptr<LogSegment>> segments_;
  uint64_t next_number_;
  int64_t last_sync_nanos_ = 0;
  int64_t last_try_nanos_ = 0;  // to make room
  uint64_t told_seq_ = 0;       // the last one asked for of which the listener was told
  std::thread thread_;

  // The hand-off. Orders: what is stored with release is read with acquire by the other side, and
  // stands for the bytes or fields that were written before it.
  Doorbell doorbell_;
  std::atomic<bool> stop_{false};
  std::atomic<LogSegment*> next_{nullptr};
  std::atomic<uint64_t> wanted_bytes_{0};
  std::atomic<bool> waiting_{false};
  std::atomic<uint64_t> sync_asked_seq_{0};
  alignas(64) std::atomic<uint64_t> appended_seq_;
  alignas(64) std::atomic<uint64_t> durable_seq_;
  std::atomic<LogState> state_{LogState::kHealthy};

  // Counters: relaxed, they order nothing.
  std::atomic<uint64_t> syncs_{0};
  std::atomic<uint64_t> sync_nanos_max_{0};
  std::atomic<int64_t> last_sync_wall_ms_{0};
  std::atomic<uint64_t> segments_made_{0};

  mutable std::mutex failure_mutex_;
  Status failure_;
};

}  // namespace corelane::wal
