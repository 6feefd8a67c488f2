#include "shard/slice.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"

namespace corelane::shard {

Slice::Slice(std::unique_ptr<storage::Engine> engine, std::unique_ptr<wal::LaneLog> log,
             SliceLimits limits, uint32_t lane, uint32_t lanes)
    : engine_(std::move(engine)),
      log_(std::move(log)),
      limits_(limits),
      lane_(lane),
      lanes_(lanes) {}

bool Slice::Get(const storage::HashedKey& key, kv::ValueView* value) {
  const bool found = engine_->Get(key, now_ms_, value);
  WasRead(key.hash);
  return found;
}

bool Slice::PutNoted(const storage::HashedKey& key, kv::ValueView value) {
  if (value.created_at_s == 0) value.created_at_s = static_cast<uint32_t>(now_ms_ / 1000);
  if (engine_->Put(key, value) == storage::PutResult::kOutOfMemory) return false;
  Changed(key.hash);
  if (log_ != nullptr) Wrote(key.hash, log_->AppendPut(key.key, value));
  return true;
}

bool Slice::Erase(const storage::HashedKey& key) {
  const bool erased = engine_->Erase(key, now_ms_);
  if (erased) Changed(key.hash);
  if (log_ == nullptr) return erased;
  if (erased) {
    Wrote(key.hash, log_->AppendErase(key.key));
  } else {
    WasRead(key.hash);
  }
  return erased;
}

storage::ExpireResult Slice::SetExpiry(const storage::HashedKey& key, kv::ExpiryMillis at) {
  const storage::ExpireResult result = engine_->SetExpiry(key, now_ms_, at);
  if (result == storage::ExpireResult::kSet) Changed(key.hash);
  if (log_ == nullptr) return result;
  if (result == storage::ExpireResult::kSet) {
    Wrote(key.hash, log_->AppendExpiry(key.key, at));
  } else {
    WasRead(key.hash);
  }
  return result;
}

bool Slice::Annotate(const storage::HashedKey& key, kv::Marks marks, uint64_t version) {
  // The engine would count the attempt as one more failure, and the reply of a good read would not
  // leave.
  if (engine_->failures() != 0) return false;
  kv::ValueView before;
  if (!engine_->Get(key, now_ms_, &before)) return false;
  if (engine_->Annotate(key, now_ms_, marks, version) != storage::AnnotateResult::kSet) {
    return false;
  }
  const bool logged = ((before.marks ^ marks) & kv::kMarksLogged) != 0;
  if (logged && log_ != nullptr) Wrote(key.hash, log_->AppendMarks(key.key, marks));
  return true;
}

uint64_t Slice::NextVersion() {
  // Room for 65 versions a microsecond before a later run could give one out again.
  constexpr int kVersionsPerMillisBits = 16;
  if (next_version_ == 0) {
    next_version_ = static_cast<uint64_t>(now_ms_) << kVersionsPerMillisBits | 1;
  }
  return next_version_;
}

uint64_t Slice::DrawVersion() {
  const uint64_t version = NextVersion();
  ++next_version_;
  return version;
}

void Slice::ClearLate() {
  if (log_ != nullptr && log_->Admit(1, 0) != wal::Admission::kOk) return;
  Clear();
}

void Slice::Clear() {
  clear_at_ms_ = kv::kNoExpiry;
  const uint64_t failures_before = engine_->failures();
  engine_->Clear();
  // The keys are there still: a frame would take them at the next start.
  if (engine_->failures() != failures_before || log_ == nullptr) return;
  clear_seq_ = log_->AppendClear();
  gate_seq_ = clear_seq_;
}

void Slice::EnableCheckpoints(std::unique_ptr<wal::CheckpointSink> sink, const env::Clock& clock,
                              const Checkpointer::Start& start) {
  checkpointer_ = std::make_unique<Checkpointer>(*engine_, *log_, std::move(sink), clock, start);
}

Status Slice::Close() {
  // One that is under way would find the log closed.
  checkpointer_.reset();
  return log_ == nullptr ? OkStatus() : log_->Close();
}

void Slice::ReadAll() {
  if (log_ == nullptr) return;
  const uint64_t last = log_->last_seq();
  if (!Released(last) && !LogFailed()) gate_seq_ = std::max(gate_seq_, last);
}

int64_t Slice::Watch(const storage::HashedKey& key) {
  Watching& watching = watches_[key.hash];
  ++watching.watchers;
  return TokenOf(key, watching);
}

bool Slice::Unwatch(const storage::HashedKey& key, int64_t token) {
  const auto at = watches_.find(key.hash);
  CHECK(at != watches_.end());
  const bool changed = TokenOf(key, at->second) != token;
  if (--at->second.watchers == 0) watches_.erase(at);
  return changed;
}

// A key that has expired, or that FLUSHALL took, was not changed by anybody: its presence tells.
int64_t Slice::TokenOf(const storage::HashedKey& key, const Watching& watching) {
  return 2 * watching.changes + (engine_->Get(key, now_ms_, nullptr) ? 1 : 0);
}

void Slice::Changed(uint64_t hash) {
  if (watches_.empty()) return;
  if (const auto at = watches_.find(hash); at != watches_.end()) ++at->second.changes;
}

void Slice::Wrote(uint64_t hash, uint64_t seq) {
  written_seq_[BucketOf(hash)] = seq;
  gate_seq_ = seq;
}

void Slice::WasRead(uint64_t hash) {
  if (log_ == nullptr) return;
  const uint64_t seq = std::max(written_seq_[BucketOf(hash)], clear_seq_);
  // With a log that has failed reads go on: to wait for it would be to wait for ever.
  if (seq > gate_seq_ && !Released(seq) && !LogFailed()) gate_seq_ = seq;
}

}  // namespace corelane::shard
