#include "base/histogram.h"

#include <algorithm>
#include <cmath>

namespace corelane::base {
namespace {

double MiddleOf(const Histogram::Bucket& bucket) {
  return (static_cast<double>(bucket.lowest) + static_cast<double>(bucket.highest)) / 2;
}

}  // namespace

int64_t Histogram::Clamp(int64_t nanos, uint64_t count) {
  if (nanos < kLowestNanos) {
    clamped_low_ += count;
    return kLowestNanos;
  }
  clamped_high_ += count;
  return kHighestNanos;
}

void Histogram::Merge(const Histogram& other) {
  for (size_t index = 0; index < counts_.size(); ++index) counts_[index] += other.counts_[index];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  clamped_low_ += other.clamped_low_;
  clamped_high_ += other.clamped_high_;
}

void Histogram::Reset() {
  std::fill(counts_.begin(), counts_.end(), 0);
  count_ = clamped_low_ = clamped_high_ = 0;
  min_ = kHighestNanos;
  max_ = 0;
}

double Histogram::Mean() const {
  if (count_ == 0) return 0;
  double sum = 0;
  ForEachBucket(
      [&](const Bucket& bucket) { sum += MiddleOf(bucket) * static_cast<double>(bucket.count); });
  return sum / static_cast<double>(count_);
}

double Histogram::StandardDeviation() const {
  if (count_ == 0) return 0;
  const double mean = Mean();
  double sum = 0;
  ForEachBucket([&](const Bucket& bucket) {
    const double distance = MiddleOf(bucket) - mean;
    sum += distance * distance * static_cast<double>(bucket.count);
  });
  return std::sqrt(sum / static_cast<double>(count_));
}

uint64_t Histogram::RankAtPercentile(double percent, uint64_t count) {
  // One step down in the last place, so that 99.9 percent of 1000 values, which the machine may
  // compute as a hair more than 999, does not ask for the thousandth.
  const double asked = std::nextafter(std::clamp(percent, 0.0, 100.0), -1.0);
  const double wanted = std::ceil(asked * static_cast<double>(count) / 100.0);
  return wanted < 1 ? 1 : std::min(static_cast<uint64_t>(wanted), count);
}

int64_t Histogram::ValueAtPercentile(double percent) const {
  return count_ == 0 ? 0 : ValueAtRank(RankAtPercentile(percent, count_));
}

int64_t Histogram::ValueAtRank(uint64_t rank) const {
  uint64_t seen = 0;
  for (size_t index = 0; index < counts_.size(); ++index) {
    seen += counts_[index];
    if (seen >= rank) return std::min(BucketAt(index).highest, max_);
  }
  return max_;
}

uint64_t Histogram::CountUpTo(int64_t nanos) const {
  if (nanos < 0) return 0;
  const size_t last = Layout::IndexOf(std::min(nanos, kHighestNanos));
  uint64_t count = 0;
  for (size_t index = 0; index <= last; ++index) count += counts_[index];
  return count;
}

}  // namespace corelane::base
