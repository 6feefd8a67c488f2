#pragma once

// The quantiles of the normal distribution, which the standard library does not have. Confidence
// intervals are made of them. Pure functions, usable from any thread; good to ten digits, for
// figures in a report, not for a million calls a second.

namespace corelane::loadgen {

// The value that a variable of mean 0 and deviation 1 stays below with this probability, in (0, 1):
// 0.975 gives the factor of a two-sided interval of 95 %.
[[nodiscard]] double NormalQuantile(double probability);

}  // namespace corelane::loadgen
