#pragma once

// SparseHistogram: what a base::Histogram has recorded, as the list of its buckets that are not
// empty. A run keeps one for each second: a base::Histogram takes 264 KiB whatever is in it, this
// ten bytes a bucket, which is some 5 to 40 KiB for the latencies of a second.
//
// It is filled at once and then read and merged, not recorded into. Nothing is lost but the order:
// merged or added back, it gives what the histograms themselves would have given, the exact
// smallest and largest value and the clamped ones included. A plain value; one thread at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/histogram.h"

namespace corelane::loadgen {

class SparseHistogram {
 public:
  using Layout = base::Histogram::Layout;

  SparseHistogram() = default;
  explicit SparseHistogram(const base::Histogram& histogram);

  // Adds what `other` holds.
  void Merge(const SparseHistogram& other);
  // Records all of it into `histogram`.
  void AddTo(base::Histogram& histogram) const;

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] size_t buckets() const { return indexes_.size(); }
  // As of base::Histogram; 0 when empty.
  [[nodiscard]] int64_t Min() const { return empty() ? 0 : min_; }
  [[nodiscard]] int64_t Max() const { return max_; }
  [[nodiscard]] uint64_t clamped_low() const { return clamped_low_; }
  [[nodiscard]] uint64_t clamped_high() const { return clamped_high_; }

  // Calls visit(index, count) for each bucket that is not empty, in ascending order; the index is
  // that of the layout.
  template <typename Visit>
  void ForEachBucket(const Visit& visit) const {
    for (size_t at = 0; at < indexes_.size(); ++at) visit(size_t{indexes_[at]}, counts_[at]);
  }

  // The largest value in the bucket `index`, as far as one of this histogram can be in it: how
  // percentiles are told.
  [[nodiscard]] int64_t HighestOf(size_t index) const {
    return std::min(Layout::LowestOf(index + 1) - 1, max_);
  }

 private:
  using Index = uint16_t;
  static_assert(Layout::IndexOf(base::Histogram::kHighestNanos) <= UINT16_MAX);

  void Append(size_t index, uint64_t count) {
    indexes_.push_back(static_cast<Index>(index));
    counts_.push_back(count);
  }

  // Two lists instead of one of pairs, which would be padded to sixteen bytes a bucket.
  std::vector<Index> indexes_;
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  int64_t min_ = base::Histogram::kHighestNanos;
  int64_t max_ = 0;
  uint64_t clamped_low_ = 0;
  uint64_t clamped_high_ = 0;
};

}  // namespace corelane::loadgen
