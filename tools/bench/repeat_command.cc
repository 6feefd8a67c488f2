#include "bench/repeat_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "loadgen/run_figures.h"

namespace corelane::tools {
namespace {

loadgen::Json SpreadJson(const loadgen::FigureSpread& spread) {
  loadgen::Json json = {{"name", spread.name}, {"unit", spread.unit}, {"median", spread.median}};
  if (spread.high > 0) {
    json["low"] = spread.low;
    json["high"] = spread.high;
  }
  json["least"] = spread.least;
  json["most"] = spread.most;
  return json;
}

void PrintSpread(const loadgen::FigureSpread& spread) {
  const auto limit = [&](double value) {
    return spread.high > 0 ? absl::StrFormat("%.2f", value) : std::string("-");
  };
  std::printf("%-11s %12.2f %12s %12s %12.2f %12.2f  %-3s  %5.1f %%\n",
              std::string(spread.name).c_str(), spread.median, limit(spread.low).c_str(),
              limit(spread.high).c_str(), spread.least, spread.most,
              std::string(spread.unit).c_str(), 100 * (spread.most - spread.least) / spread.median);
}

}  // namespace

RepeatCommand::RepeatCommand(CLI::App& app)
    : Command(app, "repeat",
              "one run again and again, each on a server started anew if --start is given"),
      laboratory_(command(), {.without_rate = false}) {
  command()
      .add_option("--rounds", rounds_)
      ->check(CLI::Range(2U, kRoundsMax))
      ->capture_default_str();
  AddTestedServerFlags(command(), plan_);
}

Status RepeatCommand::Run(const std::string& command_line) {
  RETURN_IF_ERROR(laboratory_.Prepare(command_line));
  const Status measured = MeasureAll();
  if (reports_.empty()) return measured;
  const Status told = Tell();
  return measured.ok() ? told : measured;
}

Status RepeatCommand::MeasureAll() {
  TestedServer server(plan_, laboratory_.clock(), laboratory_.signals());
  for (uint32_t round = 0; round < rounds_; ++round) {
    RETURN_IF_ERROR(server.Start());
    loadgen::LoadOptions options = laboratory_.options();
    options.prefill = laboratory_.PrefillsRun(server.starts() ? 0 : round);
    options.workload.seed += round;
    const std::string name = absl::StrFormat("%d of %d", round + 1, rounds_);
    Result<loadgen::Report> report = laboratory_.Measure(server, std::move(options), name);
    // A run that was broken off is no round like the others.
    if (laboratory_.stopped()) return Status(StatusCode::kClosed, "stopped before the end");
    if (!report.ok()) return report.status();
    reports_.push_back(std::move(*report));
    server.Stop();
  }
  return OkStatus();
}

Status RepeatCommand::Tell() const {
  loadgen::Json document = laboratory_.Document("corelane-bench repeat 1");
  loadgen::Json& rounds = document["rounds"] = loadgen::Json::array();
  std::vector<std::vector<loadgen::RunFigure>> figures;
  for (const loadgen::Report& report : reports_) {
    figures.push_back(loadgen::FiguresOf(report));
    rounds.push_back(RunWithin(report));
  }
  std::printf("%-11s %12s %12s %12s %12s %12s  %-3s  %7s\n", "", "median", "95 % from", "to",
              "least", "most", "", "range");
  loadgen::Json& spreads = document["figures"] = loadgen::Json::array();
  for (const loadgen::FigureSpread& spread : loadgen::SpreadsOf(figures)) {
    PrintSpread(spread);
    spreads.push_back(SpreadJson(spread));
  }
  return laboratory_.Write(document);
}

}  // namespace corelane::tools
