#pragma once

// LatencyBuckets: the latency histogram of the classic suite, as its users know it: a count for
// each of the bounds 10, 25, 50, 100, 250, 500, 1,000, 5,000 and 10,000 µs (up to and including the
// bound), and one for the rest. A plain value; one thread.

#include <array>
#include <cstddef>
#include <cstdint>

namespace corelane::tools {

class LatencyBuckets {
 public:
  static constexpr std::array<int64_t, 9> kBoundsMicros = {10,  25,   50,   100,  250,
                                                           500, 1000, 5000, 10000};
  static constexpr size_t kCount = kBoundsMicros.size() + 1;

  void Add(int64_t nanos) {
    size_t bucket = 0;
    while (bucket < kBoundsMicros.size() && nanos > kBoundsMicros[bucket] * 1000) ++bucket;
    ++counts_[bucket];
    ++total_;
  }

  // The last bucket is the rest.
  [[nodiscard]] uint64_t count(size_t bucket) const { return counts_[bucket]; }
  [[nodiscard]] uint64_t total() const { return total_; }
  [[nodiscard]] double Percent(size_t bucket) const {
    return total_ == 0 ? 0.0
                       : 100.0 * static_cast<double>(counts_[bucket]) / static_cast<double>(total_);
  }

 private:
  std::array<uint64_t, kCount> counts_{};
  uint64_t total_ = 0;
};

}  // namespace corelane::tools
