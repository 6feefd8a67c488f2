#pragma once

// Trend: whether a row of figures, one a second, goes up or down. The straight line of least
// squares through them, with the standard error of its slope, which says how much of a slope noise
// alone would make. Pure; any thread.
//
// Formulas: NIST/SEMATECH e-Handbook of Statistical Methods, 4.1.4.1 and 5.5.9.9 (simple linear
// regression).

#include <span>

namespace corelane::loadgen {

struct Trend {
  double slope = 0;           // from one figure to the next
  double slope_error = 0;     // its standard error
  double value_at_begin = 0;  // of the line, at the first figure and at the last one
  double value_at_end = 0;
};

// Fewer than three figures have no trend: all is 0.
[[nodiscard]] Trend TrendOf(std::span<const double> figures);

}  // namespace corelane::loadgen
