#include "loadgen/heat_map.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {

uint32_t HeatIndexOf(int64_t nanos) {
  const double decades = std::log10(static_cast<double>(nanos) / kHeatLowestNanos);
  // The logarithm of a power of ten may come out a rounding below it.
  constexpr double kRounding = 1e-12;
  return static_cast<uint32_t>(decades * kHeatBucketsPerDecade + kRounding);
}

std::vector<HeatBucket> HeatOf(const SparseHistogram& latency_ns) {
  std::vector<HeatBucket> heat;
  latency_ns.ForEachBucket([&](size_t index, uint64_t count) {
    const int64_t nanos = std::max(kHeatLowestNanos, latency_ns.HighestOf(index));
    const uint32_t at = HeatIndexOf(nanos);
    if (heat.empty() || heat.back().index != at) heat.push_back({at, 0});
    heat.back().count += count;
  });
  return heat;
}

}  // namespace corelane::loadgen
