#include "loadgen/judgement.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "loadgen/trend.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

constexpr double kFailedShareMax = 0.001;
constexpr double kHeldBackShareMax = 0.01;
constexpr double kBusyShareMax = 0.95;
constexpr double kLagShareMax = 0.1;
constexpr int64_t kLagNoticedNanos = 50'000;
constexpr double kAskedOfCeilingMax = 0.7;
constexpr double kAchievedOfCeilingMax = 0.8;
constexpr double kAchievedOfAskedMin = 0.95;
constexpr double kBacklogGrowthMax = 0.01;
// How many standard deviations are no chance any more.
constexpr double kDeviationsMax = 4;
// The first second is not looked at.
constexpr size_t kSecondsSkipped = 1;
constexpr size_t kTrendSecondsMin = 6;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Judgement JudgeReads(const VerifyFigures& verify) {
  return {RunVerdict::kFailing,
          absl::StrFormat("The server's answers are wrong: of %u reads that were checked %u were "
                          "stale, %u lost, %u corrupt, %u never written. The first: %s",
                          verify.verified, verify.stale, verify.vanished, verify.corrupt,
                          verify.never_sent, verify.first_finding)};
}

// What was not read back may be lost: nobody has seen it.
std::optional<Judgement> JudgeSweep(const Figures& figures, const JudgementInput& input) {
  const VerifyFigures& verify = figures.verify;
  if (verify.unswept == 0 || input.stopped) return std::nullopt;
  Judgement judgement{RunVerdict::kFailing,
                      absl::StrFormat("%u of %u keys could not be read back after the run, so that "
                                      "nobody knows whether they are still there.",
                                      verify.unswept, verify.swept + verify.unswept)};
  if (!figures.first_error.empty()) {
    absl::StrAppend(&judgement.reason, " The first error: ", figures.first_error);
  }
  return judgement;
}

double Mean(std::span<const double> figures) {
  double sum = 0;
  for (const double figure : figures) sum += figure;
  return figures.empty() ? 0 : sum / static_cast<double>(figures.size());
}

// The seconds that have their schedule; what came after the last one is in a window of its own.
size_t SecondsCounted(const Figures& figures, const JudgementInput& input) {
  return std::min(figures.windows.size(), input.asked_by_second.size());
}

std::optional<Judgement> JudgeRoom(const Figures& figures) {
  const uint64_t started = figures.lag_ns.count() + figures.held_back;
  const uint64_t late = figures.held_back + figures.never_started;
  const double share = Share(late, started + figures.never_started);
  if (share <= kHeldBackShareMax) return std::nullopt;
  return Judgement{
      RunVerdict::kSaturated,
      absl::StrFormat("%.1f %% of the operations had to wait because no connection had room: the "
                      "server answers more slowly than it is asked. Response times grow with the "
                      "length of such a run.",
                      100 * share)};
}

std::optional<Judgement> JudgeGenerator(const Figures& figures, const OpFigures& total,
                                        const JudgementInput& input) {
  const int64_t lag_ns = figures.lag_ns.ValueAtPercentile(99);
  const int64_t response_ns = total.response_ns.ValueAtPercentile(99);
  if (lag_ns > kLagNoticedNanos &&
      static_cast<double>(lag_ns) > kLagShareMax * static_cast<double>(response_ns)) {
    return Judgement{
        RunVerdict::kGeneratorLimited,
        absl::StrFormat("The generator started operations up to %.3f ms late (p99), against a p99 "
                        "response time of %.3f ms: give it a core of its own, more --threads, or a "
                        "lower rate.",
                        Millis(lag_ns), Millis(response_ns))};
  }
  const double asked_per_s = Mean(input.asked_by_second);
  if (input.ceiling_per_s <= 0 || asked_per_s <= kAskedOfCeilingMax * input.ceiling_per_s) {
    return std::nullopt;
  }
  return Judgement{
      RunVerdict::kGeneratorLimited,
      absl::StrFormat("%.0f operations a second were asked for, and the generator manages %.0f "
                      "with its threads: over %.0f %% of that, its own delays are in the "
                      "latencies. Give it more --threads or a lower rate.",
                      asked_per_s, input.ceiling_per_s, 100 * kAskedOfCeilingMax)};
}

// What was answered, against what was asked for. The number of Poisson arrivals in a time has the
// square root of its mean as its deviation.
std::optional<Judgement> JudgeAchieved(const Figures& figures, const JudgementInput& input) {
  double asked = 0;
  double achieved = 0;
  const size_t seconds = SecondsCounted(figures, input);
  for (size_t second = kSecondsSkipped; second < seconds; ++second) {
    asked += input.asked_by_second[second];
    achieved += static_cast<double>(figures.windows[second].answered);
    achieved += static_cast<double>(figures.windows[second].failed);
  }
  const bool fewer = achieved < kAchievedOfAskedMin * asked;
  if (!fewer || asked - achieved <= kDeviationsMax * std::sqrt(asked)) return std::nullopt;
  const auto counted = static_cast<double>(seconds - kSecondsSkipped);
  return Judgement{
      RunVerdict::kSaturated,
      absl::StrFormat("%.0f operations a second were asked for and %.0f were answered: the server "
                      "falls behind. Response times grow with the length of such a run.",
                      asked / counted, achieved / counted)};
}

