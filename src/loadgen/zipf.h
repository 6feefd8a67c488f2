#pragma once

// ZipfSampler: ranks by Zipf's law: rank r of n, counted from 0, comes with a probability that is
// proportional to 1 / (r + 1)^theta. Exact for any n and any theta in (0, 2), in constant memory,
// and n may grow at any time for the cost of a few logarithms. (YCSB's generator adds up a sum
// over all n before it starts, is an approximation of J. Gray et al., and has no theta >= 1.)
//
// The method is rejection-inversion: W. Hoermann and G. Derflinger, "Rejection-inversion to
// generate variates from monotone discrete distributions", ACM Transactions on Modeling and
// Computer Simulation 6 (3), 1996. A point under the curve x^-theta is drawn by inverting its
// integral; it is rejected where the curve is above the step function of the law. Fewer than 1.3
// points are drawn for each rank.
//
// A plain value; used by one thread.

#include <cstdint>

#include "base/random.h"

namespace corelane::loadgen {

class ZipfSampler {
 public:
  // Beyond it neighbouring ranks would fall on the same double.
  static constexpr uint64_t kRanksMax = uint64_t{1} << 50;

  // 0 < theta < 2, 0 < ranks <= kRanksMax.
  ZipfSampler(double theta, uint64_t ranks);

  // A rank below ranks().
  [[nodiscard]] uint64_t Next(base::Random& random) const;

  void set_ranks(uint64_t ranks);
  [[nodiscard]] uint64_t ranks() const { return ranks_; }

 private:
  // The curve, its integral from 1 on, and the inverse of that.
  [[nodiscard]] double Curve(double x) const;
  [[nodiscard]] double Integral(double x) const;
  [[nodiscard]] double InverseIntegral(double area) const;

  double theta_;
  uint64_t ranks_ = 1;
  double area_begin_;    // below it is all of the first rank
  double area_end_ = 0;  // Integral(ranks + 1/2)
  double sure_;          // a point no further than this below its rank is never rejected
};

}  // namespace corelane::loadgen
