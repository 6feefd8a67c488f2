#pragma once

// CommandStats: how often a lane ran each command and how long that took. Calls are counted always;
// the clock is read for few of the quick ones (one in kTimedEvery) and for every command that is
// not about single keys, so that counting costs a pipelined GET a nanosecond or two. Usecs and
// histograms of sampled commands are estimates from the samples.
//
// One for each lane, used by its thread. The lanes' figures come together as bytes in replies:
// Serialize() on each, MergedStats where the reply is made.

#include <corelane/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "shard/command.h"

namespace corelane::shard {

// Counts of nanoseconds, eight buckets for each power of two. (A base::Histogram is too large to
// have one for each command and lane.)
class LatencyBuckets {
 public:
  using Layout = base::HistogramLayout<4>;
  static constexpr int kHighestBit = 40;  // 18 minutes; longer counts as that
  static constexpr uint64_t kHighestNanos = (uint64_t{1} << kHighestBit) - 1;
  static constexpr size_t kCount = Layout::IndexOf(int64_t{kHighestNanos}) + 1;

  static constexpr size_t IndexOf(uint64_t nanos) {
    return Layout::IndexOf(static_cast<int64_t>(nanos < kHighestNanos ? nanos : kHighestNanos));
  }
  // The lowest value of a bucket.
  static constexpr uint64_t LowestOf(size_t index) {
    return static_cast<uint64_t>(Layout::LowestOf(index));
  }

  void Record(uint64_t nanos) { ++counts[IndexOf(nanos)]; }
  // How many values are below `nanos`, which begins a bucket.
  [[nodiscard]] uint64_t CountBelow(uint64_t nanos) const;
  // The lowest value such that at least `percent` of all are in its bucket or below.
  [[nodiscard]] uint64_t ValueAt(double percent) const;

  std::array<uint64_t, kCount> counts{};
};

struct CommandTally {
  const Command* command = nullptr;
  uint64_t calls = 0;
  uint64_t rejected = 0;  // before they ran: wrong number of arguments, too large
  uint64_t failed = 0;    // replied with an error
  uint64_t timed = 0;
  uint64_t timed_ns = 0;
  uint32_t until_timed = 1;                           // the clock is read when this is 0
  std::unique_ptr<LatencyBuckets> latency = nullptr;  // of those timed; made when first needed
};

inline constexpr size_t kStatusCodes = 64;
using ErrorCounts = std::array<uint64_t, kStatusCodes>;

class CommandStats {
 public:
  static constexpr uint32_t kTimedEvery = 61;  // prime, so that no pipeline keeps in step with it
  static constexpr uint64_t kTimedAtFirst = 16;

  CommandStats();
  CommandStats(const CommandStats&) = delete;
  CommandStats& operator=(const CommandStats&) = delete;

  [[nodiscard]] CommandTally& Of(const Command& command) {
    if (last_->command != &command) last_ = &Find(command);
    return *last_;
  }
  // A call took so long. `every`: the next one is timed too.
  void Record(CommandTally& tally, uint64_t nanos, bool every, bool with_latency);
  void CountError(StatusCode code) { ++errors_[static_cast<size_t>(code) % kStatusCodes]; }
  // From the next call on, `every` in Record() is asked again.
  void TimeNextCalls();
  void Reset();

  [[nodiscard]] const ErrorCounts& errors() const { return errors_; }
  // For MergedStats, in this process.
  [[nodiscard]] std::string Serialize() const;

 private:
  static constexpr size_t kSlots = 1024;  // power of two
  [[nodiscard]] CommandTally& Find(const Command& command);
  [[nodiscard]] static size_t SlotOf(const Command* command);

  std::vector<CommandTally> tallies_;
  std::array<uint16_t, kSlots> slots_{};  // 1 + the number of a tally; 0: free
  CommandTally* last_ = nullptr;
  ErrorCounts errors_{};
};

// The figures of some lanes together, by the order of the command table. Only what was called.
class MergedStats {
 public:
  struct Row {
    std::string_view name;
    uint64_t calls = 0;
    uint64_t rejected = 0;
    uint64_t failed = 0;
    uint64_t timed = 0;
    uint64_t timed_ns = 0;
    LatencyBuckets latency = {};

    [[nodiscard]] double MicrosPerCall() const {
      return timed == 0 ? 0 : static_cast<double>(timed_ns) / 1000 / static_cast<double>(timed);
    }
  };

  MergedStats();
  void Add(std::string_view serialized);
  [[nodiscard]] std::vector<const Row*> Used() const;

 private:
  std::vector<Row> rows_;
};

}  // namespace corelane::shard
