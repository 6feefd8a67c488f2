#pragma once

// RateSearch: looks for the highest rate at which something holds, by trying rates. It doubles the
// rate until it no longer holds, then halves what lies between (in proportion: rates that differ by
// a factor are as far apart wherever they are), until the two are close.
//
// One measurement may fail for a reason that has nothing to do with the rate: a rate is tried a
// second time before it counts as one that does not hold. Nothing of the kind saves a rate that
// holds once by luck, so what was found should be measured again, and for longer.
//
// A plain value; pure.

#include <cstdint>
#include <optional>

namespace corelane::loadgen {

struct RateSearchOptions {
  // lowest <= from <= to
  double from_per_s = 1000;
  double to_per_s = 1e7;
  double lowest_per_s = 1;  // below it nothing is looked for
  double precision = 0.05;  // ends where the rates around the answer are closer than this
};

class RateSearch {
 public:
  explicit RateSearch(const RateSearchOptions& options);

  // The rate to try, in whole operations a second; nothing: the search is over.
  [[nodiscard]] std::optional<double> Next() const;
  // What came of it.
  void Tell(bool holds);

  // The highest that held, and the lowest that did not.
  [[nodiscard]] std::optional<double> held_per_s() const { return held_; }
  [[nodiscard]] std::optional<double> failed_per_s() const { return failed_; }

 private:
  [[nodiscard]] double Between() const;

  const RateSearchOptions options_;
  double next_;
  bool failed_once_ = false;  // at next_
  std::optional<double> held_;
  std::optional<double> failed_;
};

}  // namespace corelane::loadgen
