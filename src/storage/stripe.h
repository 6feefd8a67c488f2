#pragma once

// Stripe: a small hash set of entries that holds all keys of one range of positions (placement.h).
// Owned by the StripePool of its directory; touched by the lane's thread only, or in the shared
// mode by whoever holds `lock`.
//
// A stripe of depth d holds the positions that agree in their first d bits. It is one cache line
// long, so that a lookup pays one miss for it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "base/hash.h"
#include "storage/engine.h"
#include "storage/packed_entry_ptr.h"
#include "storage/placement.h"
#include "storage/stripe_lock.h"

namespace corelane::storage {

// A stripe splits rather than take one entry more than this: as many as fit into 255 slots of an
// abseil set (7/8 of 256).
inline constexpr size_t kStripeEntriesMax = 224;
inline constexpr size_t kStripeSlotsMax = 255;

// Looks like a key, and matches nothing: asking for it only fetches the candidates' memory.
struct EntryProbe {
  uint64_t hash = 0;
};

struct EntryHash {
  using is_transparent = void;
  size_t operator()(const PackedEntryPtr& entry) const {
    return base::KeyHash(entry.get()->key(), seed);
  }
  size_t operator()(const HashedKey& key) const { return key.hash; }
  size_t operator()(const EntryProbe& probe) const { return probe.hash; }

  uint64_t seed = 0;
};

// The first two lines of an entry: all of a small one.
inline void PrefetchEntry(const Entry* entry) {
  const auto* const bytes = reinterpret_cast<const char*>(entry);
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + 64);
}

struct EntryEqual {
  using is_transparent = void;
  bool operator()(const PackedEntryPtr& left, const PackedEntryPtr& right) const {
    return left.get()->key() == right.get()->key();
  }
  bool operator()(const PackedEntryPtr& entry, const HashedKey& key) const {
    return entry.get()->key() == key.key;
  }
  bool operator()(const PackedEntryPtr& entry, const EntryProbe&) const {
    PrefetchEntry(entry.get());
    return false;
  }
};

using EntrySet = absl::flat_hash_set<PackedEntryPtr, EntryHash, EntryEqual>;

struct alignas(64) Stripe {
  EntrySet entries;
  StripeLock lock;
  uint32_t expiring = 0;  // entries with an expiry
  uint8_t depth = 0;

  [[nodiscard]] Position RangeBegin(Position inside) const {
    return inside >> (kPositionBits - depth) << (kPositionBits - depth);
  }
  // Where the next stripe begins; 0 after the last.
  [[nodiscard]] Position RangeEnd(Position inside) const {
    return RangeBegin(inside) + (Position{1} << (kPositionBits - depth));
  }

  // Fetches all entries at once, so that a walk over them pays for one miss's time rather than for
  // hundreds.
  void PrefetchAll() const;
  // True when the next insert makes the set rehash, that is read the key of every entry.
  [[nodiscard]] bool IsSetFull() const;
  // Adds an entry whose key is not there.
  void Insert(const HashedKey& key, EntryPtr entry);
  [[nodiscard]] EntryPtr Remove(EntrySet::iterator place);
  // Gives slots back when few of them are in use.
  void ShrinkIfSparse();

  // Moves the upper half of the range into `upper`, which is empty. Both end up in fresh sets
  // without tombstones.
  void SplitInto(Stripe& upper, uint64_t seed);
};

static_assert(sizeof(Stripe) == 64);

// Makes stripes and takes them back. A stripe's memory goes back to malloc only with the pool, so
// that in the shared mode a thread that comes late to a stripe still finds a lock there.
class StripePool {
 public:
  explicit StripePool(uint64_t seed) : seed_(seed) {}

  [[nodiscard]] Stripe* Take(uint8_t depth);
  // The stripe must be empty.
  void Return(Stripe* stripe);
  [[nodiscard]] uint64_t seed() const { return seed_; }

 private:
  static constexpr size_t kChunkStripes = 64;
  using Chunk = std::array<Stripe, kChunkStripes>;

  const uint64_t seed_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::deque<Stripe*> free_;  // a deque, since a vector of a million would stall when it doubles
};

}  // namespace corelane::storage
