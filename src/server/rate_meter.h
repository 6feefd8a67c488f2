#pragma once

// RateMeter: how much a few counters grow a second, over the last kSamples ticks of the lane. One
// thread, the lane's.

#include <array>
#include <cstddef>
#include <cstdint>

namespace corelane::server {

class RateMeter {
 public:
  static constexpr size_t kSamples = 16;
  using Counts = std::array<uint64_t, 3>;

  // The counters at this moment; monotonic. Returns the growth a second since the oldest sample.
  Counts Add(int64_t now_ns, const Counts& counts) {
    const Sample& oldest = samples_[next_ % kSamples];
    Counts rates{};
    // Where a counter went back (it was reset) there is no rate yet.
    for (size_t i = 0; i < rates.size(); ++i) {
      if (oldest.at_ns == 0 || now_ns <= oldest.at_ns || counts[i] < oldest.counts[i]) continue;
      const double seconds = static_cast<double>(now_ns - oldest.at_ns) / 1e9;
      rates[i] = static_cast<uint64_t>(static_cast<double>(counts[i] - oldest.counts[i]) / seconds);
    }
    samples_[next_++ % kSamples] = {now_ns, counts};
    return rates;
  }

 private:
  struct Sample {
    int64_t at_ns = 0;  // 0: none yet
    Counts counts{};
  };
  std::array<Sample, kSamples> samples_{};
  size_t next_ = 0;
};

}  // namespace corelane::server
