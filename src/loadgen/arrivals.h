#pragma once

// Arrivals: the schedule of an open-loop run: when each operation is meant to start, in nanoseconds
// since the begin, whatever the server does meanwhile. Response times are measured from there, so
// that a server which stalls cannot hide the requests that it has kept waiting.
//
// There is one schedule for the whole run. Each thread has an Arrivals of its own over the same
// profile, spacing and seed, draws the same numbers and takes every T-th time, beginning with its
// own index: nothing is shared, and all of them together start exactly the one schedule.
//
// Both spacings come out of one formula. Number the arrivals by their positions x on a line on
// which one operation starts per unit: 0, 1, 2, ... for constant spacing, sums of Exp(1) for a
// Poisson process. The time of x is L^-1(x), where L(t) is how many operations the profile starts
// until t. That this makes an inhomogeneous Poisson process of rate L' is the time change theorem
// (E. Cinlar, "Introduction to Stochastic Processes", 1975, section 4.7).
//
// Positions are kept as an integer and a fraction and begin anew in each segment, so that no error
// grows with time: in a day at a million a second every time is within a nanosecond.
//
// Pure: no clock. Used by one thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "loadgen/rate_profile.h"

namespace corelane::loadgen {

enum class Spacing : uint8_t {
  kConstant,  // as evenly as the profile allows
  kPoisson,   // independent of each other, as the requests of many users are
};

// Which times of the schedule are for this object: `index`, index + threads, ...; index < threads.
struct ArrivalsShare {
  uint32_t threads = 1;
  uint32_t index = 0;
};

class Arrivals {
 public:
  static constexpr int64_t kNever = INT64_MAX;

  Arrivals(std::vector<RateSegment> profile, Spacing spacing, uint64_t seed, ArrivalsShare share);

  // The next time of this share, never before the one before it and always inside the profile;
  // kNever when there is none left, from then on.
  [[nodiscard]] int64_t Next();

 private:
  // How far from the begin of a segment, in arrivals: whole + fraction, 0 <= fraction < 1.
  struct Position {
    int64_t whole = 0;
    double fraction = 0;
  };

  [[nodiscard]] static Position PositionOf(double arrivals);
  [[nodiscard]] static int64_t TimeInSegment(const RateSegment& segment, double from_begin,
                                             double to_end);
  // To the segment that the position is in; false when it is behind all of them.
  [[nodiscard]] bool FindSegment();
  // The position moves on by so many arrivals.
  void Advance(uint32_t arrivals);

  const std::vector<RateSegment> profile_;
  const Spacing spacing_;
  const uint32_t step_;
  base::Random random_;
  size_t segment_ = 0;
  Position segment_end_;  // seen from its begin
  int64_t segment_begin_ns_ = 0;
  Position at_;  // of the next arrival, seen from the segment's begin
  int64_t last_ns_ = 0;
};

}  // namespace corelane::loadgen
