#include "loadgen/rate_profile.h"

#include <string>
#include <vector>

#include "base/status_macros.h"

namespace corelane::loadgen {
namespace {

// One element of the list: "1k-5k/10s".
Status ParseSegment(std::string_view text, RateSegment& segment) {
  const size_t slash = text.find('/');
  const std::string_view rates = text.substr(0, slash);
  const size_t dash = rates.find('-');
  const Result<double> begin = ParseRate(rates.substr(0, dash));
  if (!begin.ok()) return begin.status();
  segment.begin_per_s = segment.end_per_s = *begin;
  if (dash != std::string_view::npos) {
    const Result<double> end = ParseRate(rates.substr(dash + 1));
    if (!end.ok()) return end.status();
    segment.end_per_s = *end;
  }
  if (slash == std::string_view::npos) return OkStatus();
  const Result<int64_t> duration_ns = ParseDurationNanos(text.substr(slash + 1));
  if (!duration_ns.ok()) return duration_ns.status();
  segment.duration_ns = *duration_ns;
  return OkStatus();
}

Status ParseSegments(std::string_view text, int64_t default_duration_ns,
                     std::vector<RateSegment>& profile) {
  int64_t left_ns = kDurationNanosMax;
  for (const std::string_view part : SplitAt(text, ',')) {
    if (profile.size() == kRateSegmentsMax) {
      return Status(StatusCode::kBadArgument,
                    "it has more than " + std::to_string(kRateSegmentsMax) + " parts");
    }
    RateSegment& segment = profile.emplace_back();
    segment.duration_ns = default_duration_ns;
    RETURN_IF_ERROR(ParseSegment(part, segment));
    if (segment.duration_ns > left_ns) {
      return Status(StatusCode::kBadArgument, "it is longer than 31 days");
    }
    left_ns -= segment.duration_ns;
  }
  if (ExpectedArrivals(profile) < 1) {
    return Status(StatusCode::kBadArgument, "not one operation starts in all its time");
  }
  return OkStatus();
}

// The arrivals from the beginning to `until_ns` after it.
double ArrivalsUntil(std::span<const RateSegment> profile, int64_t until_ns) {
  double arrivals = 0;
  for (RateSegment segment : profile) {
    if (segment.duration_ns > until_ns) {
      const double part = static_cast<double>(until_ns) / static_cast<double>(segment.duration_ns);
      segment.end_per_s = segment.begin_per_s + (segment.end_per_s - segment.begin_per_s) * part;
      segment.duration_ns = until_ns;
    }
    arrivals += ExpectedArrivals(segment);
    until_ns -= segment.duration_ns;
  }
  return arrivals;
}

}  // namespace

Result<std::vector<RateSegment>> ParseRateProfile(std::string_view text,
                                                  int64_t default_duration_ns) {
  std::vector<RateSegment> profile;
  const Status status = ParseSegments(text, default_duration_ns, profile);
  if (status.ok()) return profile;
  return Status(status.code(), "rate \"" + std::string(text) + "\": " + status.message() +
                                   "; write RATE or RATE-RATE, each with /DURATION or without, "
                                   "for example 1k-5k/10s,5k/30s");
}

int64_t DurationNanos(std::span<const RateSegment> profile) {
  int64_t duration_ns = 0;
  for (const RateSegment& segment : profile) duration_ns += segment.duration_ns;
  return duration_ns;
}

double ExpectedArrivals(const RateSegment& segment) {
  // In this order 0.1 a second for 10 s is exactly one.
  return (segment.begin_per_s + segment.end_per_s) / 2 * static_cast<double>(segment.duration_ns) /
         1e9;
}

double ExpectedArrivals(std::span<const RateSegment> profile) {
  double arrivals = 0;
  for (const RateSegment& segment : profile) arrivals += ExpectedArrivals(segment);
  return arrivals;
}

std::vector<double> ExpectedArrivalsBySecond(std::span<const RateSegment> profile, int64_t from_ns,
                                             size_t seconds) {
  constexpr int64_t kSecondNanos = 1'000'000'000;
  const int64_t end_ns = DurationNanos(profile);
  std::vector<double> arrivals;
  for (int64_t at_ns = from_ns; arrivals.size() < seconds && end_ns - at_ns >= kSecondNanos;
       at_ns += kSecondNanos) {
    arrivals.push_back(ArrivalsUntil(profile, at_ns + kSecondNanos) -
                       ArrivalsUntil(profile, at_ns));
  }
  return arrivals;
}

}  // namespace corelane::loadgen