// Operations that are under way, and those that are due and have not started, second by second.
std::optional<Judgement> JudgeBacklog(const Figures& figures, const JudgementInput& input) {
  const size_t seconds = SecondsCounted(figures, input);
  if (seconds < kSecondsSkipped + kTrendSecondsMin) return std::nullopt;
  const std::span<const double> asked =
      std::span(input.asked_by_second).subspan(kSecondsSkipped, seconds - kSecondsSkipped);
  std::vector<double> backlog;
  for (size_t i = 0; i < asked.size(); ++i) {
    const WindowFigures& window = figures.windows[kSecondsSkipped + i];
    backlog.push_back(static_cast<double>(window.under_way) +
                      static_cast<double>(window.behind_ns) / 1e9 * asked[i]);
  }
  const Trend trend = TrendOf(backlog);
  const double asked_per_s = Mean(asked);
  if (trend.slope <= kBacklogGrowthMax * asked_per_s ||
      trend.slope <= kDeviationsMax * trend.slope_error) {
    return std::nullopt;
  }
  return Judgement{
      RunVerdict::kSaturated,
      absl::StrFormat("The backlog grew by %.0f operations a second, to %.0f, while %.0f a second "
                      "were asked for: the server falls behind. Response times grow with the "
                      "length of such a run.",
                      trend.slope, std::max(0.0, trend.value_at_end), asked_per_s)};
}

Judgement JudgeOpenLoop(const Figures& figures, const OpFigures& total,
                        const JudgementInput& input) {
  if (const auto saturated = JudgeRoom(figures)) return *saturated;
  if (const auto limited = JudgeGenerator(figures, total, input)) return *limited;
  if (const auto saturated = JudgeAchieved(figures, input)) return *saturated;
  if (const auto saturated = JudgeBacklog(figures, input)) return *saturated;
  const uint64_t started = figures.lag_ns.count() + figures.held_back;
  const uint64_t late = figures.held_back + figures.never_started;
  return {RunVerdict::kValid,
          absl::StrFormat("Every operation that was due was started, %.3f ms late at p99; %.2f %% "
                          "had to wait for room on a connection.",
                          Millis(figures.lag_ns.ValueAtPercentile(99)),
                          100 * Share(late, started + figures.never_started))};
}

Judgement JudgeClosedLoop(const OpFigures& total, const JudgementInput& input) {
  const double busy = input.generator_cpu_s / (input.measured_s * input.threads);
  if (busy > kBusyShareMax) {
    return {RunVerdict::kGeneratorLimited,
            absl::StrFormat("The generator's threads were busy for %.0f %% of the time: more of "
                            "them, or of their CPU time, may give more.",
                            100 * busy)};
  }
  const double achieved_per_s = static_cast<double>(total.answered()) / input.measured_s;
  if (input.ceiling_per_s > 0 && achieved_per_s > kAchievedOfCeilingMax * input.ceiling_per_s) {
    return {RunVerdict::kGeneratorLimited,
            absl::StrFormat("%.0f operations a second were answered, and the generator manages "
                            "%.0f with its threads even against a server that does nothing: over "
                            "%.0f %% of that, it measures itself. More --threads may give more.",
                            achieved_per_s, input.ceiling_per_s, 100 * kAchievedOfCeilingMax)};
  }
  return {RunVerdict::kValid,
          absl::StrFormat("A closed loop: throughput and service times are the server's (the "
                          "generator was busy for %.0f %% of the time). It waits while the server "
                          "stalls, so that stalls hardly show; for tail latency, ask with --rate.",
                          100 * busy)};
}

}  // namespace

std::string_view RunVerdictName(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::kValid:
      return "VALID";
    case RunVerdict::kGeneratorLimited:
      return "GENERATOR-LIMITED";
    case RunVerdict::kSaturated:
      return "SATURATED";
    case RunVerdict::kFailing:
      return "FAILING";
  }
  return "";
}

Judgement Judge(const Figures& figures, const JudgementInput& input) {
  if (figures.verify.findings() > 0) return JudgeReads(figures.verify);
  const OpFigures total = figures.Total();
  const uint64_t all = total.answered() + total.failed();
  if (all == 0) return {RunVerdict::kFailing, "Nothing was answered while it was counted."};
  if (const double share = Share(total.failed(), all); share > kFailedShareMax) {
    return {RunVerdict::kFailing,
            absl::StrFormat("%.2f %% of the operations failed (%u errors, %u timeouts, %u lost "
                            "with their connection) and are in no latency. The first: %s",
                            100 * share, total.errors, total.timeouts, total.lost,
                            figures.first_error)};
  }
  if (const auto failing = JudgeSweep(figures, input)) return *failing;
  return input.open_loop ? JudgeOpenLoop(figures, total, input) : JudgeClosedLoop(total, input);
}

}  // namespace corelane::loadgen
