#include "loadgen/trend.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace corelane::loadgen {

Trend TrendOf(std::span<const double> figures) {
  if (figures.size() < 3) return {};
  const auto count = static_cast<double>(figures.size());
  const double middle = (count - 1) / 2;
  double mean = 0;
  for (const double figure : figures) mean += figure / count;
  // The sums of squares and products around the means; x is the index.
  double sum_xx = 0;
  double sum_xy = 0;
  double sum_yy = 0;
  for (size_t i = 0; i < figures.size(); ++i) {
    const double x = static_cast<double>(i) - middle;
    const double y = figures[i] - mean;
    sum_xx += x * x;
    sum_xy += x * y;
    sum_yy += y * y;
  }
  Trend trend;
  trend.slope = sum_xy / sum_xx;
  // Rounding may leave less than nothing of figures that lie on the line.
  const double residual = std::max(0.0, sum_yy - trend.slope * sum_xy);
  trend.slope_error = std::sqrt(residual / (count - 2) / sum_xx);
  trend.value_at_begin = mean - trend.slope * middle;
  trend.value_at_end = mean + trend.slope * middle;
  return trend;
}

}  // namespace corelane::loadgen
