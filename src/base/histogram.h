#pragma once

// Histogram: counts latencies in buckets whose width grows with the value, so that every recorded
// value is known to three significant digits from 1 ns to 1 h, in constant memory (264 KiB), at the
// cost of a few instructions a value.
//
// The layout is that of Gil Tene's HdrHistogram (https://hdrhistogram.org) with lowest discernible
// value 1 and three significant digits: a value below 2048 has a bucket of its own; above, each
// power of two is cut into 1024 buckets of equal width. With k = the number of bits above the
// lowest eleven, the bucket of `value` is k * 1024 + (value >> k).
//
// Owned by one object, used by one thread at a time; several threads record into one each, which
// are then merged. Values outside the range count as the nearest one inside, and are told by
// clamped_low() and clamped_high().

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace corelane::base {

// Values below 2^fine_bits have a bucket each; above, each power of two is cut into half as many.
template <int fine_bits>
struct HistogramLayout {
  static constexpr int kFineBits = fine_bits;
  static constexpr size_t kHalf = size_t{1} << (kFineBits - 1);

  static constexpr size_t IndexOf(int64_t value) {
    constexpr uint64_t kFineMask = (uint64_t{1} << kFineBits) - 1;
    const auto positive = static_cast<uint64_t>(value);
    const int shift = static_cast<int>(std::bit_width(positive | kFineMask)) - kFineBits;
    return static_cast<size_t>(shift) * kHalf + static_cast<size_t>(positive >> shift);
  }

  // The lowest value whose bucket is `index`.
  static constexpr int64_t LowestOf(size_t index) {
    if (index < 2 * kHalf) return static_cast<int64_t>(index);
    const size_t shift = index / kHalf - 1;
    return static_cast<int64_t>((index - shift * kHalf) << shift);
  }
};

class Histogram {
 public:
  // Three digits ask for at least 2 * 10^3 buckets of width one, so that 1000 of the wider ones
  // remain in each power of two.
  using Layout = HistogramLayout<11>;

  static constexpr int64_t kLowestNanos = 1;
  static constexpr int64_t kHighestNanos = int64_t{3'600} * 1'000'000'000;

  struct Bucket {
    int64_t lowest;   // the first value that falls into the bucket
    int64_t highest;  // the last one
    uint64_t count;
  };

  Histogram() : counts_(kBuckets) {}

  void Record(int64_t nanos) { RecordMany(nanos, 1); }
  // As if recorded `count` times; count > 0.
  void RecordMany(int64_t nanos, uint64_t count) {
    if (nanos < kLowestNanos || nanos > kHighestNanos) [[unlikely]]
      nanos = Clamp(nanos, count);
    counts_[Layout::IndexOf(nanos)] += count;
    count_ += count;
    if (nanos < min_) min_ = nanos;
    if (nanos > max_) max_ = nanos;
  }

  // Adds what `other` has recorded. A histogram merged of parts equals one that recorded
  // everything.
  void Merge(const Histogram& other);
  void Reset();

  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] uint64_t clamped_low() const { return clamped_low_; }
  [[nodiscard]] uint64_t clamped_high() const { return clamped_high_; }

  // The figures below are 0 when nothing is recorded. The smallest and the largest value are exact,
  // the others are within three digits.
  [[nodiscard]] int64_t Min() const { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] int64_t Max() const { return max_; }
  [[nodiscard]] double Mean() const;
  [[nodiscard]] double StandardDeviation() const;

  // The smallest recorded value such that at least `percent` of all values are not above it, told
  // as the highest value of its bucket (but never above Max()). `percent` is in [0, 100]: 50 is the
  // median, 100 the largest value.
  [[nodiscard]] int64_t ValueAtPercentile(double percent) const;
  // The value at `rank` of all values in ascending order, told in the same way. `rank` is in
  // [1, count()]: 1 is the smallest value.
  [[nodiscard]] int64_t ValueAtRank(uint64_t rank) const;
  // The rank that `percent` has among `count` values, count > 0: ValueAtPercentile(percent) is the
  // value at this rank.
  [[nodiscard]] static uint64_t RankAtPercentile(double percent, uint64_t count);

  // How many values are in the bucket of `nanos` or below.
  [[nodiscard]] uint64_t CountUpTo(int64_t nanos) const;

  // Calls visit(bucket) for each bucket that is not empty, in ascending order.
  template <typename Visit>
  void ForEachBucket(const Visit& visit) const {
    for (size_t index = 0; index < counts_.size(); ++index) {
      if (counts_[index] != 0) visit(BucketAt(index));
    }
  }

 private:
  static constexpr size_t kBuckets = Layout::IndexOf(kHighestNanos) + 1;
  static_assert(kBuckets * sizeof(uint64_t) <= size_t{264} << 10, "the comment above says so");

  [[nodiscard]] Bucket BucketAt(size_t index) const {
    return {Layout::LowestOf(index), Layout::LowestOf(index + 1) - 1, counts_[index]};
  }
  int64_t Clamp(int64_t nanos, uint64_t count);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  int64_t min_ = kHighestNanos;
  int64_t max_ = 0;
  uint64_t clamped_low_ = 0;
  uint64_t clamped_high_ = 0;
};

}  // namespace corelane::base
