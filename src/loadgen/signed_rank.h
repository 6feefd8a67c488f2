#pragma once

// By how much the one of two paired measurements exceeds the other, without a word on how they are
// distributed: the estimate of Hodges and Lehmann, and the interval of Wilcoxon's signed-rank test.
//
// The differences of the pairs are taken to be independent, and to scatter alike to both sides of
// the shift that is looked for; nothing else. The Walsh averages of n differences are the means of
// any two of them, each with itself included: n (n + 1) / 2. Their median is the estimate (Hodges
// and Lehmann, "Estimates of Location Based on Rank Tests", 1963). A shift is what the test would
// not refuse exactly where it lies between the r-th smallest and the r-th largest of them, r - 1
// being the largest sum of ranks of one sign that the test still takes for a difference (Tukey,
// "The Simplest Signed-Rank Tests", 1949; Hollander and Wolfe, "Nonparametric Statistical
// Methods", 3.1 to 3.3; Wilcoxon, "Individual Comparisons by Ranking Methods", 1945). One wild
// difference among forty moves both by next to nothing, where it would move a mean and blow up its
// interval; and of differences that are normal, all of this needs but 5 % more than Student's t
// does.
//
// Ties and differences of 0 need no treatment: with its limits counted in, the interval holds the
// shift at least as often as it says, however many values are alike (Pratt and Gibbons, "Concepts
// of Nonparametric Theory", chapter 3). Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace corelane::loadgen {

// `confidence` is in (0, 1), wherever it appears below.

// The fewest pairs that can carry an interval: by chance alone, n differences all have the sign
// that they have with probability 2^-n, which must be no more than one tail. 6 at 95 %, 8 at 99 %.
[[nodiscard]] size_t PairsNeeded(double confidence);

// The rank r of above; nothing where the pairs cannot carry the confidence. By ExactWalshRank() up
// to kExactPairsMax pairs, by NormalWalshRank() above: there it is lower by less than a hundredth,
// which is on the safe side, and the exact way costs time in proportion to the cube of the pairs.
inline constexpr size_t kExactPairsMax = 100;
[[nodiscard]] std::optional<uint64_t> WalshRank(size_t pairs, double confidence);

// By counting in how many of the 2^n ways to give signs to the ranks 1 to n those of one sign add
// up to so little.
[[nodiscard]] std::optional<uint64_t> ExactWalshRank(size_t pairs, double confidence);
// By the normal distribution, with continuity correction: the sum of ranks has the mean n (n + 1) /
// 4 and the variance n (n + 1) (2 n + 1) / 24.
[[nodiscard]] std::optional<uint64_t> NormalWalshRank(size_t pairs, double confidence);

struct Shift {
  double estimate = 0;
  // With too few differences there is no interval: low and high are the estimate.
  bool has_interval = false;
  double low = 0;
  double high = 0;
};

// `differences` are finite. Of none it is 0.
[[nodiscard]] Shift EstimateShift(std::span<const double> differences, double confidence);

}  // namespace corelane::loadgen
