#include "bench/sweep_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "loadgen/knee.h"
#include "loadgen/order_statistics.h"
#include "loadgen/rate_list.h"
#include "loadgen/units.h"

namespace corelane::tools {
namespace {

loadgen::CurvePoint CurvePointOf(const loadgen::Report& report) {
  const base::Histogram response_ns = report.result.figures.Total().response_ns;
  const loadgen::RunVerdict verdict = report.judgement.verdict;
  return {
      .per_s = report.result.AnsweredPerSecond(),
      .p99_us = loadgen::Micros(response_ns.ValueAtPercentile(99)),
      .valid = verdict == loadgen::RunVerdict::kValid && loadgen::Carries(response_ns.count(), 99),
      .generator_limited = verdict == loadgen::RunVerdict::kGeneratorLimited};
}

}  // namespace

SweepCommand::SweepCommand(CLI::App& app)
    : Command(app, "sweep", "latency over throughput, at one rate after another"),
      laboratory_(command(), {.without_rate = true}) {
  command()
      .add_option("--rates", rates_,
                  "operations a second: 10k,20k,50k, or 10k-200k:8 for eight of them from the one "
                  "to the other; measured in a shuffled order")
      ->required();
  AddTestedServerFlags(command(), plan_);
}

Status SweepCommand::Run(const std::string& command_line) {
  RETURN_IF_ERROR(laboratory_.Prepare(command_line));
  Result<std::vector<double>> rates = loadgen::ParseRateList(rates_);
  if (!rates.ok()) return Status(StatusCode::kBadArgument, "--rates: " + rates.status().message());
  base::Random random(laboratory_.options().workload.seed);
  std::shuffle(rates->begin(), rates->end(), random);
  const Status measured = MeasureAll(*rates);
  if (points_.empty()) return measured;
  const Status told = Tell();
  return measured.ok() ? told : measured;
}

Status SweepCommand::MeasureAll(const std::vector<double>& rates) {
  TestedServer server(plan_, laboratory_.clock(), laboratory_.signals());
  RETURN_IF_ERROR(server.Start());
  for (size_t i = 0; i < rates.size(); ++i) {
    loadgen::LoadOptions options = laboratory_.options();
    options.prefill = laboratory_.PrefillsRun(i);
    // --verify tells the values of one run from those of another by it.
    options.workload.seed += i;
    laboratory_.flags().SetRate(rates[i], options);
    const std::string name = absl::StrFormat("%d of %d, %.0f/s", i + 1, rates.size(), rates[i]);
    Result<loadgen::Report> report = laboratory_.Measure(server, std::move(options), name);
    if (laboratory_.stopped()) return Status(StatusCode::kClosed, "stopped before the end");
    if (!report.ok()) return report.status();
    points_.push_back({rates[i], i + 1, std::move(*report)});
  }
  return OkStatus();
}

Status SweepCommand::Tell() {
  std::ranges::sort(points_, {}, &Point::per_s);
  std::vector<loadgen::CurvePoint> curve;
  for (const Point& point : points_) curve.push_back(CurvePointOf(point.report));
  const std::optional<loadgen::Knee> knee = loadgen::FindKnee(curve);
  loadgen::Json document = laboratory_.Document("corelane-bench sweep 1");
  loadgen::Json& points = document["points"] = loadgen::Json::array();
  for (size_t i = 0; i < points_.size(); ++i) {
    const Point& point = points_[i];
    points.push_back(
        {{"rate", point.per_s}, {"order", point.order}, {"run", RunWithin(point.report)}});
    std::printf("%10.0f/s asked: %s%s\n", point.per_s, ShortText(point.report).c_str(),
                knee && knee->index == i ? "  <- knee" : "");
  }
  document["knee"] = nullptr;
  if (knee) {
    document["knee"] = {{"rate", points_[knee->index].per_s}, {"because", knee->because}};
    std::printf("\n%s\n", knee->because.c_str());
  } else {
    std::printf("\nToo few of these runs are valid to see a knee.\n");
  }
  return laboratory_.Write(document);
}

}  // namespace corelane::tools
