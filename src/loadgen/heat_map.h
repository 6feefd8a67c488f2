#pragma once

// HeatMap: the coarse histogram that a report tells of each second, so that a page can draw the
// latencies of a run as a map of time and latency. A percentile is never taken from it: its buckets
// are a fifth wider than the one before, where those of base::Histogram tell three digits.
//
// The buckets are of equal width on a logarithmic scale. Bucket i holds the latencies from
// kHeatLowestNanos * 10^(i / kHeatBucketsPerDecade) up to that of i + 1. Pure; any thread.

#include <cstdint>
#include <vector>

#include "loadgen/sparse_histogram.h"

namespace corelane::loadgen {

inline constexpr int kHeatBucketsPerDecade = 12;
inline constexpr int64_t kHeatLowestNanos = 1;

struct HeatBucket {
  uint32_t index;
  uint64_t count;

  friend bool operator==(const HeatBucket&, const HeatBucket&) = default;
};

// `nanos` is at least kHeatLowestNanos.
[[nodiscard]] uint32_t HeatIndexOf(int64_t nanos);

// The buckets that are not empty, in ascending order.
[[nodiscard]] std::vector<HeatBucket> HeatOf(const SparseHistogram& latency_ns);

}  // namespace corelane::loadgen
