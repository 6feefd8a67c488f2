#include "loadgen/goal.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "loadgen/number_text.h"
#include "loadgen/order_statistics.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

Result<Goal> ParseGoal(std::string_view text) {
  const size_t below = text.find('<');
  if (!text.starts_with('p') || below == std::string_view::npos) {
    return Status(StatusCode::kBadArgument,
                  absl::StrCat("'", std::string(text), "' is no goal such as p99<1ms"));
  }
  const auto percent = ParsePlainNumber(text.substr(1, below - 1));
  if (!percent.ok()) return percent.status();
  if (*percent <= 0 || *percent >= 100) {
    return Status(StatusCode::kBadArgument,
                  absl::StrCat("'", std::string(text), "': a percentile is between 0 and 100"));
  }
  const auto below_ns = ParseDurationNanos(text.substr(below + 1));
  if (!below_ns.ok()) return below_ns.status();
  return Goal{*percent, *below_ns};
}

}  // namespace

Result<std::vector<Goal>> ParseGoals(std::string_view text) {
  std::vector<Goal> goals;
  for (const std::string_view part : SplitAt(text, ',')) {
    const Result<Goal> goal = ParseGoal(part);
    if (!goal.ok()) return goal.status();
    goals.push_back(*goal);
  }
  return goals;
}

GoalState CheckGoals(std::span<const Goal> goals, const base::Histogram& latency_ns,
                     uint64_t failed) {
  GoalState state{.holds = true, .because = {}};
  const auto answered = static_cast<double>(latency_ns.count());
  // The same rank among the answers alone.
  const double stretch = answered == 0 ? 1 : 1 + static_cast<double>(failed) / answered;
  for (const Goal& goal : goals) {
    const char* const separator = state.because.empty() ? "" : ", ";
    const double percent = goal.percent * stretch;
    const auto interval = percent < 100 ? IntervalAtPercentile(latency_ns, percent) : std::nullopt;
    if (!interval) {
      state.holds = false;
      absl::StrAppendFormat(&state.because, "%sp%g takes %u answers and there are %u", separator,
                            goal.percent, SamplesNeeded(goal.percent), latency_ns.count());
      if (failed > 0) absl::StrAppendFormat(&state.because, " (%u failed)", failed);
      continue;
    }
    const bool holds = interval->high_ns < goal.below_ns;
    state.holds = state.holds && holds;
    absl::StrAppendFormat(&state.because, "%sp%g is %.4g ms (up to %.4g ms), %s %g ms", separator,
                          goal.percent, Millis(interval->value_ns), Millis(interval->high_ns),
                          holds ? "below" : "not below", Millis(goal.below_ns));
  }
  return state;
}

}  // namespace corelane::loadgen
