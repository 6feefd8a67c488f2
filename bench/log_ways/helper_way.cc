// The lane copies frames into memory that it shares with a helper thread, which writes and syncs.
// The lane makes no system call but to wake the helper; but a frame survives kill -9 only when the
// helper's write has returned, and while it syncs it does not write.

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

class HelperWay final : public Way {
 public:
  HelperWay(const WayOptions& options, uint64_t segment_bytes, std::unique_ptr<SegmentFiles> files)
      : options_(options),
        ring_(segment_bytes),
        files_(std::move(files)),
        helper_([this] { WriteBehind(); }) {}
  ~HelperWay() override { StopHelper(); }

  [[nodiscard]] uint64_t Append(std::string_view key, const kv::ValueView& value) override {
    if (const uint64_t seq = ring_.Append(key, value); seq != 0) return seq;
    // acquire: the helper has read what may now be overwritten.
    ring_.Free(written_end_.load(std::memory_order_acquire));
    return ring_.Append(key, value);
  }

  void EndTurn() override {
    if (published_seq_.load(std::memory_order_relaxed) == ring_.last_seq()) return;
    published_end_.store(ring_.end(), std::memory_order_relaxed);
    // release: who sees the number sees the end that covers it, and the frames.
    published_seq_.store(ring_.last_seq(), std::memory_order_release);
    doorbell_.Ring();
  }

  [[nodiscard]] uint64_t survived_seq() const override {
    return written_seq_.load(std::memory_order_acquire);
  }
  [[nodiscard]] uint64_t durable_seq() const override {
    return durable_seq_.load(std::memory_order_acquire);
  }
  [[nodiscard]] uint64_t syncs() const override { return syncs_.load(std::memory_order_relaxed); }

  void Close() override {
    EndTurn();
    StopHelper();
    WriteTo(ring_.end());
    files_->SyncTo(ring_.end());
  }

 private:
  void WriteBehind() {
    SyncSchedule schedule(options_.mode, options_.clock->MonotonicNanos());
    while (!stop_.load(std::memory_order_acquire)) {
      const uint64_t seq = published_seq_.load(std::memory_order_acquire);
      WriteTo(published_end_.load(std::memory_order_relaxed));
      written_seq_.store(seq, std::memory_order_release);
      const int64_t now_ns = options_.clock->MonotonicNanos();
      if (schedule.Due(seq > durable_seq(), now_ns)) {
        schedule.Began(now_ns);
        files_->SyncTo(written_end_.load(std::memory_order_relaxed));
        syncs_.fetch_add(1, std::memory_order_relaxed);
        durable_seq_.store(seq, std::memory_order_release);
      }
      // What was published meanwhile has left its ring, and so this returns at once.
      doorbell_.Wait(schedule.WaitNanos(now_ns));
    }
  }

  void WriteTo(uint64_t end) {
    for (uint64_t at = written_end_.load(std::memory_order_relaxed); at < end;) {
      const std::string_view piece = ring_.Piece(at, end);
      files_->Write(at, piece);
      at += piece.size();
      written_end_.store(at, std::memory_order_release);
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
  alignas(64) std::atomic<uint64_t> published_end_{0};
  std::atomic<uint64_t> published_seq_{0};
  alignas(64) std::atomic<uint64_t> written_end_{0};
  std::atomic<uint64_t> written_seq_{0};
  std::atomic<uint64_t> durable_seq_{0};
  std::atomic<uint64_t> syncs_{0};
  std::thread helper_;  // the last member: it uses all others
};

}  // namespace

Result<std::unique_ptr<Way>> MakeHelperWay(const WayOptions& options) {
  const SegmentPlan plan = PlanSegments(options.bytes_max);
  Result<std::unique_ptr<SegmentFiles>> files = SegmentFiles::Make(options, plan);
  if (!files.ok()) return files.status();
  return std::unique_ptr<Way>(
      std::make_unique<HelperWay>(options, plan.segment_bytes, std::move(files).value()));
}

}  // namespace corelane::bench
