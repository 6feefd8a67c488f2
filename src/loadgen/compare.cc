#include "loadgen/compare.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "loadgen/distributions.h"

namespace corelane::loadgen {
namespace {

bool IsFigure(double value) { return std::isfinite(value) && value > 0; }

double MeanOf(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Half the width of the interval of the mean of `values`, of which there are two or more.
double HalfWidth(std::span<const double> values, double mean, double confidence) {
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  const double error = std::sqrt(squares / (count - 1) / count);
  return StudentQuantile((1 + confidence) / 2, count - 1) * error;
}

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
  Comparison comparison;
  comparison.rounds = figures_a.size();
  if (comparison.rounds == 0) return comparison;
  std::vector<double> logarithms;
  for (size_t i = 0; i < figures_a.size(); ++i) {
    logarithms.push_back(std::log(figures_b[i] / figures_a[i]));
  }
  const double mean = MeanOf(logarithms);
  comparison.ratio = comparison.ratio_low = comparison.ratio_high = std::exp(mean);
  if (comparison.rounds < kCompareRoundsMin) return comparison;
  const double half_width = HalfWidth(logarithms, mean, options.confidence);
  comparison.ratio_low = std::exp(mean - half_width);
  comparison.ratio_high = std::exp(mean + half_width);
  comparison.verdict = Judge(comparison, options);
  return comparison;
}

}  // namespace corelane::loadgen
