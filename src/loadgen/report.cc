#include "loadgen/report.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "loadgen/block_bootstrap.h"
#include "loadgen/order_statistics.h"
#include "loadgen/report_surroundings.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

std::string PercentText(double percent) { return absl::StrCat("p", percent); }

// Three digits are known, so no more are shown: 0.45, 12.3, 4,560 us.
std::string MicrosText(int64_t nanos) {
  const double micros = Micros(nanos);
  if (micros < 10) return absl::StrFormat("%.2f", micros);
  if (micros < 100) return absl::StrFormat("%.1f", micros);
  return absl::StrFormat("%.0f", micros);
}

// ---- Text ----

std::string LoadText(const Report& report) {
  const LoadOptions& options = report.options;
  std::string targets;
  for (const Target& target : options.targets) {
    absl::StrAppend(&targets, targets.empty() ? "" : ", ", TargetText(target));
  }
  std::string load = "closed loop";
  if (options.open_loop()) {
    load = absl::StrFormat("open loop, %.0f/s %s", AskedPerSecond(options),
                           options.spacing == Spacing::kPoisson ? "poisson" : "constant");
  }
  if (options.replay != nullptr) {
    absl::StrAppendFormat(&load, ", %u recorded commands", options.replay->size());
  }
  return absl::StrFormat(
      "%s\n%s, %u connections, pipeline %u, %u thread%s (%s), %.1f s counted after %.1f s\n",
      targets, load, options.connections, options.pipeline, options.threads,
      options.threads == 1 ? "" : "s", base::ToAbsl(BackEndName(report.result.back_end)),
      static_cast<double>(report.result.measured_ns) / 1e9,
      static_cast<double>(options.warmup_ns) / 1e9);
}

// Before any latency: a fast wrong answer is worth nothing.
std::string VerifyText(const Report& report) {
  if (!report.options.verify) return "";
  const VerifyFigures& verify = report.result.figures.verify;
  std::string text = absl::StrFormat(
      "verified %u reads: %u stale, %u lost, %u corrupt, %u never written\n", verify.verified,
      verify.stale, verify.vanished, verify.corrupt, verify.never_sent);
  if (verify.untracked > 0) {
    absl::StrAppendFormat(&text,
                          "%u of them only for corruption: more keys were inserted than are "
                          "remembered\n",
                          verify.untracked);
  }
  absl::StrAppendFormat(&text, "%u of them of keys that were read back after the run\n",
                        verify.swept);
  if (verify.unswept > 0) {
    absl::StrAppendFormat(&text, "%u keys were not read back: no answer, or no time\n",
                          verify.unswept);
  }
  if (!verify.first_finding.empty()) {
    absl::StrAppend(&text, "first finding: ", verify.first_finding, "\n");
  }
  return text;
}

void AppendRow(const Report& report, std::string_view name, const base::Histogram& histogram,
               std::string& text) {
  absl::StrAppendFormat(&text, "%-18s %11u %9.0f", base::ToAbsl(name), histogram.count(),
                        PerSecond(histogram.count(), report.result.measured_ns));
  for (const double percent : {50.0, 95.0, 99.0, 99.9, 99.99}) {
    const bool carried = Carries(histogram.count(), percent);
    absl::StrAppendFormat(&text, " %9s",
                          carried ? MicrosText(histogram.ValueAtPercentile(percent)) : "-");
  }
  absl::StrAppendFormat(&text, " %9s\n", MicrosText(histogram.Max()));
}

std::string TableText(const Report& report, const OpFigures& total) {
  std::string text =
      absl::StrFormat("\n%-18s %11s %9s %9s %9s %9s %9s %9s %9s  (us)\n", "", "answered", "/s",
                      "p50", "p95", "p99", "p99.9", "p99.99", "max");
  const bool open_loop = report.options.open_loop();
  for (uint32_t kind = 0; kind < kOpKinds; ++kind) {
    const auto& figures = report.result.figures.by_kind[kind];
    if (figures == nullptr) continue;
    AppendRow(report, OpName(static_cast<OpKind>(kind)), figures->latency_ns(open_loop), text);
  }
  if (open_loop) AppendRow(report, "all, response", total.response_ns, text);
  AppendRow(report, open_loop ? "all, service" : "all", total.service_ns, text);
  return text;
}

