#pragma once

// Comparing two programs, A and B, that were measured in turns: is B faster, slower, or is there no
// telling?
//
// A round measures both, one right after the other, and the order changes with each round (A B, B
// A, A B, ...), so that whatever drifts on the machine hits both alike. The rounds are pairs: the
// ratio B/A of each is freed of what the round had in common. The logarithms of the ratios are
// taken to be normal, and their mean gets the interval of Student's t ("The Probable Error of a
// Mean", 1908; for ratios by logarithms see Jain, "The Art of Computer Systems Performance
// Analysis", chapters 12 and 13). Back from the logarithms, the mean is the geometric mean of the
// ratios.
//
// There is a difference where the interval leaves out 1 and the ratio is at least `effect_min` away
// from it: given enough rounds, everything differs significantly from everything, by a layout of
// code or of memory. Pure functions, any thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "loadgen/percentile_interval.h"

namespace corelane::loadgen {

enum class Verdict : uint8_t { kNoDifference, kFaster, kSlower, kTooFewRounds };

// "no difference", "faster", "slower", "too few rounds": said of B.
[[nodiscard]] std::string_view VerdictName(Verdict verdict);

// What a figure means: of a time, B is faster when it is smaller; of a rate, when it is larger.
enum class FigureKind : uint8_t { kTime, kRate };

// With five rounds or fewer, not even five times the same sign would be significant at 95 %
// (2 x 2^-5 > 0.05), and the interval of Student rests on its assumptions alone.
inline constexpr size_t kCompareRoundsMin = 6;

struct CompareOptions {
  FigureKind kind = FigureKind::kTime;
  double confidence = kUsualConfidence;
  double effect_min = 0.01;  // 1 %: a ratio between 1 / 1.01 and 1.01 is no difference
};

struct Comparison {
  Verdict verdict = Verdict::kTooFewRounds;
  size_t rounds = 0;
  double ratio = 1;  // B/A; 0 rounds: 1
  // The interval of the ratio. With too few rounds there is none: low and high are the ratio.
  double ratio_low = 1;
  double ratio_high = 1;
};

// figures_a[i] and figures_b[i] are of the same round. kBadArgument where there are not as many of
// one as of the other, or a figure is not a positive number.
[[nodiscard]] Result<Comparison> Compare(std::span<const double> figures_a,
                                         std::span<const double> figures_b,
                                         const CompareOptions& options);

}  // namespace corelane::loadgen
