#include "loadgen/compare.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "loadgen/signed_rank.h"

namespace corelane::loadgen {
namespace {

bool IsFigure(double value) { return std::isfinite(value) && value > 0; }

Verdict Judge(const Comparison& comparison, const CompareOptions& options) {
  const bool excludes_one = comparison.ratio_low > 1 || comparison.ratio_high < 1;
  if (!excludes_one || std::abs(std::log(comparison.ratio)) < std::log1p(options.effect_min)) {
    return Verdict::kNoDifference;
  }
  const bool smaller = comparison.ratio < 1;
  return smaller == (options.kind == FigureKind::kTime) ? Verdict::kFaster : Verdict::kSlower;
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNoDifference:
      return "no difference";
    case Verdict::kFaster:
      return "faster";
    case Verdict::kSlower:
      return "slower";
    case Verdict::kTooFewRounds:
      return "too few rounds";
  }
  return "unknown";
}

Result<Comparison> Compare(std::span<const double> figures_a, std::span<const double> figures_b,
                           const CompareOptions& options) {
  if (figures_a.size() != figures_b.size()) {
    return Status(StatusCode::kBadArgument, absl::StrFormat("%d rounds of A and %d of B",
                                                            figures_a.size(), figures_b.size()));
  }
  if (!std::ranges::all_of(figures_a, IsFigure) || !std::ranges::all_of(figures_b, IsFigure)) {
    return Status(StatusCode::kBadArgument, "a figure to compare is a positive number");
  }
  std::vector<double> logarithms;
  for (size_t i = 0; i < figures_a.size(); ++i) {
    logarithms.push_back(std::log(figures_b[i] / figures_a[i]));
  }
  const Shift shift = EstimateShift(logarithms, options.confidence);
  Comparison comparison{.rounds = figures_a.size(),
                        .rounds_needed = PairsNeeded(options.confidence),
                        .ratio = std::exp(shift.estimate),
                        .ratio_low = std::exp(shift.low),
                        .ratio_high = std::exp(shift.high)};
  if (!shift.has_interval) return comparison;
  comparison.verdict = Judge(comparison, options);
  return comparison;
}

}  // namespace corelane::loadgen
