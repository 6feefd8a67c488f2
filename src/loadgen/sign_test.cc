#include "loadgen/sign_test.h"

#include <algorithm>
#include <cmath>

namespace corelane::loadgen {

double SignTestChance(size_t first, size_t second) {
  const size_t times = first + second;
  const size_t fewer = std::min(first, second);
  // n choose i in 2^n, from i = 0 on.
  double term = std::ldexp(1.0, -static_cast<int>(times));
  double tail = 0;
  for (size_t i = 0; i <= fewer; ++i) {
    tail += term;
    term *= static_cast<double>(times - i) / static_cast<double>(i + 1);
  }
  return std::min(2 * tail, 1.0);
}

}  // namespace corelane::loadgen
