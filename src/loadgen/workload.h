#pragma once

// Workload: the row of operations that one thread asks for: what kind, which keys, how big the
// values. Drawn from the seed and the thread's index alone, so that a run can be repeated whatever
// the server answers and however long it takes.
//
// Keys are numbers here. Those below `keys` are written by the LoadPhase before; inserts add the
// numbers behind them (key_share.h says which thread writes which); reads that are to miss ask for
// numbers from the very end of what a key can say, which nobody writes. A thread chooses among the
// load phase's keys and those that it has inserted itself, since it cannot know how far the others
// are. An insert counts from the moment it is drawn: a read of the newest key may overtake it on
// another connection, and misses then.
//
// Pure: no clock, no sockets. Used by one thread.

#include <corelane/status.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "loadgen/key_chooser.h"
#include "loadgen/key_share.h"
#include "loadgen/operation.h"
#include "loadgen/value_sizes.h"
#include "loadgen/weighted_choice.h"

namespace corelane::loadgen {

inline constexpr uint32_t kMultiKeysMax = 65'536;

// How often each kind comes, in proportion to each other; by the number of the kind.
using OpMix = std::array<double, kMixKinds>;

// Reads "read=95,update=5": names are those of OpName(). kBadArgument says what is wrong.
[[nodiscard]] Result<OpMix> ParseMix(std::string_view text);

struct MillisRange {
  uint32_t min_ms = 0;
  uint32_t max_ms = 0;
};

struct WorkloadOptions {
  uint64_t keys = 1'000'000;  // of the load phase
  OpMix mix = {1};            // reads only
  KeyChooserOptions chooser;
  ValueSizes value_sizes;

  // How many keys the multi kinds have, evenly from the range; drawn one by one, or the one drawn
  // and its neighbours (after the last the first). A key may come twice in one request.
  uint32_t multi_keys_min = 10;
  uint32_t multi_keys_max = 10;
  bool multi_neighbours = false;

  MillisRange write_ttl;                   // of what the run writes; 0: none
  MillisRange expire_ttl{60'000, 60'000};  // that kExpire gives, over 0

  double hit_rate = 1;  // the share of keys read that are in the key space
  // The largest number that a key can say (KeyText::number_max()).
  uint64_t key_number_max = 9'999'999'999'999'999;
  // Each thread keeps to keys of its own, of which it has as many as the others: then it knows all
  // writes to what it reads. For a SequenceBook.
  bool own_keys_only = false;

  uint64_t seed = 1;
  uint32_t thread = 0;
  uint32_t threads = 1;

  [[nodiscard]] KeyShare share() const { return {keys, thread, threads}; }
  [[nodiscard]] double weight(OpKind kind) const { return mix[static_cast<size_t>(kind)]; }
};

// Whether the options make sense together; kBadArgument says what does not.
[[nodiscard]] Status CheckWorkload(const WorkloadOptions& options);

// Sets mix, key distribution and keys of a request to those of a core workload of YCSB, "a" to "f"
// (B. Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", 2010). Sizes and counts stay;
// YCSB's own records have 1000 bytes. E is scans, which a store by hash has not: here it reads 1 to
// 100 keys of neighbouring numbers in one request, the same records in as many bytes, but without
// what a sorted store gains from keeping them together.
[[nodiscard]] Status SetYcsb(std::string_view letter, WorkloadOptions& options);

class Workload {
 public:
  // `options` are checked.
  explicit Workload(const WorkloadOptions& options);

  // Writes the next operation. Its keys hold until the next call.
  void Next(Operation& operation);

 private:
  void DrawInsert();
  void DrawKeys(uint64_t count, bool may_miss);
  void DrawNeighbours(uint64_t count, bool may_miss);
  [[nodiscard]] bool DrawMiss(bool may_miss);
  [[nodiscard]] uint64_t MissingKey(uint64_t index) const;
  // The number of one of the keys that this thread chooses among.
  [[nodiscard]] uint64_t KeyAt(uint64_t index) const;
  [[nodiscard]] uint32_t Draw(const MillisRange& range);

  const WorkloadOptions options_;
  const KeyShare share_;
  const uint64_t loaded_;       // keys of the load phase that it chooses among
  const uint64_t inserts_max_;  // then it begins again with the first
  uint64_t inserts_ = 0;
  base::Random random_;
  WeightedChoice kinds_;
  KeyChooser chooser_;
  std::vector<uint64_t> keys_;
};

// LoadPhase: writes each key once before a run, in order; each thread those that are its own.
class LoadPhase {
 public:
  // `options` are checked. Of them count the keys, the value sizes, the seed and the thread. What
  // it writes does not expire.
  explicit LoadPhase(const WorkloadOptions& options);

  // Writes the next kInsert, whose key holds until the next call; false when all are written.
  [[nodiscard]] bool Next(Operation& operation);
  [[nodiscard]] bool done() const { return index_ == share_.loaded(); }
  // How many operations are left.
  [[nodiscard]] uint64_t left() const { return share_.loaded() - index_; }

 private:
  const KeyShare share_;
  const ValueSizes value_sizes_;
  base::Random random_;
  uint64_t index_ = 0;
  uint64_t key_ = 0;
};

}  // namespace corelane::loadgen
