// The calls of RocksDbEngine that go over many entries.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/hash.h"
#include "storage/rocksdb_engine.h"

namespace corelane::storage {
namespace {

// A walk's places have nothing in their low byte: cursors of clients keep the lane there.
constexpr Position kPlaceMask = ~Position{0xff};

constexpr size_t kKeyBlockBytes = size_t{64} << 10;

std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

std::string_view RocksDbEngine::Keep(std::string_view key) {
  if (visited_keys_.empty() ||
      visited_keys_.back().capacity() - visited_keys_.back().size() < key.size()) {
    visited_keys_.emplace_back().reserve(std::max(kKeyBlockBytes, key.size()));
  }
  std::string& block = visited_keys_.back();
  const size_t at = block.size();
  block.append(key);
  return std::string_view(block).substr(at);
}

WalkCursor RocksDbEngine::VisitStripe(WalkCursor cursor, EntryVisitor visitor) {
  std::string bound;
  EncodeDataBound(cursor & kPlaceMask, bound);
  rocksdb::ReadOptions options = read_options_;
  options.fill_cache = false;  // a walk would push out what is in use
  const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options));
  Position last = 0;
  size_t visited = 0;
  for (at->Seek(bound); at->Valid(); at->Next()) {
    Position position = 0;
    std::string_view key;
    kv::ValueView value;
    if (!DecodeDataKey(ToView(at->key()), position, key) ||
        !DecodeRecord(ToView(at->value()), value)) {
      FailOnRecord(ToView(at->key()));
      return kWalkStart;
    }
    const Position place = position & kPlaceMask;
    if (visited >= kVisitedTogether && place != last) return place;
    last = place;
    ++visited;
    const std::string_view kept = Keep(key);
    visitor({kept, base::KeyHash(kept, hash_seed_), value});
  }
  if (!at->status().ok()) Fail(at->status());
  return kWalkStart;
}

WalkCursor RocksDbEngine::SweepStripe(WalkCursor cursor, int64_t now_ms) {
  if (!health_.ok() || counters_.entries_with_expiry == 0 || now_ms < next_expiry_) {
    return kWalkStart;
  }
  const rocksdb::Slice upper_bound(&kDataSpace, 1);
  rocksdb::ReadOptions options = read_options_;
  options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options));
  Begin();
  uint64_t dropped = 0;
  kv::ExpiryMillis expires_at = kv::kNoExpiry;
  for (at->Seek(sweep_from_); at->Valid() && dropped < kSweptTogether; at->Next()) {
    if (at->value().size() != kExpirySizeBytes ||
        !DecodeExpiryKey(ToView(at->key()), expires_at, data_key_)) {
      FailOnRecord(ToView(at->key()));
      return kWalkStart;
    }
    if (expires_at > now_ms) break;
    batch_.Delete(at->key());
    batch_.Delete(data_key_);
    --next_.entries;
    --next_.entries_with_expiry;
    next_.data_bytes -= base::LoadLittle<uint32_t>(at->value().data());
    ++dropped;
  }
  if (!at->status().ok()) {
    Fail(at->status());
    return kWalkStart;
  }
  if (dropped != 0 && !Commit()) return kWalkStart;
  expired_by_sweep_ += dropped;
  if (at->Valid()) sweep_from_ = at->key().ToString();
  if (dropped == kSweptTogether) return cursor + 1 == kWalkStart ? cursor : cursor + 1;
  next_expiry_ = at->Valid() ? expires_at : kv::kNoExpiry;
  return kWalkStart;
}

}  // namespace corelane::storage
