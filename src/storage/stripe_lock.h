#pragma once

// The atomics of the table (the only other ones are the directory's pointers, in directory.h).
//
//   StripeLock    one word: free, held, or held with sleepers. Spins a little, then sleeps in the
//   kernel. The lock of a
//                 stripe in the shared mode; in the exclusive mode, where one thread owns the
//                 table, nobody touches it.
//   StripeGuard   holds a StripeLock for as long as it lives.
//   Counter       a count that any thread may read. In the exclusive mode its writer pays for no
//   atomic
//                 read-modify-write.

#include <atomic>
#include <cstdint>
#include <utility>

namespace corelane::storage {

// Who may use a table: its owner thread alone, or any thread that holds the stripe's guard.
enum class Sharing : uint8_t { kExclusive, kShared };

class StripeLock {
 public:
  void Lock() {
    uint32_t seen = kFree;
    // Acquire: what the last holder did before its release is visible from here on.
    if (word_.compare_exchange_strong(seen, kHeld, std::memory_order_acquire)) return;
    LockSlow();
  }

  void Unlock() {
    // Release: all that was done under the lock is visible to whoever takes it next.
    if (word_.exchange(kFree, std::memory_order_release) == kHeldWithSleepers) word_.notify_one();
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kHeldWithSleepers = 2;
  static constexpr int kSpins = 200;

  void LockSlow() {
    for (int spin = 0; spin < kSpins; ++spin) {
      uint32_t seen = kFree;
      // Relaxed look first, so that spinning does not take the line from the holder; acquire as in
      // Lock().
      if (word_.load(std::memory_order_relaxed) == kFree &&
          word_.compare_exchange_weak(seen, kHeld, std::memory_order_acquire)) {
        return;
      }
    }
    // Whoever has slept cannot know whether others still do, so it takes the lock as if they did:
    // one wake-up too many at worst.
    while (word_.exchange(kHeldWithSleepers, std::memory_order_acquire) != kFree) {
      word_.wait(kHeldWithSleepers, std::memory_order_relaxed);
    }
  }

  std::atomic<uint32_t> word_{kFree};
};

class StripeGuard {
 public:
  explicit StripeGuard(StripeLock& lock) : lock_(&lock) { lock.Lock(); }
  StripeGuard(StripeGuard&& from) noexcept : lock_(std::exchange(from.lock_, nullptr)) {}
  StripeGuard& operator=(StripeGuard&& from) = delete;
  ~StripeGuard() {
    if (lock_ != nullptr) lock_->Unlock();
  }

 private:
  StripeLock* lock_;
};

class Counter {
 public:
  // Relaxed throughout: a count orders nothing.
  void Add(int64_t delta, Sharing sharing) {
    const auto step = static_cast<uint64_t>(delta);
    if (sharing == Sharing::kShared) {
      count_.fetch_add(step, std::memory_order_relaxed);
    } else {
      count_.store(count_.load(std::memory_order_relaxed) + step, std::memory_order_relaxed);
    }
  }
  void Reset() { count_.store(0, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
};

}  // namespace corelane::storage
