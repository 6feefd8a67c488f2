#include "shard/log_replay.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/log.h"

namespace corelane::shard {
namespace {

constexpr int64_t kProgressNanos = 3'000'000'000;
constexpr uint64_t kFramesBetweenLooks = 1 << 18;
// A time at which nothing has expired: the log's order alone decides what is there.
constexpr int64_t kBeforeAllExpiry = std::numeric_limits<int64_t>::min();
constexpr size_t kReclaimedTogether = 4096;

}  // namespace

LogReplay::LogReplay(storage::Engine& engine, uint64_t hash_seed, const env::Clock& clock,
                     std::string name)
    : engine_(engine),
      hash_seed_(hash_seed),
      clock_(clock),
      name_(std::move(name)),
      now_ms_(clock.WallMillis()),
      next_progress_ns_(clock.MonotonicNanos() + kProgressNanos) {}

Status LogReplay::OnFrame(const wal::Frame& frame) {
  if (++frames_ % kFramesBetweenLooks == 0) SayProgress();
  const storage::HashedKey key{frame.key, base::KeyHash(frame.key, hash_seed_)};
  switch (frame.type) {
    case wal::FrameType::kPut:
    case wal::FrameType::kPutExpiring:
    case wal::FrameType::kPutNoted:
      if (frame.value.expires_at <= now_ms_) {
        engine_.Erase(key, kBeforeAllExpiry);
      } else if (engine_.Put(key, frame.value) == storage::PutResult::kOutOfMemory) {
        return Status(StatusCode::kOutOfMemory, name_ + ": the data does not fit into memory");
      }
      break;
    case wal::FrameType::kErase:
      engine_.Erase(key, kBeforeAllExpiry);
      break;
    case wal::FrameType::kExpiry:
      if (frame.value.expires_at <= now_ms_) {
        engine_.Erase(key, kBeforeAllExpiry);
      } else if (engine_.SetExpiry(key, kBeforeAllExpiry, frame.value.expires_at) ==
                 storage::ExpireResult::kOutOfMemory) {
        return Status(StatusCode::kOutOfMemory, name_ + ": the data does not fit into memory");
      }
      break;
    case wal::FrameType::kMarks:
      if (engine_.Annotate(key, kBeforeAllExpiry, frame.value.marks, 0) ==
          storage::AnnotateResult::kOutOfMemory) {
        return Status(StatusCode::kOutOfMemory, name_ + ": the data does not fit into memory");
      }
      break;
    case wal::FrameType::kClear:
      engine_.Clear();
      while (engine_.Reclaim(kReclaimedTogether)) {
      }
      break;
    default:
      break;  // marks; the reader has refused unknown types
  }
  return OkStatus();
}

void LogReplay::SayProgress() {
  if (clock_.MonotonicNanos() < next_progress_ns_) return;
  next_progress_ns_ = clock_.MonotonicNanos() + kProgressNanos;
  base::Log(base::Severity::kInfo, "%s: %d changes read, %d keys", name_, frames_,
            engine_.Stats().entries);
}

}  // namespace corelane::shard
