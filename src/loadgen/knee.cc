#include "loadgen/knee.h"

#include "absl/strings/str_format.h"

namespace corelane::loadgen {

std::optional<Knee> FindKnee(std::span<const CurvePoint> points) {
  constexpr size_t kPointsMin = 3;
  size_t valid = 0;
  size_t last_valid = 0;
  std::optional<size_t> best;
  const auto power = [&](size_t index) { return points[index].per_s / points[index].p99_us; };
  for (size_t i = 0; i < points.size(); ++i) {
    if (!points[i].valid || points[i].p99_us <= 0) continue;
    ++valid;
    last_valid = i;
    if (!best || power(i) > power(*best)) best = i;
  }
  if (valid < kPointsMin) return std::nullopt;
  Knee knee{.index = *best, .because = {}};
  const CurvePoint& point = points[*best];
  const bool last = *best == last_valid;
  if (last && *best + 1 < points.size() && points[*best + 1].generator_limited) {
    knee.because = absl::StrFormat(
        "Throughput over p99 still grows at %.0f/s, and from there on it is the generator that "
        "cannot go further: the knee lies beyond.",
        point.per_s);
  } else if (last && *best + 1 == points.size()) {
    knee.because = absl::StrFormat(
        "Throughput over p99 still grows at the highest rate, %.0f/s: the knee lies beyond it.",
        point.per_s);
  } else {
    knee.because = absl::StrFormat(
        "Throughput over p99 is greatest at %.0f/s, with a p99 of %.0f us; more than that costs "
        "more latency than it gives throughput.",
        point.per_s, point.p99_us);
  }
  return knee;
}

}  // namespace corelane::loadgen
