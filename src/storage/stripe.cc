#include "storage/stripe.h"

#include <utility>

#include "base/check.h"

namespace corelane::storage {
namespace {

// A stripe grows by one entry between two attempts to split it, and it is split at most as many
// times as a position has bits, so that this is never passed.
constexpr size_t kSplitEntriesMax = kStripeEntriesMax + kPositionBits;

// Sets below this many slots are left as they are when their entries go.
constexpr size_t kShrinkSlotsMin = 31;

struct MovingEntry {
  EntryPtr entry;
  uint64_t hash = 0;
};

void InsertInto(EntrySet& entries, const HashedKey& key, EntryPtr entry) {
  entries.lazy_emplace(key, [&entry](const auto& construct) { construct(std::move(entry)); });
  CHECK(entry == nullptr);
}

}  // namespace

void Stripe::PrefetchAll() const {
  for (const PackedEntryPtr& entry : entries) PrefetchEntry(entry.get());
}

bool Stripe::IsSetFull() const {
  const size_t slots = entries.capacity();
  return entries.size() >= slots - slots / 8;
}

void Stripe::Insert(const HashedKey& key, EntryPtr entry) {
  if (IsSetFull()) PrefetchAll();
  InsertInto(entries, key, std::move(entry));
  // Tombstones can make a set double that is not full at all; it would stay like that until it
  // splits.
  if (entries.capacity() > kStripeSlotsMax && entries.size() <= kStripeEntriesMax) {
    entries.rehash(0);
  }
}

EntryPtr Stripe::Remove(EntrySet::iterator place) {
  EntryPtr entry = place->Take();
  entries.erase(place);
  ShrinkIfSparse();
  return entry;
}

void Stripe::ShrinkIfSparse() {
  if (entries.capacity() < kShrinkSlotsMin || entries.size() >= entries.capacity() / 8) return;
  PrefetchAll();
  entries.rehash(0);
}

void Stripe::SplitInto(Stripe& upper, uint64_t seed) {
  CHECK(entries.size() <= kSplitEntriesMax);
  CHECK(upper.entries.empty());
  PrefetchAll();

  std::array<MovingEntry, kSplitEntriesMax> moving;
  const Position deciding_bit = Position{1} << (kPositionBits - 1 - depth);
  size_t count = 0;
  size_t upper_count = 0;
  for (const PackedEntryPtr& packed : entries) {
    const uint64_t hash = base::KeyHash(packed.get()->key(), seed);
    upper_count += (PositionOf(hash) & deciding_bit) != 0 ? 1 : 0;
    moving[count++] = {packed.Take(), hash};
  }

  entries = EntrySet(count - upper_count, EntryHash{seed});
  upper.entries = EntrySet(upper_count, EntryHash{seed});
  expiring = 0;
  upper.expiring = 0;
  for (size_t i = 0; i < count; ++i) {
    auto& [entry, hash] = moving[i];
    Stripe& half = (PositionOf(hash) & deciding_bit) != 0 ? upper : *this;
    half.expiring += entry->has_expiry() ? 1 : 0;
    const HashedKey key{entry->key(), hash};
    InsertInto(half.entries, key, std::move(entry));
  }
  ++depth;
  upper.depth = depth;
}

Stripe* StripePool::Take(uint8_t depth) {
  if (free_.empty()) {
    chunks_.push_back(std::make_unique<Chunk>());
    for (Stripe& stripe : *chunks_.back()) free_.push_back(&stripe);
  }
  Stripe* const stripe = free_.back();
  free_.pop_back();
  stripe->entries = EntrySet(0, EntryHash{seed_});
  stripe->expiring = 0;
  stripe->depth = depth;
  return stripe;
}

void StripePool::Return(Stripe* stripe) {
  CHECK(stripe->entries.empty());
  stripe->entries = EntrySet();
  free_.push_back(stripe);
}

}  // namespace corelane::storage
