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
// A time at which nothing has expired. An expiry that has passed by now must not take the key away:
// a later frame may be of a time when the key was alive, and have given it a longer life.
constexpr int64_t kBeforeAllExpiry = std::numeric_limits<int64_t>::min();
constexpr size_t kReclaimedTogether = 4096;

}  // namespace

LogReplay::LogReplay(storage::Engine& engine, uint64_t hash_seed, const env::Clock& clock,
                     std::string name)
    : engine_(engine),
      hash_seed_(hash_seed),
      clock_(clock),
      name_(std::move(name)),
      next_progress_ns_(clock.MonotonicNanos() + kProgressNanos) {}

Status LogReplay::OnFrame(const wal::Frame& frame) {
  if (++frames_ % kFramesBetweenLooks == 0) SayProgress();
  const Status replayed = Replay(frame);
  // What an engine on a disk could not do looks like a want of memory otherwise.
  return engine_.failures() == 0 ? replayed : engine_.health();
}

Status LogReplay::Replay(const wal::Frame& frame) {
  const storage::HashedKey key{frame.key, base::KeyHash(frame.key, hash_seed_)};
  switch (frame.type) {
    case wal::FrameType::kPut:
    case wal::FrameType::kPutExpiring:
    case wal::FrameType::kPutNoted:
      if (engine_.Put(key, frame.value) == storage::PutResult::kOutOfMemory) return OutOfMemory();
      break;
    case wal::FrameType::kErase:
      engine_.Erase(key, kBeforeAllExpiry);
      break;
    case wal::FrameType::kExpiry:
      if (engine_.SetExpiry(key, kBeforeAllExpiry, frame.value.expires_at) ==
          storage::ExpireResult::kOutOfMemory) {
        return OutOfMemory();
      }
      break;
    case wal::FrameType::kMarks:
      if (engine_.Annotate(key, kBeforeAllExpiry, frame.value.marks, 0) ==
          storage::AnnotateResult::kOutOfMemory) {
        return OutOfMemory();
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

void LogReplay::DropExpired() {
  storage::WalkCursor cursor = storage::kWalkStart;
  do {
    cursor = engine_.SweepStripe(cursor, clock_.WallMillis());
  } while (cursor != storage::kWalkStart);
}

Status LogReplay::OutOfMemory() const {
  return Status(StatusCode::kOutOfMemory, name_ + ": the data does not fit into memory");
}

void LogReplay::SayProgress() {
  if (clock_.MonotonicNanos() < next_progress_ns_) return;
  next_progress_ns_ = clock_.MonotonicNanos() + kProgressNanos;
  base::Log(base::Severity::kInfo, "%s: %d changes read, %d keys", name_, frames_,
            engine_.Stats().entries);
}

}  // namespace corelane::shard
