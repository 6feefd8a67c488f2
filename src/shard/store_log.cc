#include "shard/store_log.h"

#include <cstdint>
#include <mutex>

namespace corelane::shard {

StoreLog::Turn::Turn(StoreLog& log, size_t frames, size_t bytes)
    : log_(log), lock_(log.mutex_, std::defer_lock) {
  if (!log.enabled()) return;
  lock_.lock();
  for (;;) {
    switch (log.log_->Admit(frames, bytes)) {
      case wal::Admission::kOk:
        return;
      case wal::Admission::kWait:
        log.log_->EndTurn();
        log.progress_.wait(lock_);
        break;
      case wal::Admission::kDiskFull:
        status_ = Status(StatusCode::kDiskFull, log.log_->health().message());
        return;
      case wal::Admission::kFailed:
        status_ = Status(StatusCode::kWalWriteFailed, log.log_->health().message());
        return;
    }
  }
}

Status StoreLog::Turn::FinishAt(uint64_t seq) {
  if (!lock_.owns_lock()) return OkStatus();
  log_.log_->EndTurn();
  const Status released = log_.always_ ? log_.WaitUntilReleased(seq, lock_) : OkStatus();
  lock_.unlock();
  return released;
}

Status StoreLog::WaitForReads() {
  if (!always_ || log_ == nullptr) return OkStatus();
  std::unique_lock<std::mutex> lock(mutex_);
  return WaitUntilReleased(log_->last_seq(), lock);
}

Status StoreLog::WaitUntilReleased(uint64_t seq, std::unique_lock<std::mutex>& lock) {
  // A log that has failed releases nothing any more.
  const auto failed = [&] { return log_->health().code() == StatusCode::kWalWriteFailed; };
  progress_.wait(lock, [&] { return log_->released_seq() >= seq || failed(); });
  return log_->released_seq() >= seq ? OkStatus() : log_->health();
}

StoreLog::Place StoreLog::Where() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {log_->last_seq(), log_->segment(), log_->Stats().appended_bytes};
}

Result<uint64_t> StoreLog::Sync() {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t seq = log_->last_seq();
  log_->RequestSync();
  const auto failed = [&] { return log_->health().code() == StatusCode::kWalWriteFailed; };
  progress_.wait(lock, [&] { return log_->durable_seq() >= seq || failed(); });
  if (log_->durable_seq() >= seq) return seq;
  return log_->health();
}

void StoreLog::WaitUntil(absl::FunctionRef<bool()> holds) {
  std::unique_lock<std::mutex> lock(mutex_);
  progress_.wait(lock, holds);
}

Status StoreLog::Close() { return log_ == nullptr ? OkStatus() : log_->Close(); }

// The lock is taken so that no waiter is between its look and its sleep.
void StoreLog::OnLogProgress() {
  { const std::lock_guard<std::mutex> lock(mutex_); }
  progress_.notify_all();
}

}  // namespace corelane::shard
