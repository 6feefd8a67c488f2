#pragma once

// KeyChooser: which of n keys an operation is about, as an index below n. How often a key is asked
// for decides what a server's caches are worth, so the distributions are those by which stores are
// usually compared (YCSB: B. Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", 2010).
// n may grow while it is used. Constant memory.
//
// Used by one thread. Threads with the same options and n have the same favourite keys.

#include <corelane/status.h>

#include <cstdint>
#include <string_view>

#include "base/random.h"
#include "loadgen/zipf.h"

namespace corelane::loadgen {

enum class KeyDistribution : uint8_t {
  kUniform,
  kZipfian,     // some keys far more often than others, spread over all n
  kLatest,      // the newest key (the highest index) most often, older ones by Zipf's law
  kHotspot,     // a share of the keys gets a share of the operations, both evenly among themselves
  kSequential,  // one after the other, and round again
};

struct KeyChooserOptions {
  KeyDistribution distribution = KeyDistribution::kUniform;
  double theta = 0.99;        // kZipfian, kLatest: in (0, 2)
  double hot_keys = 0.2;      // kHotspot: share of the keys, the lowest indexes; in (0, 1]
  double hot_accesses = 0.8;  // kHotspot: share of the operations; in [0, 1]
  // kSequential: begin, begin + step, ..., round again below n. With one begin below `step` for
  // each thread, they take every key once a round.
  uint64_t begin = 0;
  uint64_t step = 1;
};

// "uniform", "zipfian", "zipfian:THETA", "latest", "latest:THETA", "hotspot",
// "hotspot:KEYS:ACCESSES" (shares), "sequential". kBadArgument says what is wrong.
[[nodiscard]] Result<KeyChooserOptions> ParseKeyDistribution(std::string_view text);

// Whether the numbers are in their ranges.
[[nodiscard]] Status CheckKeyChooser(const KeyChooserOptions& options);

// KeyScrambler: a fixed permutation of the numbers below n, so that the favourites among the keys
// are no neighbours and the law of the ranks is kept exactly. (YCSB takes a hash modulo n, by which
// some keys are never asked for and others stand for several ranks.)
//
// It permutes the numbers below a power of two, and goes on from a number that is not below n until
// one is ("cycle walking": J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
// So when n grows hardly any number moves, until n passes the power of two, which is at least twice
// the first n; then all of them move.
class KeyScrambler {
 public:
  explicit KeyScrambler(uint64_t keys);

  [[nodiscard]] uint64_t Place(uint64_t rank) const {
    do rank = Mix(rank);
    while (rank >= keys_);
    return rank;
  }
  void Grow(uint64_t keys);

 private:
  // Each step can be undone within the bits of the mask. The factors are those of Stafford's mixer
  // (splitmix64) and of its step.
  [[nodiscard]] uint64_t Mix(uint64_t number) const {
    number = ((number + 1) * 0xbf58476d1ce4e5b9) & mask_;
    number ^= number >> shift_;
    number = (number * 0x94d049bb133111eb) & mask_;
    number ^= number >> shift_;
    number = (number * 0x9e3779b97f4a7c15) & mask_;
    return number ^ (number >> shift_);
  }

  uint64_t keys_ = 0;
  uint64_t mask_ = 0;
  int shift_ = 0;
};

class KeyChooser {
 public:
  // `options` are checked; 0 < keys <= ZipfSampler::kRanksMax.
  KeyChooser(const KeyChooserOptions& options, uint64_t keys);

  // An index below keys().
  [[nodiscard]] uint64_t Next(base::Random& random);

  // Adds keys: from now on there are `keys` of them, no fewer than before.
  void Grow(uint64_t keys);
  [[nodiscard]] uint64_t keys() const { return keys_; }

 private:
  [[nodiscard]] uint64_t HotKeys() const;
  [[nodiscard]] uint64_t NextHotspot(base::Random& random) const;
  [[nodiscard]] uint64_t NextSequential();

  KeyChooserOptions options_;
  uint64_t keys_;
  uint64_t hot_keys_;
  uint64_t next_;
  ZipfSampler zipf_;
  KeyScrambler scrambler_;
};

}  // namespace corelane::loadgen
