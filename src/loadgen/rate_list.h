#pragma once

// A list of rates as people write it, for a sweep: "10k,20k,50k", or "10k-200k:8" for eight rates
// from the one to the other, each the same factor above the last. Pure; any thread.

#include <corelane/status.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace corelane::loadgen {

inline constexpr size_t kRatesMax = 1000;

// In ascending order, each above 0 and no two alike. kBadArgument says what is wrong.
[[nodiscard]] Result<std::vector<double>> ParseRateList(std::string_view text);

}  // namespace corelane::loadgen
