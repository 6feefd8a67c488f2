#pragma once

// The rate profile of an open-loop run: how many operations a second are to start, as time goes. A
// row of segments, each a line from one rate to another, makes steps and ramps. Plain values.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "loadgen/number_text.h"

namespace corelane::loadgen {

inline constexpr size_t kRateSegmentsMax = 1000;

struct RateSegment {
  double begin_per_s = 0;  // both from 0 to kRatePerSecondMax
  double end_per_s = 0;    // the same as begin_per_s: no ramp
  int64_t duration_ns = 0;
};

// Reads "RATE" or "RATE-RATE" (a ramp), each with "/DURATION" behind it or else of the default
// duration, separated by commas: "1000", "1k-5k/10s,5k/30s". kBadArgument says what is wrong; a
// profile in which nothing ever starts is wrong as well.
[[nodiscard]] Result<std::vector<RateSegment>> ParseRateProfile(std::string_view text,
                                                                int64_t default_duration_ns);

// How long all of it takes.
[[nodiscard]] int64_t DurationNanos(std::span<const RateSegment> profile);

// How many operations start in all: exact for constant spacing but for the last fraction of one,
// the mean for Poisson.
[[nodiscard]] double ExpectedArrivals(std::span<const RateSegment> profile);
[[nodiscard]] double ExpectedArrivals(const RateSegment& segment);
// The same for each second from `from_ns` after the beginning on, `seconds` of them at most, and
// only those that the profile lasts.
[[nodiscard]] std::vector<double> ExpectedArrivalsBySecond(std::span<const RateSegment> profile,
                                                           int64_t from_ns, size_t seconds);

}  // namespace corelane::loadgen
