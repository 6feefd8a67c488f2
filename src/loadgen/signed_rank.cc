#include "loadgen/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "loadgen/distributions.h"

namespace corelane::loadgen {
namespace {

double TailOf(double confidence) { return (1 - confidence) / 2; }

// The chances of each sum of the ranks 1 to `pairs` that got a plus, each by the toss of a coin.
std::vector<double> ChancesOfSums(size_t pairs) {
  std::vector<double> chances(pairs * (pairs + 1) / 2 + 1);
  chances[0] = 1;
  for (size_t rank = 1; rank <= pairs; ++rank) {
    // From above, so that what is added is that of the ranks before.
    for (size_t sum = chances.size(); sum-- > 0;) {
      chances[sum] = (chances[sum] + (sum >= rank ? chances[sum - rank] : 0)) / 2;
    }
  }
  return chances;
}

std::vector<double> SortedWalshAverages(std::span<const double> values) {
  std::vector<double> averages;
  averages.reserve(values.size() * (values.size() + 1) / 2);
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = i; j < values.size(); ++j) averages.push_back((values[i] + values[j]) / 2);
  }
  std::ranges::sort(averages);
  return averages;
}

}  // namespace

size_t PairsNeeded(double confidence) {
  size_t pairs = 1;
  for (double chance = 0.5; chance > TailOf(confidence); chance /= 2) ++pairs;
  return pairs;
}

std::optional<uint64_t> ExactWalshRank(size_t pairs, double confidence) {
  if (pairs < PairsNeeded(confidence)) return std::nullopt;
  const std::vector<double> chances = ChancesOfSums(pairs);
  // The rank is how many sums, from 0 on, are in the tail together.
  uint64_t rank = 0;
  double sum = 0;
  while ((sum += chances[rank]) <= TailOf(confidence)) ++rank;
  return rank;
}

std::optional<uint64_t> NormalWalshRank(size_t pairs, double confidence) {
  if (pairs < PairsNeeded(confidence)) return std::nullopt;
  const auto n = static_cast<double>(pairs);
  const double mean = n * (n + 1) / 4;
  const double deviation = std::sqrt(n * (n + 1) * (2 * n + 1) / 24);
  const double largest_sum =
      std::floor(mean - NormalQuantile(1 - TailOf(confidence)) * deviation - 0.5);
  return static_cast<uint64_t>(std::max(largest_sum, 0.0)) + 1;
}

std::optional<uint64_t> WalshRank(size_t pairs, double confidence) {
  return pairs <= kExactPairsMax ? ExactWalshRank(pairs, confidence)
                                 : NormalWalshRank(pairs, confidence);
}

Shift EstimateShift(std::span<const double> differences, double confidence) {
  Shift shift;
  if (differences.empty()) return shift;
  const std::vector<double> averages = SortedWalshAverages(differences);
  const size_t count = averages.size();
  shift.estimate = (averages[(count - 1) / 2] + averages[count / 2]) / 2;
  shift.low = shift.high = shift.estimate;
  const std::optional<uint64_t> rank = WalshRank(differences.size(), confidence);
  if (!rank) return shift;
  shift.has_interval = true;
  shift.low = averages[*rank - 1];
  shift.high = averages[count - *rank];
  return shift;
}

}  // namespace corelane::loadgen
