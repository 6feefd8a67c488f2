#include "storage/rocksdb_engine.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/bytes.h"
#include "base/log.h"

namespace corelane::storage {
namespace {

constexpr kv::ExpiryMillis kBeforeAll = std::numeric_limits<kv::ExpiryMillis>::min();

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

template <size_t kSize>
rocksdb::Slice ToSlice(const std::array<char, kSize>& bytes) {
  return {bytes.data(), bytes.size()};
}

rocksdb::Slice CountersKey() { return {&kCountersSpace, 1}; }

bool IsExpired(const kv::ValueView& value, int64_t now_ms) {
  return value.expires_at != kv::kNoExpiry && value.expires_at <= now_ms;
}

uint64_t DataBytes(std::string_view key, const kv::ValueView& value) {
  return key.size() + value.bytes.size();
}

}  // namespace

RocksDbEngine::RocksDbEngine(const RocksDbOptions& options, std::unique_ptr<rocksdb::DB> database)
    : Engine(Fallible::kYes),
      path_(options.path),
      hash_seed_(options.hash_seed),
      database_(std::move(database)),
      sweep_from_(&kExpirySpace, 1),
      next_expiry_(kBeforeAll) {
  write_options_.disableWAL = true;
}

bool RocksDbEngine::Find(const HashedKey& key, Found& found) {
  if (!health_.ok()) {
    CountFailure();
    return false;
  }
  EncodeDataKey(PositionOf(key.hash), key.key, data_key_);
  before_.Reset();
  const rocksdb::Status status =
      database_->Get(read_options_, database_->DefaultColumnFamily(), ToSlice(data_key_), &before_);
  if (status.IsNotFound()) return true;
  if (!status.ok()) {
    Fail(status);
    return false;
  }
  found.present = DecodeRecord(ToView(before_), found.value);
  if (!found.present) FailOnRecord(data_key_);
  return found.present;
}

bool RocksDbEngine::Get(const HashedKey& key, int64_t now_ms, kv::ValueView* value) {
  EncodeDataKey(PositionOf(key.hash), key.key, data_key_);
  rocksdb::PinnableSlice& view = views_[next_view_];
  view.Reset();
  const rocksdb::Status status =
      database_->Get(read_options_, database_->DefaultColumnFamily(), ToSlice(data_key_), &view);
  if (status.IsNotFound()) return false;
  if (!status.ok()) {
    Fail(status);
    return false;
  }
  kv::ValueView stored;
  if (!DecodeRecord(ToView(view), stored)) {
    FailOnRecord(data_key_);
    return false;
  }
  if (IsExpired(stored, now_ms)) [[unlikely]] {
    if (health_.ok() && Remove(key, {true, stored})) ++expired_on_read_;
    return false;
  }
  next_view_ = (next_view_ + 1) % kGetViewsMax;
  if (value != nullptr) *value = stored;
  return true;
}

PutResult RocksDbEngine::Put(const HashedKey& key, const kv::ValueView& value) {
  Found found;
  if (!Find(key, found) || !Replace(key, found, value)) return PutResult::kOutOfMemory;
  return found.present ? PutResult::kReplaced : PutResult::kInserted;
}

bool RocksDbEngine::Erase(const HashedKey& key, int64_t now_ms) {
  Found found;
  if (!Find(key, found) || !found.present) return false;
  const bool expired = IsExpired(found.value, now_ms);
  if (!Remove(key, found)) return false;
  if (expired) ++expired_on_read_;
  return !expired;
}

ExpireResult RocksDbEngine::SetExpiry(const HashedKey& key, int64_t now_ms,
                                      kv::ExpiryMillis expires_at) {
  Found found;
  if (!Find(key, found)) return ExpireResult::kOutOfMemory;
  if (!found.present) return ExpireResult::kAbsent;
  if (IsExpired(found.value, now_ms)) {
    if (!Remove(key, found)) return ExpireResult::kOutOfMemory;
    ++expired_on_read_;
    return ExpireResult::kAbsent;
  }
  if (found.value.expires_at == expires_at) return ExpireResult::kSet;
  kv::ValueView value = found.value;
  value.expires_at = expires_at;
  return Replace(key, found, value) ? ExpireResult::kSet : ExpireResult::kOutOfMemory;
}

AnnotateResult RocksDbEngine::Annotate(const HashedKey& key, int64_t now_ms, kv::Marks marks,
                                       uint64_t version) {
  Found found;
  if (!Find(key, found)) return AnnotateResult::kOutOfMemory;
  // Whoever reads an expired one next drops it.
  if (!found.present || IsExpired(found.value, now_ms)) return AnnotateResult::kAbsent;
  if (found.value.marks == marks && found.value.version == version) return AnnotateResult::kSet;
  kv::ValueView value = found.value;
  value.marks = marks;
  value.version = version;
  return Replace(key, found, value) ? AnnotateResult::kSet : AnnotateResult::kOutOfMemory;
}

// ---- Changes ----

void RocksDbEngine::Begin() {
  batch_.Clear();
  next_ = counters_;
}

// The entry of data_key_ comes. The batch copies; so the value may point anywhere.
void RocksDbEngine::AddRecord(std::string_view key, const kv::ValueView& value) {
  const RecordHead head(value);
  const rocksdb::Slice key_slice = ToSlice(data_key_);
  const std::array<rocksdb::Slice, 2> parts{ToSlice(head.view()), ToSlice(value.bytes)};
  batch_.Put({&key_slice, 1}, {parts.data(), static_cast<int>(parts.size())});
  ++next_.entries;
  next_.data_bytes += DataBytes(key, value);
  if (value.expires_at == kv::kNoExpiry) return;
  ++next_.entries_with_expiry;
  EncodeExpiryKey(value.expires_at, data_key_, expiry_key_);
  std::array<char, kExpirySizeBytes> size;
  base::StoreLittle(size.data(), static_cast<uint32_t>(DataBytes(key, value)));
  batch_.Put(ToSlice(expiry_key_), ToSlice(size));
  if (expiry_key_ < sweep_from_) sweep_from_ = expiry_key_;
  next_expiry_ = std::min(next_expiry_, value.expires_at);
}

// The entry of data_key_ goes, but for its record.
void RocksDbEngine::AddRemoval(std::string_view key, const kv::ValueView& value) {
  --next_.entries;
  next_.data_bytes -= DataBytes(key, value);
  if (value.expires_at == kv::kNoExpiry) return;
  --next_.entries_with_expiry;
  EncodeExpiryKey(value.expires_at, data_key_, expiry_key_);
  batch_.Delete(ToSlice(expiry_key_));
}

bool RocksDbEngine::Replace(const HashedKey& key, const Found& found, const kv::ValueView& value) {
  Begin();
  if (found.present) AddRemoval(key.key, found.value);
  AddRecord(key.key, value);
  return Commit();
}

bool RocksDbEngine::Remove(const HashedKey& key, const Found& found) {
  Begin();
  AddRemoval(key.key, found.value);
  batch_.Delete(ToSlice(data_key_));
  return Commit();
}

bool RocksDbEngine::Commit() {
  batch_.Put(CountersKey(), ToSlice(EncodeCounters(next_)));
  const rocksdb::Status status = database_->Write(write_options_, &batch_);
  if (!status.ok()) {
    Fail(status);
    return false;
  }
  // Not before: what changed nothing leaves the views of the reads before it alone.
  ReleaseViews();
  counters_ = next_;
  return true;
}

void RocksDbEngine::Clear() {
  if (!health_.ok()) return CountFailure();
  Begin();
  next_ = {};
  batch_.DeleteRange(rocksdb::Slice(&kExpirySpace, 1), rocksdb::Slice(&kSpacesEnd, 1));
  static_cast<void>(Commit());
}

// ---- Views, counts, failures ----

bool RocksDbEngine::Reclaim(size_t /*entries_max*/) {
  ReleaseViews();
  return false;
}

void RocksDbEngine::ReleaseViews() {
  for (rocksdb::PinnableSlice& view : views_) view.Reset();
  before_.Reset();
  visited_keys_.clear();
}

EngineStats RocksDbEngine::Stats() const {
  EngineStats stats;
  stats.entries = counters_.entries;
  stats.entries_with_expiry = counters_.entries_with_expiry;
  stats.data_bytes = counters_.data_bytes;
  stats.expired_on_read = expired_on_read_;
  stats.expired_by_sweep = expired_by_sweep_;
  return stats;
}

void RocksDbEngine::Fail(const rocksdb::Status& status) {
  CountFailure();
  if (!health_.ok()) return;
  health_ = Status(status.IsCorruption() ? StatusCode::kCorruption : StatusCode::kIoError,
                   absl::StrCat("the database in ", path_, " failed: ", status.ToString(),
                                "; changes are refused until a restart"));
  base::Log(base::Severity::kError, "%s", health_.message());
}

void RocksDbEngine::FailOnRecord(std::string_view database_key) {
  Fail(rocksdb::Status::Corruption("an entry is no record of this version",
                                   rocksdb::Slice(ToSlice(database_key)).ToString(/*hex=*/true)));
}

Status RocksDbEngine::Persist() {
  const rocksdb::Status status = database_->Flush(rocksdb::FlushOptions());
  if (status.ok()) return OkStatus();
  return Status(StatusCode::kIoError, absl::StrCat(path_, ": flush: ", status.ToString()));
}

}  // namespace corelane::storage
