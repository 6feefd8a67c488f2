#pragma once

// Directory: finds the stripe of a position. Owned by the engine; it owns the stripes by way of its
// StripePool.
//
// Two levels. The root is fixed: 256 slots, named by the first 8 bits of the position. Each points
// to a sub-directory of 2^n pointers to stripes, named by the next n bits; a stripe that is less
// deep than that is named by several neighbours. Only a sub-directory doubles, on its own: at 100
// million keys it has 4,096 slots, so no insert ever copies more than 32 KiB.
//
// Threads. Exclusive: all calls from the owner thread. Shared: Find() and Stats from any thread at
// any time; LockStripe() gives the one right to change a stripe. These orders hold:
//   1. A slot is written only under its root slot's growth lock and, once published, under the lock
//   of the stripe it named.
//   2. Whoever takes a stripe's lock looks again whether the directory still names that stripe, and
//   tries again if not.
//   3. Locks are taken in the order stripe, growth, pool.
//   4. Sub-directories that were replaced live on until the directory dies, since a reader may
//   still look at them.
//      Their sum is less than the size of the live one. Stripes never die before the directory
//      either.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "storage/placement.h"
#include "storage/stripe.h"
#include "storage/stripe_lock.h"

namespace corelane::storage {

// A sub-directory has 2^kSubDirectoryBitsMax slots at most: enough for ten billion keys, and 2 MiB.
// Stripes as deep as that do not split any more, they grow; only a client that knows the seed could
// bring that about.
inline constexpr int kSubDirectoryBitsMax = 18;
inline constexpr int kStripeDepthMax = kRootBits + kSubDirectoryBitsMax;

class SubDirectory {
 public:
  explicit SubDirectory(int bits)
      : bits_(bits), slots_(std::make_unique<std::atomic<Stripe*>[]>(size_t{1} << bits)) {}

  [[nodiscard]] int bits() const { return bits_; }
  [[nodiscard]] size_t size() const { return size_t{1} << bits_; }
  [[nodiscard]] size_t IndexOf(Position position) const {
    // In two steps, because a shift by 64 is undefined and bits_ may be 0.
    return position << kRootBits >> 1 >> (kPositionBits - 1 - bits_);
  }
  // Acquire and release: a stripe is complete before a slot names it. On x86 both are plain moves.
  [[nodiscard]] Stripe* Load(size_t index) const {
    return slots_[index].load(std::memory_order_acquire);
  }
  void Store(size_t index, Stripe* stripe) {
    slots_[index].store(stripe, std::memory_order_release);
  }
  // For a look at many slots: asks for the slot's line now, Load() reads it when it is there.
  using SlotPtr = const std::atomic<Stripe*>*;
  [[nodiscard]] SlotPtr Prefetch(size_t index) const {
    __builtin_prefetch(&slots_[index]);
    return &slots_[index];
  }
  [[nodiscard]] static Stripe* Load(SlotPtr slot) { return slot->load(std::memory_order_acquire); }

 private:
  const int bits_;
  const std::unique_ptr<std::atomic<Stripe*>[]> slots_;
};

// One line: what every operation on a key touches anyway. Its counts are of the stripes below it.
struct alignas(64) RootSlot {
  std::atomic<SubDirectory*> directory{nullptr};
  StripeLock growth_lock;
  Counter entries;
  Counter entries_with_expiry;
  Counter data_bytes;
  Counter table_capacity;
  Counter stripes;

  // Acquire: the sub-directory is complete before the root names it.
  [[nodiscard]] SubDirectory* Load() const { return directory.load(std::memory_order_acquire); }
};
static_assert(sizeof(RootSlot) == 64);

class Directory {
 public:
  // `depth_max`: stripes this deep grow instead of splitting; tests make it small.
  Directory(uint64_t seed, Sharing sharing, int depth_max);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  [[nodiscard]] RootSlot& Root(Position position) { return roots_[RootIndexOf(position)]; }
  [[nodiscard]] std::span<const RootSlot> roots() const { return roots_; }
  [[nodiscard]] Stripe& Find(Position position) {
    const SubDirectory& slots = *Root(position).Load();
    return *slots.Load(slots.IndexOf(position));
  }
  [[nodiscard]] bool MustSplit(const Stripe& stripe) const {
    return stripe.entries.size() >= kStripeEntriesMax && stripe.depth < depth_max_;
  }
  // Splits the stripe at `position`, once. In the shared mode the caller holds its lock, and
  // afterwards looks up its own key's stripe again.
  void Split(Position position);

  // Shared mode: locks the stripe at `position`. One that must split is split first, so that nobody
  // needs to under the guard.
  [[nodiscard]] StripeGuard LockStripe(Position position);

  // Exclusive mode: puts an empty sub-directory in the place of the root slot's and returns the old
  // one.
  [[nodiscard]] std::unique_ptr<SubDirectory> Replace(uint32_t root_index);
  void ReturnStripe(Stripe* stripe) { pool_.Return(stripe); }

  [[nodiscard]] uint64_t splits() const { return splits_.value(); }

 private:
  [[nodiscard]] std::unique_ptr<SubDirectory> MakeEmpty();
  void Double(RootSlot& root);
  [[nodiscard]] Stripe* TakeStripe(uint8_t depth);
  void Retire(std::unique_ptr<SubDirectory> directory);

  const Sharing sharing_;
  const int depth_max_;
  std::array<RootSlot, kRootSlots> roots_;
  Counter splits_;
  StripeLock pool_lock_;  // shared mode: guards pool_ and retired_
  StripePool pool_;
  std::vector<std::unique_ptr<SubDirectory>> retired_;
};

}  // namespace corelane::storage
