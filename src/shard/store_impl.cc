#include "shard/store_impl.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/status_macros.h"
#include "env/process.h"
#include "shard/commands/commands.h"

namespace corelane {
namespace {

constexpr std::chrono::milliseconds kSweepPeriod{100};
constexpr int kStripesPerSweep = 256;
constexpr int64_t kSaveRetryNanos = 60'000'000'000;
constexpr int64_t kBeforeAllExpiry = std::numeric_limits<int64_t>::min();

std::optional<wal::FsyncMode> FsyncModeOf(const StoreOptions& options) {
  if (options.directory.empty()) return std::nullopt;
  switch (options.sync) {
    case Sync::kAlways:
      return wal::FsyncMode::kAlways;
    case Sync::kEverySecond:
      return wal::FsyncMode::kEverySecond;
    case Sync::kOs:
      return wal::FsyncMode::kOs;
  }
  return std::nullopt;
}

}  // namespace

Store::Impl::Impl(const StoreOptions& options)
    : options_(options), log_(options.sync == Sync::kAlways) {}

Store::Impl::~Impl() { StopSweeper(); }

void Store::Impl::StopSweeper() {
  if (!sweeper_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(sweep_mutex_);
    sweep_stop_ = true;
  }
  sweep_wake_.notify_all();
  sweeper_.join();
}

Status Store::Impl::Open() {
  shard::SliceOpenerOptions options;
  options.files = &files_;
  options.clock = &clock_;
  options.directory = options_.directory;
  options.lanes = 1;
  options.fsync = FsyncModeOf(options_);
  options.segment_bytes = options_.segment_bytes;
  options.sharing = storage::Sharing::kShared;
  options.announce = false;
  options.new_hash_seed = env::RandomSeed();
  Result<std::unique_ptr<shard::SliceOpener>> opener = shard::SliceOpener::Open(options);
  if (!opener.ok()) return opener.status();
  opener_ = std::move(*opener);
  RETURN_IF_ERROR(opener_->Recover(0));
  Result<shard::SliceParts> parts = opener_->OpenParts(0, &log_);
  if (!parts.ok()) return parts.status();
  // There is no database.
  engine_.reset(static_cast<storage::StripedEngine*>(parts->engine.release()));
  log_.SetLog(std::move(parts->log));
  if (parts->checkpoints != nullptr) {
    checkpoint_.emplace(*engine_, log_);
    checkpoint_->SetSink(std::move(parts->checkpoints), parts->log_bytes);
  }
  sweeper_ = std::thread([this] { Sweep(); });
  return opener_->Finish();
}

Status Store::Impl::Close() {
  StopSweeper();
  checkpoint_.reset();
  return log_.Close();
}

storage::HashedKey Store::Impl::Hash(std::string_view key) const {
  return {key, base::KeyHash(key, opener_->hash_seed())};
}

Status Store::Impl::CheckKey(std::string_view key) const {
  if (key.size() <= options_.key_bytes_max) return OkStatus();
  return Status(StatusCode::kKeyTooLarge, "key exceeds maximum size");
}

Result<bool> Store::Impl::Read(std::string_view key,
                               absl::FunctionRef<void(const kv::ValueView&)> see) {
  const storage::HashedKey hashed = Hash(key);
  bool found = false;
  {
    const storage::StripeGuard guard = engine_->Lock(hashed.hash);
    kv::ValueView value;
    found = engine_->Get(hashed, now_ms(), &value);
    if (found) see(value);
  }
  RETURN_IF_ERROR(log_.WaitForReads());
  return found;
}

Status Store::Impl::Write(std::string_view key, size_t value_bytes, Change change) {
  RETURN_IF_ERROR(CheckKey(key));
  shard::StoreLog::Turn turn(log_, 1, key.size() + value_bytes);
  RETURN_IF_ERROR(turn.status());
  uint64_t seq = 0;
  {
    const storage::HashedKey hashed = Hash(key);
    const storage::StripeGuard guard = engine_->Lock(hashed.hash);
    seq = change(hashed, turn.log());
  }
  return turn.FinishAt(seq);
}

Status Store::Impl::Put(std::string_view key, kv::ValueView value,
                        std::optional<std::chrono::milliseconds> ttl) {
  if (value.bytes.size() > options_.value_bytes_max) {
    return Status(StatusCode::kValueTooLarge, "value exceeds maximum size");
  }
  if (ttl && ttl->count() < 0) {
    return Status(StatusCode::kBadArgument, "the time to live is negative");
  }
  const int64_t now = now_ms();
  value.created_at_s = static_cast<uint32_t>(now / 1000);
  if (ttl) value.expires_at = shard::ExpiryAfter(now, static_cast<uint64_t>(ttl->count()));
  bool stored = true;
  const auto put = [&](const storage::HashedKey& hashed, wal::LaneLog* log) -> uint64_t {
    if (value.expires_at <= now) {
      const bool erased = engine_->Erase(hashed, kBeforeAllExpiry);
      return erased && log != nullptr ? log->AppendErase(hashed.key) : 0;
    }
    stored = engine_->Put(hashed, value) != storage::PutResult::kOutOfMemory;
    return stored && log != nullptr ? log->AppendPut(hashed.key, value) : 0;
  };
  RETURN_IF_ERROR(Write(key, value.bytes.size(), put));
  return stored ? OkStatus() : Status(StatusCode::kOutOfMemory, "the value was not stored");
}

Status Store::Impl::Clear() {
  shard::StoreLog::Turn turn(log_, 1, 0);
  RETURN_IF_ERROR(turn.status());
  engine_->Clear();
  return turn.FinishAt(turn.log() == nullptr ? 0 : turn.log()->AppendClear());
}

Status Store::Impl::Save() {
  if (!checkpoint_) return Status(StatusCode::kError, "a store without a directory is not saved");
  return checkpoint_->Take();
}

void Store::Impl::SaveIfDue() {
  if (!checkpoint_ || options_.checkpoint_log_bytes == 0) return;
  const uint64_t due = std::max(options_.checkpoint_log_bytes, engine_->Stats().data_bytes);
  const int64_t now_ns = clock_.MonotonicNanos();
  if (now_ns < next_save_ns_ || checkpoint_->LogBytes() < due) return;
  // What went wrong is in the log of the program; the store's own log goes on.
  if (!Save().ok()) next_save_ns_ = now_ns + kSaveRetryNanos;
}

// The sweeper's thread. Without expiring keys a round costs next to nothing.
void Store::Impl::Sweep() {
  storage::WalkCursor cursor = storage::kWalkStart;
  std::unique_lock<std::mutex> lock(sweep_mutex_);
  while (!sweep_wake_.wait_for(lock, kSweepPeriod, [this] { return sweep_stop_; })) {
    lock.unlock();
    SaveIfDue();
    lock.lock();
    if (engine_->Stats().entries_with_expiry == 0) continue;
    for (int stripe = 0; stripe < kStripesPerSweep; ++stripe) {
      cursor = engine_->SweepStripe(cursor, now_ms());
      if (cursor == storage::kWalkStart) break;
    }
  }
}

}  // namespace corelane
