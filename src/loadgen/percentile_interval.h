#pragma once

// PercentileInterval: a percentile as it was measured, with the limits between which the true one
// lies at some confidence. Order statistics (order_statistics.h) and the block bootstrap
// (block_bootstrap.h) both end in one, so a report prints either. A plain value.

#include <cstdint>

namespace corelane::loadgen {

inline constexpr double kUsualConfidence = 0.95;

struct PercentileInterval {
  double percent = 0;  // 99.9 is p99.9
  int64_t value_ns = 0;
  int64_t low_ns = 0;
  int64_t high_ns = 0;
};

}  // namespace corelane::loadgen
