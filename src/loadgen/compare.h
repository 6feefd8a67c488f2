#pragma once

// Comparing two programs, A and B, that were measured in turns: is B faster, slower, or is there no
// telling?
//
// A round measures both, one right after the other, and the order changes with each round (A B, B
// A, A B, ...), so that whatever drifts on the machine hits both alike. The rounds are pairs: the
// ratio B/A of each is freed of what the round had in common. The logarithms of the ratios get the
// estimate of Hodges and Lehmann and the interval of Wilcoxon's signed-rank test (signed_rank.h;
// for ratios by their logarithms see Jain, "The Art of Computer Systems Performance Analysis",
// chapter 12). They mind single rounds that something else fell into, a half or a double, hardly at
// all; on a shared machine those are there, and the interval of a mean is as wide as they are wild.
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

struct CompareOptions {
  FigureKind kind = FigureKind::kTime;
  double confidence = kUsualConfidence;
  double effect_min = 0.01;  // 1 %: a ratio between 1 / 1.01 and 1.01 is no difference
};

struct Comparison {
  Verdict verdict = Verdict::kTooFewRounds;
  size_t rounds = 0;
  size_t rounds_needed = 0;  // PairsNeeded() for this confidence
  double ratio = 1;          // B/A; 0 rounds: 1
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
