#pragma once

// SpscQueue: a bounded ring between one producer thread and one consumer thread, without locks.
// What is pushed becomes visible to the consumer only when the producer publishes it, so that a
// batch of pushes costs one store that the other core has to fetch.
//
// Owned by whoever connects the two threads; it must outlive both. TryPush, Publish and unpublished
// belong to the producer, Front, Pop and PopBatch to the consumer; which thread plays which part
// may change only at a moment when some other synchronisation orders the two threads. Empty() may
// be called by the consumer, at any time.
//
// What always holds: head <= published tail <= own tail <= head + capacity. The indices count
// elements since the start of the queue; they never wrap (2^64 elements) and a slot is `index &
// mask`. Elements come out in the order they went in.
//
// How a consumer goes to sleep without missing a message (the flag belongs to the mailbox, not to
// the queue):
//
//   consumer                          producer
//   1. sleeping = true, relaxed       1. Publish()
//   2. fence(seq_cst)                 2. fence(seq_cst)
//   3. sleep only if Empty()          3. ring if sleeping
//
// Whichever fence comes first in the single order of such fences, the side whose fence comes second
// sees what the other wrote before its own: either the consumer sees the message or the producer
// sees the sleeper. TSan does not model fences (g++ refuses them in a TSan build). When both sides
// change the flag by exchange only, every time, no fence is needed: whichever exchange comes second
// has read what the first one wrote, hence sees what was written before it.

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include "base/check.h"

namespace corelane::base {

template <typename T>
class SpscQueue {
 public:
  // The two sides never write to the same line. 64 is the line of x86-64 and of most ARM cores.
  static constexpr size_t kCacheLineBytes = 64;

  // `capacity` is a power of two.
  explicit SpscQueue(size_t capacity) : mask_(capacity - 1) {
    CHECK(capacity != 0 && (capacity & (capacity - 1)) == 0);
    slots_ = std::make_unique_for_overwrite<T[]>(capacity);
  }
  SpscQueue(const SpscQueue&) = delete;
  SpscQueue& operator=(const SpscQueue&) = delete;

  [[nodiscard]] size_t capacity() const { return mask_ + 1; }

  // Producer: puts `element` behind the others, not visible yet. False, and nothing done, when the
  // queue is full.
  [[nodiscard]] bool TryPush(const T& element) {
    if (own_tail_ - cached_head_ > mask_) {
      // acquire: pairs with the release in Free(). The consumer has copied the slots before this
      // head out of the ring, so overwriting them cannot be seen by its reads.
      cached_head_ = head_.load(std::memory_order_acquire);
      if (own_tail_ - cached_head_ > mask_) return false;
    }
    slots_[own_tail_ & mask_] = element;
    ++own_tail_;
    return true;
  }

  // Producer: makes everything pushed so far visible, with one store; does nothing when nothing is
  // new. True when it did.
  bool Publish() {
    if (unpublished() == 0) return false;
    // release: the slots written before this store are what a consumer that acquires this tail
    // reads.
    tail_.store(own_tail_, std::memory_order_release);
    return true;
  }

  // Producer: how many elements are pushed and not published.
  [[nodiscard]] size_t unpublished() const {
    // relaxed: only this thread writes tail_, and a thread sees its own last store.
    return own_tail_ - tail_.load(std::memory_order_relaxed);
  }

  // Consumer: the oldest published element, to be read in place until Pop(); null when there is
  // none.
  [[nodiscard]] T* Front() { return Available() == 0 ? nullptr : &slots_[own_head_ & mask_]; }

  // Consumer: drops the element that Front() returned.
  void Pop() {
    CHECK(own_head_ != cached_tail_);
    Free(1);
  }

  // Consumer: moves the oldest elements to the front of `out`, as many as are published and fit,
  // and gives their slots back with one store. Returns how many.
  [[nodiscard]] size_t PopBatch(std::span<T> out) {
    size_t count = Available();
    // A short look is not the last word: the cached tail may be behind. Looking again here would
    // fetch the producer's line at every call; the next call does it when the known elements are
    // used up.
    if (count > out.size()) count = out.size();
    for (size_t i = 0; i < count; ++i) out[i] = slots_[(own_head_ + i) & mask_];
    if (count != 0) Free(count);
    return count;
  }

  // Consumer: a fresh look at whether anything is published. The last look before sleeping (see
  // above).
  [[nodiscard]] bool Empty() const {
    // acquire: as in Available(); what makes it fresh enough for a sleeper is the caller's fence.
    return own_head_ == tail_.load(std::memory_order_acquire);
  }

 private:
  static_assert(std::is_trivially_copyable_v<T>, "slots are overwritten and copied as plain bytes");
  static_assert(std::default_initializable<T>);

  // Consumer: how many published elements it knows of; looks at the producer's line only when it
  // knows of none.
  size_t Available() {
    if (own_head_ == cached_tail_) {
      // acquire: pairs with the release in Publish(), so that the slots before this tail are whole.
      cached_tail_ = tail_.load(std::memory_order_acquire);
    }
    return cached_tail_ - own_head_;
  }

  // Consumer: gives `count` slots back.
  void Free(size_t count) {
    own_head_ += count;
    // release: the reads of these slots happen before the producer, having acquired this head,
    // writes them again.
    head_.store(own_head_, std::memory_order_release);
  }

  // Read by both, written by neither.
  const size_t mask_;
  std::unique_ptr<T[]> slots_;

  // The producer's line; the consumer reads tail_.
  alignas(kCacheLineBytes) std::atomic<uint64_t> tail_{0};
  uint64_t own_tail_ = 0;
  uint64_t cached_head_ = 0;

  // The consumer's line; the producer reads head_.
  alignas(kCacheLineBytes) std::atomic<uint64_t> head_{0};
  uint64_t own_head_ = 0;
  uint64_t cached_tail_ = 0;
};

}  // namespace corelane::base
