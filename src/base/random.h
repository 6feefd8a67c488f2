#pragma once

// Random: a small, fast pseudo random generator for tests, load generation and sampling; the same
// seed gives the same numbers on every machine. Not for secrets.
//
// The generator is xoshiro256** 1.0 by David Blackman and Sebastiano Vigna, its state filled by
// their splitmix64 (https://prng.di.unimi.it, public domain). It meets
// std::uniform_random_bit_generator, so std::shuffle takes it. A plain value: copyable, one thread
// at a time.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace corelane::base {

class Random {
 public:
  using result_type = uint64_t;

  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) word = SplitMix64(seed);
  }

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return UINT64_MAX; }
  uint64_t operator()() { return Next(); }

  // 64 random bits.
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // A number in [0, bound), each as likely as the other; bound > 0. By multiplication instead of
  // division, with the few products that would favour some results drawn again (Daniel Lemire,
  // "Fast Random Integer Generation in an Interval", 2019).
  uint64_t Uniform(uint64_t bound) {
    Wide product = Wide{Next()} * bound;
    if (static_cast<uint64_t>(product) < bound) {
      const uint64_t unfair = -bound % bound;  // 2^64 mod bound
      while (static_cast<uint64_t>(product) < unfair) product = Wide{Next()} * bound;
    }
    return static_cast<uint64_t>(product >> 64);
  }

  // A number in [first, last], first <= last.
  int64_t Between(int64_t first, int64_t last) {
    const uint64_t count = static_cast<uint64_t>(last) - static_cast<uint64_t>(first) + 1;
    // The whole range of int64 has 2^64 numbers, which a count cannot say.
    const uint64_t offset = count == 0 ? Next() : Uniform(count);
    return static_cast<int64_t>(static_cast<uint64_t>(first) + offset);
  }

  // A number in [0, 1) out of 2^53 equally spaced ones.
  double Fraction() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

  // True once in `n` times on average; n > 0.
  bool OneIn(uint64_t n) { return Uniform(n) == 0; }

 private:
  __extension__ using Wide = unsigned __int128;

  static uint64_t SplitMix64(uint64_t& state) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  std::array<uint64_t, 4> state_;
};

}  // namespace corelane::base
