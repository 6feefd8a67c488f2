#include "shard/store_checkpoint.h"

#include <limits>
#include <utility>

#include "base/status_macros.h"

namespace corelane::shard {
namespace {

// A time at which nothing has expired: a start drops what has, after the last frame of the log.
constexpr int64_t kBeforeAllExpiry = std::numeric_limits<int64_t>::min();

}  // namespace

void StoreCheckpoint::SetSink(std::unique_ptr<wal::CheckpointSink> sink, uint64_t log_bytes) {
  sink_ = std::move(sink);
  log_bytes_before_ = log_bytes;
}

uint64_t StoreCheckpoint::LogBytes() {
  const std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return 0;
  return log_bytes_before_ + log_.Where().appended_bytes - appended_at_begin_;
}

Status StoreCheckpoint::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const StoreLog::Place begin = log_.Where();
  sink_->Begin(begin.seq, begin.segment);
  Status status = Walk();
  if (status.ok()) {
    // Behind the walk, so that it covers every change that an entry may show.
    const Result<uint64_t> end_seq = log_.Sync();
    status = end_seq.status();
    if (end_seq.ok()) {
      sink_->Finish(*end_seq);
    } else {
      sink_->Abandon();
    }
  }
  log_.WaitUntil([&] { return sink_->state() != wal::CheckpointState::kWriting; });
  if (status.ok() && sink_->state() == wal::CheckpointState::kFailed) status = sink_->failure();
  sink_->Acknowledge();
  if (!status.ok()) return status;
  log_bytes_before_ = 0;
  appended_at_begin_ = begin.appended_bytes;
  return OkStatus();
}

Status StoreCheckpoint::Walk() {
  large_entries_.clear();
  storage::WalkCursor cursor = storage::kWalkStart;
  do {
    if (!WaitForRoom()) return sink_->failure();
    cursor = engine_.VisitStripe(cursor, [&](const storage::EntryView& entry) {
      if (entry.key.size() + entry.value.bytes.size() > kLargeEntryBytes) {
        large_entries_.push_back({std::string(entry.key), entry.hash});
      } else {
        sink_->Add(entry.key, entry.value);
      }
    });
    for (const LargeEntry& large : large_entries_) {
      if (!WaitForRoom()) return sink_->failure();
      CopyLarge(large);
    }
    large_entries_.clear();
  } while (cursor != storage::kWalkStart);
  return OkStatus();
}

// False: the checkpoint has failed.
bool StoreCheckpoint::WaitForRoom() {
  bool room = false;
  log_.WaitUntil([&] {
    room = sink_->HasRoom();
    return room || sink_->state() == wal::CheckpointState::kFailed;
  });
  return sink_->state() != wal::CheckpointState::kFailed;
}

void StoreCheckpoint::CopyLarge(const LargeEntry& large) {
  const storage::StripeGuard guard = engine_.Lock(large.hash);
  kv::ValueView value;
  if (engine_.Get({large.key, large.hash}, kBeforeAllExpiry, &value)) {
    sink_->Add(large.key, value);
  }
}

}  // namespace corelane::shard
