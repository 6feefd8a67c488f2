#include "loadgen/judgement.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace corelane::loadgen {
namespace {

constexpr double kFailedShareMax = 0.001;
constexpr double kHeldBackShareMax = 0.01;
constexpr double kBusyShareMax = 0.95;
constexpr double kLagShareMax = 0.1;
constexpr int64_t kLagNoticedNanos = 50'000;

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

double Millis(int64_t nanos) { return static_cast<double>(nanos) / 1e6; }

Judgement JudgeReads(const VerifyFigures& verify) {
  return {RunVerdict::kFailing,
          absl::StrFormat("The server's answers are wrong: of %u reads that were checked %u were "
                          "stale, %u lost, %u corrupt, %u never written. The first: %s",
                          verify.verified, verify.stale, verify.vanished, verify.corrupt,
                          verify.never_sent, verify.first_finding)};
}

Judgement JudgeOpenLoop(const Figures& figures, const OpFigures& total) {
  const uint64_t started = figures.lag_ns.count() + figures.held_back;
  const uint64_t late = figures.held_back + figures.never_started;
  if (const double share = Share(late, started + figures.never_started);
      share > kHeldBackShareMax) {
    return {RunVerdict::kSaturated,
            absl::StrFormat("%.1f %% of the operations had to wait because no connection had room: "
                            "the server answers more slowly than it is asked. Response times grow "
                            "with the length of such a run.",
                            100 * share)};
  }
  const int64_t lag_ns = figures.lag_ns.ValueAtPercentile(99);
  const int64_t response_ns = total.response_ns.ValueAtPercentile(99);
  if (lag_ns > kLagNoticedNanos &&
      static_cast<double>(lag_ns) > kLagShareMax * static_cast<double>(response_ns)) {
    return {RunVerdict::kGeneratorLimited,
            absl::StrFormat("The generator started operations up to %.3f ms late (p99), against a "
                            "p99 response time of %.3f ms: give it a core of its own, more "
                            "--threads, or a lower rate.",
                            Millis(lag_ns), Millis(response_ns))};
  }
  return {RunVerdict::kValid,
          absl::StrFormat("Every operation that was due was started, %.3f ms late at p99; %.2f %% "
                          "had to wait for room on a connection.",
                          Millis(lag_ns), 100 * Share(late, started))};
}

Judgement JudgeClosedLoop(const JudgementInput& input) {
  const double busy = input.generator_cpu_s / (input.measured_s * input.threads);
  if (busy > kBusyShareMax) {
    return {RunVerdict::kGeneratorLimited,
            absl::StrFormat("The generator's threads were busy for %.0f %% of the time: more of "
                            "them, or of their CPU time, may give more.",
                            100 * busy)};
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
  return input.open_loop ? JudgeOpenLoop(figures, total) : JudgeClosedLoop(input);
}

}  // namespace corelane::loadgen
