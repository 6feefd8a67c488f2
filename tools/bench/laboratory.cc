#include "bench/laboratory.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "bench/measurement.h"
#include "bench/output_file.h"
#include "bench/run_view.h"
#include "loadgen/order_statistics.h"

namespace corelane::tools {
namespace {

// Shows a run, and remembers whether it was stopped.
class StoppableView final : public loadgen::RunObserver {
 public:
  StoppableView(const env::Clock& clock, uint32_t threads) : view_(clock, threads) {}

  void Clear() { view_.Clear(); }
  [[nodiscard]] bool stopped() const { return stopped_; }

  void OnPrefill(uint64_t done, uint64_t total) override { view_.OnPrefill(done, total); }
  void OnBegin(int64_t warmup_ns) override { view_.OnBegin(warmup_ns); }
  void OnWindow(const loadgen::WorkerNews& news) override { view_.OnWindow(news); }
  [[nodiscard]] bool Stops() override {
    stopped_ = stopped_ || view_.Stops();
    return stopped_;
  }

 private:
  RunView view_;
  bool stopped_ = false;
};

}  // namespace

Laboratory::Laboratory(CLI::App& command, const Asks& asks)
    : flags_(command, {.server = true, .rate = asks.without_rate}) {
  command.add_option("--json", json_path_, "write all that was found to this file, as JSON");
}

Status Laboratory::Prepare(const std::string& command_line) {
  Result<loadgen::LoadOptions> options = flags_.Read();
  if (!options.ok()) return options.status();
  options_ = std::move(*options);
  command_line_ = command_line;
  begun_wall_ms_ = clock_.WallMillis();
  return OkStatus();
}

Result<loadgen::Report> Laboratory::Measure(const TestedServer& server,
                                            loadgen::LoadOptions options, const std::string& name) {
  RETURN_IF_ERROR(flags_.SetTargets(server.Target(), options));
  options.server_pid = server.pid();
  StoppableView view(clock_, options.threads);
  Result<loadgen::Report> report = tools::Measure(options, {clock_, flags_.back_end()}, view);
  view.Clear();
  stopped_ = view.stopped();
  if (report.ok()) std::fprintf(stderr, "%s: %s\n", name.c_str(), ShortText(*report).c_str());
  return report;
}

loadgen::Json Laboratory::Document(const std::string& format) const {
  loadgen::Json document;
  document["format"] = format;
  document["command"] = command_line_;
  document["begun_unix_ms"] = begun_wall_ms_;
  return document;
}

Status Laboratory::Write(const loadgen::Json& document) const {
  if (json_path_.empty()) return OkStatus();
  return WriteOutputFile(json_path_, loadgen::JsonText(document));
}

loadgen::Json RunWithin(const loadgen::Report& report) {
  loadgen::Json run = loadgen::ReportDocument(report);
  // They stand once in the document around it.
  run.erase("command");
  run.erase("environment");
  return run;
}

std::string ShortText(const loadgen::Report& report) {
  const loadgen::OpFigures total = report.result.figures.Total();
  const base::Histogram& latency_ns =
      report.options.open_loop() ? total.response_ns : total.service_ns;
  std::string text = absl::StrFormat("%.0f/s", report.result.AnsweredPerSecond());
  for (const double percent : {50.0, 99.0, 99.9}) {
    if (!loadgen::Carries(latency_ns.count(), percent)) break;
    absl::StrAppendFormat(&text, ", p%g %.3f ms", percent,
                          static_cast<double>(latency_ns.ValueAtPercentile(percent)) / 1e6);
  }
  const loadgen::RunVerdict verdict = report.judgement.verdict;
  if (verdict != loadgen::RunVerdict::kValid) {
    absl::StrAppendFormat(&text, ", %s", base::ToAbsl(loadgen::RunVerdictName(verdict)));
  }
  return text;
}

}  // namespace corelane::tools
