#pragma once

// KeyShare: which keys are one thread's own, without a word between threads. The load phase's keys
// are dealt out in turn, and so are the numbers behind them, for inserts:
//
//   keys 0 .. keys-1            key k is thread k % threads's
//   inserted, from `keys` on    the k-th insert of thread t has the number keys + t + k * threads
//
// A thread counts its own keys by an index from 0: those of the load phase first, then those it
// inserts. A plain value.

#include <cstdint>

namespace corelane::loadgen {

struct KeyShare {
  uint64_t keys = 0;  // of the load phase, of all threads; no fewer than threads
  uint32_t thread = 0;
  uint32_t threads = 1;

  // How many keys of the load phase are its own.
  [[nodiscard]] constexpr uint64_t loaded() const { return (keys - thread - 1) / threads + 1; }

  [[nodiscard]] constexpr bool Owns(uint64_t key) const {
    return (key < keys ? key : key - keys) % threads == thread;
  }
  // The number of its own key `index`.
  [[nodiscard]] constexpr uint64_t KeyAt(uint64_t index) const {
    return index < loaded() ? index * threads + thread : InsertedKey(index - loaded());
  }
  // The inverse, for a key that it owns.
  [[nodiscard]] constexpr uint64_t IndexOf(uint64_t key) const {
    return key < keys ? key / threads : loaded() + (key - keys) / threads;
  }
  // The number of its insert `insert`, from 0.
  [[nodiscard]] constexpr uint64_t InsertedKey(uint64_t insert) const {
    return keys + thread + insert * threads;
  }
};

}  // namespace corelane::loadgen
