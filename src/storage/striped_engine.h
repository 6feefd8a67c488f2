#pragma once

// StripedEngine: the hash table of a lane, and of the embedded store. A directory of small stripes,
// each of which splits on its own (directory.h), so that no call pays for a rehash of a big table.
//
// Exclusive mode (the default): one thread owns the engine and makes all calls; no lock is taken
// and no atomic read-modify-write is done.
//
// Shared mode: any thread may call, by these rules.
//   - Get, Put, Erase, SetExpiry and Annotate need the guard of the key's hash (Lock), held by the
//   calling thread. Views they hand out live as
//     long as the guard. A thread holds one guard at a time, or it may deadlock.
//   - VisitStripe, SweepStripe and Clear take what they need themselves, so the caller holds no
//   guard; nor may a visitor ask for one.
//     Clear goes stripe by stripe: what is put meanwhile may stay or go.
//   - Prefetch does nothing. Stats is a sum of counts that are each right, taken one after another.
//
// Entry memory that malloc does not have is an answer (kOutOfMemory). The small tables of the
// stripes are a hundredth of that; when there is no memory for one of them, std::bad_alloc ends the
// program.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "storage/directory.h"
#include "storage/engine.h"
#include "storage/entry.h"
#include "storage/stripe.h"
#include "storage/stripe_lock.h"

namespace corelane::storage {

// An entry at least this long is not freed by the call that drops it, but by Reclaim(): giving it
// back to the system can take longer than all the rest of the call. Above the second limit nothing
// more is put off.
inline constexpr size_t kHugeEntryBytes = size_t{256} << 10;
inline constexpr size_t kHugeEntriesPendingBytesMax = size_t{256} << 20;

// Stripes without expiring entries that one SweepStripe call passes over.
inline constexpr int kSweepSkippedStripesMax = 64;

class StripedEngine final : public Engine {
 public:
  // `hash_seed` is the seed of base::KeyHash that the callers' hashes were made with.
  explicit StripedEngine(uint64_t hash_seed, Sharing sharing = Sharing::kExclusive,
                         int stripe_depth_max = kStripeDepthMax);

  // Shared mode: the right to call on keys with this hash, for as long as the guard lives.
  [[nodiscard]] StripeGuard Lock(uint64_t hash);

  [[nodiscard]] bool Get(const HashedKey& key, int64_t now_ms, kv::ValueView* value) override;
  [[nodiscard]] PutResult Put(const HashedKey& key, const kv::ValueView& value) override;
  bool Erase(const HashedKey& key, int64_t now_ms) override;
  [[nodiscard]] ExpireResult SetExpiry(const HashedKey& key, int64_t now_ms,
                                       kv::ExpiryMillis expires_at) override;
  [[nodiscard]] AnnotateResult Annotate(const HashedKey& key, int64_t now_ms, kv::Marks marks,
                                        uint64_t version) override;
  void Prefetch(std::span<const uint64_t> hashes) override;
  WalkCursor VisitStripe(WalkCursor cursor, EntryVisitor visitor) override;
  WalkCursor SweepStripe(WalkCursor cursor, int64_t now_ms) override;
  void Clear() override;
  bool Reclaim(size_t entries_max) override;
  [[nodiscard]] EngineStats Stats() const override;

  // The one count that is cheap enough to look at after every call.
  [[nodiscard]] uint64_t stripe_splits() const { return directory_.splits(); }

 private:
  // Where a key's stripe is, and the counts that go with it.
  struct Place {
    RootSlot& root;
    Stripe& stripe;
  };
  [[nodiscard]] Place PlaceAt(Position position);

  [[nodiscard]] PutResult Insert(const HashedKey& key, Position position, EntryPtr entry);
  [[nodiscard]] PutResult Overwrite(Place place, const PackedEntryPtr& packed,
                                    const kv::ValueView& value);
  void ReplaceEntry(Place place, const PackedEntryPtr& packed, EntryPtr entry);
  void RemoveEntry(Place place, EntrySet::iterator at);
  void SweepEntries(Place place, int64_t now_ms);
  [[nodiscard]] static size_t FreeEntries(Stripe& stripe, size_t entries_max);

  void CountEntry(Place place, const Entry& entry, int64_t direction);
  void CountCapacity(Place place, size_t before);
  void Dispose(EntryPtr entry);

  const Sharing sharing_;
  Directory directory_;
  Counter expired_on_read_;
  Counter expired_by_sweep_;

  // Exclusive mode: what Clear and Dispose left to Reclaim.
  std::vector<std::unique_ptr<SubDirectory>> cleared_;
  size_t cleared_slot_ = 0;  // the next slot of cleared_.back()
  std::vector<EntryPtr> huge_entries_;
  size_t huge_entries_bytes_ = 0;
};

[[nodiscard]] std::unique_ptr<Engine> MakeStripedEngine(uint64_t hash_seed);

}  // namespace corelane::storage
