#pragma once

// The figures of a run by which it is set against other runs, each a name, a unit and one number;
// how two rows of such runs differ (for pairs of runs see compare.h), and how far one row scatters.
// Pure functions, any thread.

#include <corelane/status.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/compare.h"
#include "loadgen/report.h"

namespace corelane::loadgen {

struct RunFigure {
  std::string_view name;  // one of kRunFigureNames
  std::string_view unit;
  FigureKind kind = FigureKind::kTime;
  double value = 0;  // above 0
};

inline constexpr std::string_view kRunFigureNames[] = {"throughput", "mean",  "p50",       "p95",
                                                       "p99",        "p99.9", "server-cpu"};

// Those that the run has: throughput of a closed loop (an open one has the rate it was asked for),
// the percentiles that its answers carry, and CPU time an answer where the server's process is
// known.
[[nodiscard]] std::vector<RunFigure> FiguresOf(const Report& report);

// A round of a comparison.
struct FigurePair {
  std::vector<RunFigure> a;
  std::vector<RunFigure> b;
};

struct FigureComparison {
  RunFigure a;  // the medians of the rounds
  RunFigure b;
  Comparison comparison;
};

// What to compare where nobody has said it, the first foremost: CPU time an answer where the
// servers' processes are known, since it is the steadiest; throughput, or in an open loop the mean
// latency, of which each follows from the other in a closed one; and p99. The others say mostly the
// same again, or take longer runs: each figure more widens the intervals of all.
struct KnownOfRuns {
  bool open_loop = false;
  bool server_cpu = false;
};
[[nodiscard]] std::vector<std::string> UsualFigures(const KnownOfRuns& known);

// How sure a comparison of several figures is to be. The confidence is that of all of them
// together: each gets a share of what is left to error (Bonferroni), since of twenty figures
// without a difference one would otherwise seem to differ. The first gets half of it and the others
// the other half in equal parts, so that what they say is hardly paid for by the first.
struct FigureCompareOptions {
  double confidence = kUsualConfidence;
  double effect_min = 0.01;
  std::vector<std::string> names;  // of kRunFigureNames, the first foremost; once each
};

// The confidence of the figure at `index` of so many, for that of all of them together.
[[nodiscard]] double ConfidenceOfFigure(size_t index, size_t figures, double together);
// The fewest rounds in which each of so many figures can be told to differ.
[[nodiscard]] size_t RoundsNeeded(size_t figures, double together);

// The figures that all runs of all rounds have, in the order of their names.
[[nodiscard]] std::vector<FigureComparison> CompareFigures(std::span<const FigurePair> rounds,
                                                           const FigureCompareOptions& options);

enum class ComparedAs : uint8_t {
  kNoDifference,  // none is shown; how big a one could hide in the noise is said with it
  kFaster,
  kSlower,
  kMixed,
  kTooFewRounds,
  kNotComparable,  // the runs are not what they should be
};

// "no difference", "faster", "slower", "mixed", "too few rounds", "not comparable": said of B.
[[nodiscard]] std::string_view ComparedAsName(ComparedAs compared);

struct ComparisonVerdict {
  ComparedAs is = ComparedAs::kTooFewRounds;
  std::string because;  // a sentence, with the figures that differ
};

// Whether a run is FAILING for no other reason than that answers did not come in time: no error, no
// lost connection, no wrong value, no key that could not be read back. A machine that stands still
// for a moment does that to a short run, and the round with it tells nothing of the servers.
[[nodiscard]] bool WasOnlyLate(const Report& report);

// Who stood still in a round, where that is all there is against it: such a round is left out of
// the comparison. Where a run is FAILING for another reason it is nobody, and the round counts.
enum class StoodStill : uint8_t { kNobody, kA, kB, kBoth };
[[nodiscard]] StoodStill WhoStoodStill(const Report& a, const Report& b);

// The rounds that are left out.
struct LateRounds {
  size_t only_a = 0;  // in which A stood still, and B did not
  size_t only_b = 0;
  size_t both = 0;

  [[nodiscard]] size_t all() const { return only_a + only_b + both; }
  void Add(StoodStill who);
};

// What the runs of a comparison, of both sides together, were judged to be.
struct RunVerdicts {
  size_t runs = 0;
  size_t failing = 0;
  size_t saturated = 0;
  size_t generator_limited = 0;
  LateRounds late = {};  // of which none of the runs is counted above

  void Add(RunVerdict verdict);
};
// One failing run, or one saturated in ten, or one round left out in ten, and nothing is compared.
// The same where rounds were left out for the sake of one side, more than chance explains (the sign
// test, 6 to 0 and above): a machine that stands still hits both alike, so that it is this side
// which stands still at times, and what is left of the rounds does not show it.
[[nodiscard]] ComparisonVerdict JudgeComparison(std::span<const FigureComparison> figures,
                                                const RunVerdicts& verdicts);

// How one figure scatters over rounds that should be alike.
struct FigureSpread {
  std::string_view name;
  std::string_view unit;
  double median = 0;
  double least = 0;
  double most = 0;
  // Where the true median lies at 95 %, by order statistics; 0 where there are too few rounds to
  // say, which is below 6.
  double low = 0;
  double high = 0;
};
[[nodiscard]] std::vector<FigureSpread> SpreadsOf(std::span<const std::vector<RunFigure>> rounds);

}  // namespace corelane::loadgen
