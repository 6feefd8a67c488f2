#include "loadgen/arrivals.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "loadgen/seeds.h"

namespace corelane::loadgen {
namespace {

// The time, in ns from the slow end of a segment, at which `arrivals` have passed. With rates a
// (here) and b (at the other end, b >= a) a second and d the duration in ns this is the root of
//   a t + (b - a) / (2 d) t^2 = 10^9 arrivals
// in the form that adds where the schoolbook's would take nearly equal numbers from each other
// (W. Press et al., "Numerical Recipes", section 5.6).
double TimeFromSlowEnd(double slow_per_s, double fast_per_s, double duration_ns, double arrivals) {
  if (arrivals <= 0) return 0;
  const double scaled = arrivals * 1e9;
  const double growth = (fast_per_s - slow_per_s) / duration_ns;
  return 2 * scaled / (slow_per_s + std::sqrt(slow_per_s * slow_per_s + 2 * growth * scaled));
}

}  // namespace

Arrivals::Arrivals(std::vector<RateSegment> profile, Spacing spacing, uint64_t seed,
                   ArrivalsShare share)
    : profile_(std::move(profile)),
      spacing_(spacing),
      step_(share.threads),
      random_(StreamSeed(seed, kArrivalsStream)) {
  CHECK(share.index < share.threads);
  for (const RateSegment& segment : profile_) {
    CHECK(segment.begin_per_s >= 0 && segment.begin_per_s <= kRatePerSecondMax);
    CHECK(segment.end_per_s >= 0 && segment.end_per_s <= kRatePerSecondMax);
    CHECK(segment.duration_ns >= 0 && segment.duration_ns <= kDurationNanosMax);
  }
  if (!profile_.empty()) segment_end_ = PositionOf(ExpectedArrivals(profile_[0]));
  // The first of a constant spacing is at once; that of a Poisson process is drawn like the others.
  Advance(spacing_ == Spacing::kPoisson ? share.index + 1 : share.index);
}

Arrivals::Position Arrivals::PositionOf(double arrivals) {
  const double whole = std::floor(arrivals);
  return {static_cast<int64_t>(whole), arrivals - whole};
}

int64_t Arrivals::Next() {
  if (!FindSegment()) return kNever;
  const double from_begin = static_cast<double>(at_.whole) + at_.fraction;
  const double to_end =
      static_cast<double>(segment_end_.whole - at_.whole) + (segment_end_.fraction - at_.fraction);
  const RateSegment& segment = profile_[segment_];
  const int64_t time_ns = segment_begin_ns_ + TimeInSegment(segment, from_begin, to_end);
  // Two positions a rounding error apart may come out a nanosecond the wrong way round.
  last_ns_ = std::max(last_ns_, time_ns);
  Advance(step_);
  return last_ns_;
}

// A ramp down is walked from its end, which is a ramp up: seen from the fast end, the square root
// would be of a small difference of big numbers where the rate comes near 0.
int64_t Arrivals::TimeInSegment(const RateSegment& segment, double from_begin, double to_end) {
  const auto duration_ns = static_cast<double>(segment.duration_ns);
  const double time_ns =
      segment.begin_per_s <= segment.end_per_s
          ? TimeFromSlowEnd(segment.begin_per_s, segment.end_per_s, duration_ns, from_begin)
          : duration_ns -
                TimeFromSlowEnd(segment.end_per_s, segment.begin_per_s, duration_ns, to_end);
  return std::clamp<int64_t>(std::llround(time_ns), 0, segment.duration_ns - 1);
}

bool Arrivals::FindSegment() {
  while (segment_ < profile_.size()) {
    if (at_.whole < segment_end_.whole) return true;
    if (at_.whole == segment_end_.whole && at_.fraction < segment_end_.fraction) return true;
    at_.whole -= segment_end_.whole;
    at_.fraction -= segment_end_.fraction;
    if (at_.fraction < 0) {
      at_.fraction += 1;
      --at_.whole;
    }
    segment_begin_ns_ += profile_[segment_].duration_ns;
    ++segment_;
    if (segment_ < profile_.size()) segment_end_ = PositionOf(ExpectedArrivals(profile_[segment_]));
  }
  return false;
}

void Arrivals::Advance(uint32_t arrivals) {
  if (spacing_ == Spacing::kConstant) {
    at_.whole += arrivals;
    return;
  }
  for (uint32_t i = 0; i < arrivals; ++i) {
    at_.fraction -= std::log1p(-random_.Fraction());
    const double whole = std::floor(at_.fraction);
    at_.whole += static_cast<int64_t>(whole);
    at_.fraction -= whole;
  }
}

}  // namespace corelane::loadgen
