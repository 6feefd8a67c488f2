#pragma once

// The sign test: whether one of two sides was ahead more often than a coin explains. Where both are
// alike, of n times in which one of them was ahead either was in about half, and the number is
// binomial, B(n, 1/2) (Hollander and Wolfe, "Nonparametric Statistical Methods", 3.4). Pure
// functions, any thread.

#include <cstddef>

namespace corelane::loadgen {

// The chance that a coin gives counts so far apart or farther, to either side: 1 where they are
// equal; 0.0625 for 5 to 0, 0.03125 for 6 to 0. Good up to a thousand times in all.
[[nodiscard]] double SignTestChance(size_t first, size_t second);

}  // namespace corelane::loadgen
