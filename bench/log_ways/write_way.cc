// A buffered write by the lane at the end of each turn; a helper thread syncs behind it. The lane
// makes one system call a turn, and that call waits wherever the file system makes writers wait
// while it syncs.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "log_ways/frame_ring.h"
#include "log_ways/segment_files.h"
#include "log_ways/sync_schedule.h"
#include "log_ways/way.h"
#include "wal/doorbell.h"

namespace corelane::bench {
namespace {

class WriteWay final : public Way {
 public:
  WriteWay(const WayOptions& options, uint64_t segment_bytes, std::unique_ptr<SegmentFiles> files)
      : options_(options), ring_(segment_bytes), files_(std::move(files)) {
    if (options_.mode != wal::FsyncMode::kOs) helper_ = std::thread([this] { SyncBehind(); });
  }
  ~WriteWay() override { StopHelper(); }

  [[nodiscard]] uint64_t Append(std::string_view key, const kv::ValueView& value) override {
    return ring_.Append(key, value);
  }

  void EndTurn() override {
    if (written_end_.load(std::memory_order_relaxed) == ring_.end()) return;
    for (uint64_t at = written_end_.load(std::memory_order_relaxed); at < ring_.end();) {
      const std::string_view piece = ring_.Piece(at, ring_.end());
      files_->Write(at, piece);
      at += piece.size();
    }
    ring_.Free(ring_.end());
    written_end_.store(ring_.end(), std::memory_order_relaxed);
    // release: who sees the number sees the end that covers it.
    written_seq_.store(ring_.last_seq(), std::memory_order_release);
    if (options_.mode == wal::FsyncMode::kAlways) doorbell_.Ring();
  }

  [[nodiscard]] uint64_t survived_seq() const override {
    return written_seq_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] uint64_t durable_seq() const override {
    return durable_seq_.load(std::memory_order_acquire);
  }
  [[nodiscard]] uint64_t syncs() const override { return syncs_.load(std::memory_order_relaxed); }

  void Close() override {
    EndTurn();
    StopHelper();
    files_->SyncTo(ring_.end());
  }

 private:
  void SyncBehind() {
    SyncSchedule schedule(options_.mode, options_.clock->MonotonicNanos());
    while (!stop_.load(std::memory_order_acquire)) {
      const int64_t now_ns = options_.clock->MonotonicNanos();
      const uint64_t seq = written_seq_.load(std::memory_order_acquire);
      if (!schedule.Due(seq > durable_seq(), now_ns)) {
        doorbell_.Wait(schedule.WaitNanos(now_ns));
        continue;
      }
      schedule.Began(now_ns);
      files_->SyncTo(written_end_.load(std::memory_order_relaxed));
      syncs_.fetch_add(1, std::memory_order_relaxed);
      durable_seq_.store(seq, std::memory_order_release);
    }
  }

  void StopHelper() {
    if (!helper_.joinable()) return;
    stop_.store(true, std::memory_order_release);
    doorbell_.Ring();
    helper_.join();
  }

  const WayOptions options_;
  FrameRing ring_;
  const std::unique_ptr<SegmentFiles> files_;
  wal::Doorbell doorbell_;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint64_t> written_end_{0};
  std::atomic<uint64_t> written_seq_{0};
  alignas(64) std::atomic<uint64_t> durable_seq_{0};
  std::atomic<uint64_t> syncs_{0};
  std::thread helper_;
};

}  // namespace

Result<std::unique_ptr<Way>> MakeWriteWay(const WayOptions& options) {
  const SegmentPlan plan = PlanSegments(options.bytes_max);
  Result<std::unique_ptr<SegmentFiles>> files = SegmentFiles::Make(options, plan);
  if (!files.ok()) return files.status();
  return std::unique_ptr<Way>(
      std::make_unique<WriteWay>(options, plan.segment_bytes, std::move(files).value()));
}

}  // namespace corelane::bench
