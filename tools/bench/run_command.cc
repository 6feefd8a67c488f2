#include "bench/run_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/status_macros.h"
#include "bench/html_report.h"
#include "bench/measurement.h"
#include "bench/output_file.h"
#include "bench/run_view.h"
#include "bench/stop_signals.h"
#include "env/clock.h"
#include "loadgen/csv.h"
#include "loadgen/hdr_log.h"
#include "loadgen/hdr_text.h"
#include "loadgen/report_json.h"

namespace corelane::tools {
namespace {

std::string HdrText(const loadgen::Report& report) {
  const loadgen::OpFigures total = report.result.figures.Total();
  std::string text;
  loadgen::WriteHdrText(total.latency_ns(report.options.open_loop()), {}, text);
  return text;
}

std::string HdrLog(const loadgen::LoadResult& result) {
  std::string text;
  loadgen::WriteHdrLogHeader(result.begun_wall_ms, text);
  int64_t start_ms = 0;
  for (const loadgen::WindowFigures& window : result.figures.windows) {
    constexpr int64_t kWindowMillis = 1000;
    loadgen::WriteHdrLogInterval({.start_ms = start_ms, .length_ms = kWindowMillis},
                                 window.latency_ns, text);
    start_ms += kWindowMillis;
  }
  return text;
}

}  // namespace

RunCommand::RunCommand(CLI::App& app)
    : Command(app, "run", "one run of load on a server that is there"),
      flags_(command(), {}),
      calibrate_(command()) {
  command().add_option("--json", paths_.json, "write the report to this file, as JSON");
  command().add_option("--html", paths_.html,
                       "write the report to this file, as a page with charts");
  command().add_option("--hgrm", paths_.hgrm,
                       "write the percentile distribution, as HdrHistogram's tools read it");
  command().add_option("--hlog", paths_.hlog,
                       "write every second's histogram, as HdrHistogram's tools read it");
  command().add_option("--csv", paths_.csv, "write a line for every second, for spreadsheets");
}

Status RunCommand::Run(const std::string& command_line) {
  const Result<loadgen::LoadOptions> options = flags_.Read();
  if (!options.ok()) return options.status();
  const env::SystemClock clock;
  Machine machine{.clock = clock, .back_end = flags_.back_end()};
  if (calibrate_.Wants(*options)) RETURN_IF_ERROR(CalibrateGenerator(*options, machine));
  StopSignals signals;
  RunView view(clock, *options, signals);
  Result<loadgen::Report> report = Measure(*options, machine, view);
  view.Clear();
  if (!report.ok()) return report.status();
  report->command = command_line;
  std::fputs(loadgen::ReportText(*report).c_str(), stdout);
  std::printf("seed: %llu\n", static_cast<unsigned long long>(options->workload.seed));
  RETURN_IF_ERROR(WriteFiles(*report));
  return VerifiedStatus(report->result);
}

Status RunCommand::WriteFiles(const loadgen::Report& report) const {
  if (!paths_.json.empty()) {
    RETURN_IF_ERROR(
        WriteOutputFile(paths_.json, loadgen::JsonText(loadgen::ReportDocument(report))));
  }
  if (!paths_.html.empty()) {
    const NamedDocument document{.name = "run", .json = loadgen::ReportDocument(report)};
    RETURN_IF_ERROR(WriteHtmlReport(paths_.html, {&document, 1}));
  }
  if (!paths_.hgrm.empty()) RETURN_IF_ERROR(WriteOutputFile(paths_.hgrm, HdrText(report)));
  if (!paths_.csv.empty()) {
    RETURN_IF_ERROR(
        WriteOutputFile(paths_.csv, loadgen::WindowsCsv(report.result.figures.windows)));
  }
  if (!paths_.hlog.empty()) {
    RETURN_IF_ERROR(WriteOutputFile(paths_.hlog, HdrLog(report.result)));
  }
  return OkStatus();
}

}  // namespace corelane::tools
