#include "bench/laboratory.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "bench/html_report.h"
#include "bench/output_file.h"
#include "bench/run_view.h"
#include "loadgen/order_statistics.h"
#include "loadgen/units.h"

namespace corelane::tools {
Laboratory::Laboratory(CLI::App& command, const Asks& asks)
    : flags_(command, {.server = true, .rate = asks.without_rate}, asks.times),
      calibrate_(command, asks.calibrates) {
  command.add_option("--json", json_path_, "write all that was found to this file, as JSON");
  command.add_option("--html", html_path_, "the same as a page to look at, with charts");
}

Status Laboratory::Prepare(const std::string& command_line) {
  Result<loadgen::LoadOptions> options = flags_.Read();
  if (!options.ok()) return options.status();
  options_ = std::move(*options);
  for (const std::string& path : {json_path_, html_path_}) {
    if (!path.empty()) RETURN_IF_ERROR(CheckOutputFile(path));
  }
  command_line_ = command_line;
  signals_.emplace();
  begun_wall_ms_ = clock_.WallMillis();
  return OkStatus();
}

Result<loadgen::Report> Laboratory::Measure(const TestedServer& server,
                                            loadgen::LoadOptions options, const std::string& name) {
  RETURN_IF_ERROR(flags_.SetTargets(server.Target(), options));
  options.server_pid = server.pid();
  Machine machine{.clock = clock_, .back_end = flags_.back_end()};
  RETURN_IF_ERROR(Calibrate(options, machine));
  RunView view(clock_, options, *signals_);
  Result<loadgen::Report> report = tools::Measure(options, machine, view);
  view.Clear();
  if (!report.ok()) return report;
  const bool broken_off = stopped();
  std::fprintf(stderr, "%s: %s%s\n", name.c_str(), ShortText(*report).c_str(),
               broken_off ? ", broken off" : "");
  if (!broken_off) {
    ++runs_;
    if (report->judgement.verdict == loadgen::RunVerdict::kFailing) ++failing_;
    if (verified_.ok()) verified_ = VerifiedStatus(report->result);
  }
  if (environment_.empty()) environment_ = loadgen::ReportDocument(*report)["environment"];
  return report;
}

bool Laboratory::PrefillsRun(size_t index) const {
  const loadgen::WorkloadOptions& workload = options_.workload;
  const bool loses_keys = workload.weight(loadgen::OpKind::kDelete) > 0 ||
                          workload.weight(loadgen::OpKind::kExpire) > 0 ||
                          workload.write_ttl.max_ms > 0;
  return options_.prefill && (index == 0 || loses_keys);
}

Status Laboratory::Calibrate(const loadgen::LoadOptions& options, Machine& machine) {
  if (!calibrate_.Wants(options)) return OkStatus();
  const loadgen::WireProtocol protocol = options.targets[0].protocol;
  const auto known = calibrations_.find(protocol);
  if (known != calibrations_.end()) {
    machine.calibration = known->second;
    return OkStatus();
  }
  RETURN_IF_ERROR(CalibrateGenerator(options, machine));
  calibrations_[protocol] = *machine.calibration;
  return OkStatus();
}

loadgen::Json Laboratory::Document(const std::string& format) const {
  loadgen::Json document;
  document["format"] = format;
  document["command"] = command_line_;
  document["begun_unix_ms"] = begun_wall_ms_;
  document["environment"] = environment_;
  return document;
}

Status Laboratory::Write(const loadgen::Json& document) const {
  if (!json_path_.empty()) {
    RETURN_IF_ERROR(WriteOutputFile(json_path_, loadgen::JsonText(document)));
  }
  if (!html_path_.empty()) {
    const NamedDocument named{.name = document["format"], .json = document};
    RETURN_IF_ERROR(WriteHtmlReport(html_path_, {&named, 1}));
  }
  if (!verified_.ok()) return verified_;
  if (runs_ > 0 && failing_ == runs_) {
    return Status(StatusCode::kError, "all runs were FAILING");
  }
  return OkStatus();
}

loadgen::Json RunWithin(const loadgen::Report& report) {
  loadgen::Json run = loadgen::ReportDocument(report);
  // It stands once in the document around it, and so does the machine; what was different in this
  // run stays.
  run.erase("command");
  loadgen::Json conditions = loadgen::Json::object();
  for (const char* const name :
       {"load_average_at_start", "stolen_cpu_percent", "server_cores", "warning"}) {
    if (run["environment"].contains(name)) conditions[name] = run["environment"][name];
  }
  run["environment"] = conditions;
  return run;
}

std::string ShortText(const loadgen::Report& report) {
  const loadgen::OpFigures total = report.result.figures.Total();
  const base::Histogram& latency_ns = total.latency_ns(report.options.open_loop());
  std::string text = absl::StrFormat("%.0f/s", report.result.AnsweredPerSecond());
  for (const double percent : {50.0, 99.0, 99.9}) {
    if (!loadgen::Carries(latency_ns.count(), percent)) break;
    absl::StrAppendFormat(&text, ", p%g %.3f ms", percent,
                          loadgen::Millis(latency_ns.ValueAtPercentile(percent)));
  }
  constexpr double kStolenNoticed = 0.01;
  if (report.result.stolen_share > kStolenNoticed) {
    absl::StrAppendFormat(&text, ", %.1f %% of the cores stolen", 100 * report.result.stolen_share);
  }
  const loadgen::RunVerdict verdict = report.judgement.verdict;
  if (verdict != loadgen::RunVerdict::kValid) {
    absl::StrAppendFormat(&text, ", %s", base::ToAbsl(loadgen::RunVerdictName(verdict)));
  }
  return text;
}

}  // namespace corelane::tools
