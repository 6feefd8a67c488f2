#pragma once

// ValueSizes: how many bytes each written value has: always the same, evenly from a range, one of
// several with weights, or lognormal, as sizes in the field tend to be: many small ones and a long
// tail (B. Atikoglu et al., "Workload Analysis of a Large-Scale Key-Value Store", 2012).
//
// A plain value; threads have a copy each.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "loadgen/weighted_choice.h"

namespace corelane::loadgen {

inline constexpr uint32_t kValueBytesUsual = 64;

class ValueSizes {
 public:
  // Always kValueBytesUsual.
  ValueSizes() : ValueSizes(kValueBytesUsual) {}
  // Always so many, at most kValueBytesHardMax.
  explicit ValueSizes(uint32_t bytes);

  // "100"; "10-1kb"; "64:9,1kb-2kb:1" (sizes or ranges with weights);
  // "lognormal:MEDIAN:SIGMA[:MAX]", where SIGMA is the standard deviation of the natural logarithm
  // and whatever is over MAX (kValueBytesDefault) is MAX. kBadArgument says what is wrong.
  [[nodiscard]] static Result<ValueSizes> Parse(std::string_view text);

  [[nodiscard]] uint32_t Next(base::Random& random) const;

  // What every size is from, and up to.
  [[nodiscard]] uint32_t bytes_min() const { return bytes_min_; }
  [[nodiscard]] uint32_t bytes_max() const { return bytes_max_; }

 private:
  struct Range {
    uint32_t bytes_min;
    uint32_t bytes_max;
  };

  [[nodiscard]] static Status ParseRange(std::string_view text, Range& range);
  Status ParseLognormal(std::string_view text);
  Status ParseRanges(std::string_view text);

  std::vector<Range> ranges_;  // none: lognormal
  WeightedChoice which_;
  double median_bytes_ = 0;
  double sigma_ = 0;
  uint32_t bytes_min_;
  uint32_t bytes_max_;
};

}  // namespace corelane::loadgen
