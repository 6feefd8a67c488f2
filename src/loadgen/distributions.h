#pragma once

// The quantiles of the normal and of Student's distribution, which the standard library does not
// have. Confidence intervals are made of them. Pure functions, usable from any thread; good to ten
// digits, for figures in a report, not for a million calls a second.

namespace corelane::loadgen {

// The regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1].
[[nodiscard]] double IncompleteBeta(double a, double b, double x);

// The chance that a variable of Student's distribution with `degrees` degrees of freedom (> 0, any
// real number) is below t.
[[nodiscard]] double StudentCdf(double t, double degrees);

// The value that the variable stays below with this probability, in (0, 1): 0.975 gives the factor
// of a two-sided interval of 95 %.
[[nodiscard]] double NormalQuantile(double probability);
[[nodiscard]] double StudentQuantile(double probability, double degrees);

}  // namespace corelane::loadgen