std::string IntervalsText(const Report& report, std::span<const PercentileInterval> intervals) {
  std::string text = "\n95 % confidence (us):";
  for (const PercentileInterval& interval : intervals) {
    absl::StrAppend(&text, "  ", PercentText(interval.percent), " ", MicrosText(interval.low_ns),
                    "..", MicrosText(interval.high_ns));
  }
  const size_t refused = std::size(kReportedPercents) - intervals.size();
  if (refused > 0) {
    const double percent = kReportedPercents[intervals.size()];
    absl::StrAppendFormat(&text, "\n%s and above are not told: they take %u answers or more.",
                          PercentText(percent), SamplesNeeded(percent));
  }
  if (report.result.figures.windows.size() < kBootstrapWindowsMin) {
    absl::StrAppendFormat(&text,
                          "\nOf a run of %u s and more the intervals also tell how much one second "
                          "differs from another.",
                          kBootstrapWindowsMin);
  }
  return text + "\n";
}

std::string CountsText(const Report& report, const OpFigures& total) {
  std::string text;
  if (total.hits + total.misses > 0) {
    absl::StrAppendFormat(&text, "reads: %u hits, %u misses\n", total.hits, total.misses);
  }
  if (total.failed() > 0 || report.result.figures.never_started > 0) {
    absl::StrAppendFormat(&text,
                          "failed: %u errors, %u timeouts, %u lost with their connection, %u never "
                          "started; none of them is in a latency above\n",
                          total.errors, total.timeouts, total.lost,
                          report.result.figures.never_started);
  }
  if (!report.result.figures.first_error.empty()) {
    absl::StrAppend(&text, "first error: ", report.result.figures.first_error, "\n");
  }
  absl::StrAppendFormat(&text, "generator: %.2f us of CPU an answer",
                        total.answered() == 0 ? 0.0
                                              : report.result.generator.cpu_s * 1e6 /
                                                    static_cast<double>(total.answered()));
  if (report.options.open_loop()) {
    const base::Histogram& lag_ns = report.result.figures.lag_ns;
    absl::StrAppendFormat(&text, "; started %s us late at p50, %s us at p99",
                          MicrosText(lag_ns.ValueAtPercentile(50)),
                          MicrosText(lag_ns.ValueAtPercentile(99)));
  }
  text += "\n";
  const env::ProcessStat& server = report.result.server;
  if (report.options.server_pid != 0 && total.answered() > 0) {
    const double answers = static_cast<double>(total.answered());
    absl::StrAppendFormat(&text,
                          "server: %.2f us of CPU an answer (%.2f user, %.2f system), %.0f MB "
                          "resident, %u minor and %u major faults\n",
                          server.cpu_s * 1e6 / answers, server.user_s * 1e6 / answers,
                          server.system_s * 1e6 / answers,
                          static_cast<double>(server.resident_bytes) / 1e6, server.minor_faults,
                          server.major_faults);
  }
  return text;
}

}  // namespace

std::vector<PercentileInterval> ReportedPercentiles(const LoadResult& result, bool open_loop,
                                                    uint64_t seed) {
  const OpFigures total = result.figures.Total();
  std::vector<PercentileInterval> intervals;
  std::vector<double> percents;
  for (const double percent : kReportedPercents) {
    const auto interval = IntervalAtPercentile(total.latency_ns(open_loop), percent);
    if (!interval) break;
    intervals.push_back(*interval);
    percents.push_back(percent);
  }
  std::vector<SparseHistogram> windows;
  for (const WindowFigures& window : result.figures.windows) windows.push_back(window.latency_ns);
  const auto by_windows = BootstrapPercentiles(windows, percents, {.seed = seed});
  if (!by_windows.ok()) return intervals;  // too few windows
  for (size_t i = 0; i < intervals.size(); ++i) {
    intervals[i].low_ns = std::min(intervals[i].low_ns, (*by_windows)[i].low_ns);
    intervals[i].high_ns = std::max(intervals[i].high_ns, (*by_windows)[i].high_ns);
  }
  return intervals;
}

double AskedPerSecond(const LoadOptions& options) {
  double arrivals = ExpectedArrivals(options.rate);
  // The warm-up runs at the rate that the schedule begins with.
  if (!options.rate.empty()) {
    arrivals -= options.rate[0].begin_per_s * static_cast<double>(options.warmup_ns) / 1e9;
  }
  const int64_t counted_ns = DurationNanos(options.rate) - options.warmup_ns;
  return counted_ns <= 0 ? 0 : arrivals * 1e9 / static_cast<double>(counted_ns);
}

std::string ReportText(const Report& report) {
  const OpFigures total = report.result.figures.Total();
  const std::vector<PercentileInterval> intervals =
      ReportedPercentiles(report.result, report.options.open_loop(), report.options.workload.seed);
  return absl::StrCat(
      LoadText(report), VerifyText(report), TableText(report, total),
      IntervalsText(report, intervals), CountsText(report, total), SurroundingsText(report), "\n",
      base::ToAbsl(RunVerdictName(report.judgement.verdict)), ": ", report.judgement.reason, "\n");
}

}  // namespace corelane::loadgen
