#include "storage/striped_engine.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/check.h"

namespace corelane::storage {

StripedEngine::StripedEngine(uint64_t hash_seed, Sharing sharing, int stripe_depth_max)
    : sharing_(sharing), directory_(hash_seed, sharing, stripe_depth_max) {}

std::unique_ptr<Engine> MakeStripedEngine(uint64_t hash_seed) {
  return std::make_unique<StripedEngine>(hash_seed);
}

StripeGuard StripedEngine::Lock(uint64_t hash) { return directory_.LockStripe(PositionOf(hash)); }

StripedEngine::Place StripedEngine::PlaceAt(Position position) {
  return {directory_.Root(position), directory_.Find(position)};
}

bool StripedEngine::Get(const HashedKey& key, int64_t now_ms, kv::ValueView* value) {
  const Position position = PositionOf(key.hash);
  Stripe& stripe = directory_.Find(position);
  const auto at = stripe.entries.find(key);
  if (at == stripe.entries.end()) return false;
  const Entry& entry = *at->get();
  if (entry.IsExpired(now_ms)) [[unlikely]] {
    RemoveEntry({directory_.Root(position), stripe}, at);
    expired_on_read_.Add(1, sharing_);
    return false;
  }
  if (value != nullptr) entry.ViewAs(*value);
  return true;
}

PutResult StripedEngine::Put(const HashedKey& key, const kv::ValueView& value) {
  const Position position = PositionOf(key.hash);
  const Place place = PlaceAt(position);
  const auto at = place.stripe.entries.find(key);
  if (at != place.stripe.entries.end()) return Overwrite(place, *at, value);

  EntryPtr entry = Entry::Make(key.key, value);
  if (entry == nullptr) return PutResult::kOutOfMemory;
  return Insert(key, position, std::move(entry));
}

PutResult StripedEngine::Insert(const HashedKey& key, Position position, EntryPtr entry) {
  // In the shared mode Lock() has split the stripe already; a split here would take the key from
  // under its guard.
  if (sharing_ == Sharing::kExclusive && directory_.MustSplit(directory_.Find(position))) {
    directory_.Split(position);
  }
  const Place place = PlaceAt(position);
  CountEntry(place, *entry, 1);
  const size_t capacity = place.stripe.entries.capacity();
  // The caller's view of the key may be of this very engine; the entry's own is as good and lives
  // as long as the set.
  const HashedKey own_key{entry->key(), key.hash};
  place.stripe.Insert(own_key, std::move(entry));
  CountCapacity(place, capacity);
  return PutResult::kInserted;
}

PutResult StripedEngine::Overwrite(Place place, const PackedEntryPtr& packed,
                                   const kv::ValueView& value) {
  Entry& entry = *packed.get();
  const auto bytes_before = static_cast<int64_t>(entry.data_bytes());
  if (entry.TryOverwrite(value)) {
    const int64_t delta = static_cast<int64_t>(entry.data_bytes()) - bytes_before;
    if (delta != 0) place.root.data_bytes.Add(delta, sharing_);
    return PutResult::kReplaced;
  }
  // The old entry goes last: `value` may point into it.
  EntryPtr fresh = Entry::Make(entry.key(), value);
  if (fresh == nullptr) return PutResult::kOutOfMemory;
  ReplaceEntry(place, packed, std::move(fresh));
  return PutResult::kReplaced;
}

bool StripedEngine::Erase(const HashedKey& key, int64_t now_ms) {
  const Place place = PlaceAt(PositionOf(key.hash));
  const auto at = place.stripe.entries.find(key);
  if (at == place.stripe.entries.end()) return false;
  const bool expired = at->get()->IsExpired(now_ms);
  if (expired) expired_on_read_.Add(1, sharing_);
  RemoveEntry(place, at);
  return !expired;
}

ExpireResult StripedEngine::SetExpiry(const HashedKey& key, int64_t now_ms,
                                      kv::ExpiryMillis expires_at) {
  const Place place = PlaceAt(PositionOf(key.hash));
  const auto at = place.stripe.entries.find(key);
  if (at == place.stripe.entries.end()) return ExpireResult::kAbsent;
  Entry& entry = *at->get();
  if (entry.IsExpired(now_ms)) {
    RemoveEntry(place, at);
    expired_on_read_.Add(1, sharing_);
    return ExpireResult::kAbsent;
  }
  if (entry.TrySetExpiry(expires_at)) return ExpireResult::kSet;

  kv::ValueView value = entry.View();
  value.expires_at = expires_at;
  EntryPtr fresh = Entry::Make(entry.key(), value);
  if (fresh == nullptr) return ExpireResult::kOutOfMemory;
  ReplaceEntry(place, *at, std::move(fresh));
  return ExpireResult::kSet;
}

AnnotateResult StripedEngine::Annotate(const HashedKey& key, int64_t now_ms, kv::Marks marks,
                                       uint64_t version) {
  const Place place = PlaceAt(PositionOf(key.hash));
  const auto at = place.stripe.entries.find(key);
  if (at == place.stripe.entries.end()) return AnnotateResult::kAbsent;
  Entry& entry = *at->get();
  // Whoever reads it next drops it.
  if (entry.IsExpired(now_ms)) return AnnotateResult::kAbsent;
  if (entry.TryAnnotate(marks, version)) return AnnotateResult::kSet;

  kv::ValueView value = entry.View();
  value.marks = marks;
  value.version = version;
  EntryPtr fresh = Entry::Make(entry.key(), value);
  if (fresh == nullptr) return AnnotateResult::kOutOfMemory;
  ReplaceEntry(place, *at, std::move(fresh));
  return AnnotateResult::kSet;
}

void StripedEngine::ReplaceEntry(Place place, const PackedEntryPtr& packed, EntryPtr entry) {
  CountEntry(place, *entry, 1);
  EntryPtr old = packed.Swap(std::move(entry));
  CountEntry(place, *old, -1);
  Dispose(std::move(old));
}

void StripedEngine::RemoveEntry(Place place, EntrySet::iterator at) {
  const size_t capacity = place.stripe.entries.capacity();
  EntryPtr entry = place.stripe.Remove(at);
  CountEntry(place, *entry, -1);
  CountCapacity(place, capacity);
  Dispose(std::move(entry));
}

// Each stage asks for what the next one reads. A stage over all hashes takes long enough for most
// of the memory of the stage before to have arrived, and the misses within one stage overlap.
void StripedEngine::Prefetch(std::span<const uint64_t> hashes) {
  if (sharing_ == Sharing::kShared) return;
  const size_t count = std::min(hashes.size(), kPrefetchMax);
  std::array<SubDirectory::SlotPtr, kPrefetchMax> slots;
  std::array<Stripe*, kPrefetchMax> stripes;
  for (size_t i = 0; i < count; ++i) {
    const Position position = PositionOf(hashes[i]);
    const SubDirectory& directory = *directory_.Root(position).Load();
    slots[i] = directory.Prefetch(directory.IndexOf(position));
  }
  for (size_t i = 0; i < count; ++i) {
    stripes[i] = SubDirectory::Load(slots[i]);
    __builtin_prefetch(stripes[i]);
  }
  for (size_t i = 0; i < count; ++i) stripes[i]->entries.prefetch(EntryProbe{hashes[i]});
  for (size_t i = 0; i < count; ++i) {
    static_cast<void>(stripes[i]->entries.find(EntryProbe{hashes[i]}));
  }
}

EngineStats StripedEngine::Stats() const {
  EngineStats stats;
  for (const RootSlot& root : directory_.roots()) {
    stats.entries += root.entries.value();
    stats.entries_with_expiry += root.entries_with_expiry.value();
    stats.data_bytes += root.data_bytes.value();
    stats.table_capacity += root.table_capacity.value();
    stats.stripes += root.stripes.value();
  }
  stats.stripe_splits = directory_.splits();
  stats.expired_on_read = expired_on_read_.value();
  stats.expired_by_sweep = expired_by_sweep_.value();
  return stats;
}

void StripedEngine::CountEntry(Place place, const Entry& entry, int64_t direction) {
  place.root.entries.Add(direction, sharing_);
  place.root.data_bytes.Add(direction * static_cast<int64_t>(entry.data_bytes()), sharing_);
  if (entry.has_expiry()) {
    place.root.entries_with_expiry.Add(direction, sharing_);
    place.stripe.expiring += static_cast<uint32_t>(direction);
  }
}

void StripedEngine::CountCapacity(Place place, size_t before) {
  const size_t after = place.stripe.entries.capacity();
  if (after == before) return;
  place.root.table_capacity.Add(static_cast<int64_t>(after) - static_cast<int64_t>(before),
                                sharing_);
}

void StripedEngine::Dispose(EntryPtr entry) {
  const size_t bytes = entry->allocation_bytes();
  if (sharing_ == Sharing::kShared || bytes < kHugeEntryBytes) return;
  if (huge_entries_bytes_ + bytes > kHugeEntriesPendingBytesMax) return;
  huge_entries_bytes_ += bytes;
  huge_entries_.push_back(std::move(entry));
}

}  // namespace corelane::storage
