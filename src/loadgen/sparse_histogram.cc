#include "loadgen/sparse_histogram.h"

#include <utility>

namespace corelane::loadgen {

using base::Histogram;

SparseHistogram::SparseHistogram(const Histogram& histogram)
    : count_(histogram.count()),
      max_(histogram.Max()),
      clamped_low_(histogram.clamped_low()),
      clamped_high_(histogram.clamped_high()) {
  if (count_ == 0) return;
  min_ = histogram.Min();
  size_t buckets = 0;
  histogram.ForEachBucket([&](const Histogram::Bucket&) { ++buckets; });
  indexes_.reserve(buckets);
  counts_.reserve(buckets);
  histogram.ForEachBucket([&](const Histogram::Bucket& bucket) {
    Append(Layout::IndexOf(bucket.lowest), bucket.count);
  });
}

void SparseHistogram::Merge(const SparseHistogram& other) {
  SparseHistogram merged;
  merged.indexes_.reserve(buckets() + other.buckets());
  merged.counts_.reserve(buckets() + other.buckets());
  size_t mine = 0;
  size_t theirs = 0;
  while (mine < buckets() || theirs < other.buckets()) {
    const size_t my_index = mine < buckets() ? indexes_[mine] : SIZE_MAX;
    const size_t their_index = theirs < other.buckets() ? other.indexes_[theirs] : SIZE_MAX;
    uint64_t count = 0;
    if (my_index <= their_index) count += counts_[mine++];
    if (their_index <= my_index) count += other.counts_[theirs++];
    merged.Append(std::min(my_index, their_index), count);
  }
  indexes_ = std::move(merged.indexes_);
  counts_ = std::move(merged.counts_);
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  clamped_low_ += other.clamped_low_;
  clamped_high_ += other.clamped_high_;
}

// Any value of a bucket stands for it, but for four kinds: those out of range, which the histogram
// is to clamp and count again, and one each of the smallest and the largest.
void SparseHistogram::AddTo(Histogram& histogram) const {
  const auto add = [&](int64_t value, uint64_t count) {
    if (count != 0) histogram.RecordMany(value, count);
  };
  add(Histogram::kLowestNanos - 1, clamped_low_);
  add(Histogram::kHighestNanos + 1, clamped_high_);
  const size_t lowest = Layout::IndexOf(Histogram::kLowestNanos);
  const size_t highest = Layout::IndexOf(Histogram::kHighestNanos);
  ForEachBucket([&](size_t index, uint64_t count) {
    if (index == lowest) count -= clamped_low_;
    if (index == highest) count -= clamped_high_;
    const bool has_min = count != 0 && index == Layout::IndexOf(min_);
    if (has_min) {
      add(min_, 1);
      --count;
    }
    // What is left of the bucket of the largest value holds it, unless it was the smallest too.
    const bool has_max = index == Layout::IndexOf(max_);
    add(has_max ? max_ : std::max(Layout::LowestOf(index), min_), count);
  });
}

}  // namespace corelane::loadgen
