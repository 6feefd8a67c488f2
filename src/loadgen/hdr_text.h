#pragma once

// The percentile distribution of a histogram as text, in the format of HdrHistogram's .hgrm files,
// which its plotter (https://hdrhistogram.github.io/HdrHistogram/plotFiles.html) and many others
// read:
//
//        Value     Percentile TotalCount 1/(1-Percentile)
//
//        1.023 0.000000000000          1           1.00
//        1.100 0.100000000000        103           1.11
//        ...
//       20.319 1.000000000000       1000
//   #[Mean    =        2.303, StdDeviation   =        1.876]
//   #[Max     =       20.319, Total count    =         1000]
//   #[Buckets =           32, SubBuckets     =         2048]
//
// The text is that of the Java original (AbstractHistogram.outputPercentileDistribution), to the
// byte. The C port (hdr_percentiles_print) puts other blanks between the columns and `inf` behind
// the last line; its readers read both. Pure; any thread.

#include <string>

#include "base/histogram.h"

namespace corelane::loadgen {

struct HdrTextOptions {
  // Lines for each halving of the distance to 100 %.
  int ticks_per_half_distance = 5;
  // What values are divided by: the histogram counts nanoseconds, the text tells milliseconds.
  double value_scale = 1e6;
};

// Appends the text to `out`.
void WriteHdrText(const base::Histogram& histogram, const HdrTextOptions& options,
                  std::string& out);

// `value`, which is not negative, with so many digits behind the point. As Java rounds, and unlike
// printf: the shortest decimal that reads back as `value` is taken, and a five is rounded up. The
// two differ for some of the levels that percentiles are printed for.
[[nodiscard]] std::string FixedDecimal(double value, int digits);

}  // namespace corelane::loadgen
