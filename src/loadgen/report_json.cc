#include "loadgen/report_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "loadgen/heat_map.h"
#include "loadgen/order_statistics.h"
#include "loadgen/report_surroundings.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

std::string PercentText(double percent) { return absl::StrCat("p", percent); }

Json HistogramJson(const base::Histogram& histogram) {
  Json json;
  json["count"] = histogram.count();
  json["mean_us"] = histogram.Mean() / 1e3;
  json["min_us"] = Micros(histogram.Min());
  json["max_us"] = Micros(histogram.Max());
  Json& percentiles = json["percentiles_us"] = Json::object();
  for (const double percent : kReportedPercents) {
    if (!Carries(histogram.count(), percent)) continue;
    percentiles[PercentText(percent)] = Micros(histogram.ValueAtPercentile(percent));
  }
  return json;
}

// All of it: [highest value in us, count] for each bucket.
Json BucketsJson(const base::Histogram& histogram) {
  Json json = Json::array();
  histogram.ForEachBucket([&](const base::Histogram::Bucket& bucket) {
    json.push_back({Micros(std::min(bucket.highest, histogram.Max())), bucket.count});
  });
  return json;
}

Json LatencyJson(const OpFigures& total, bool open_loop) {
  Json json;
  if (open_loop) json["response_us"] = BucketsJson(total.response_ns);
  json["service_us"] = BucketsJson(total.service_ns);
  return json;
}

Json OpJson(const OpFigures& figures, const Report& report) {
  Json json;
  json["answered"] = figures.answered();
  json["per_second"] = PerSecond(figures.answered(), report.result.measured_ns);
  json["errors"] = figures.errors;
  json["timeouts"] = figures.timeouts;
  json["lost"] = figures.lost;
  json["hits"] = figures.hits;
  json["misses"] = figures.misses;
  if (report.options.open_loop()) json["response"] = HistogramJson(figures.response_ns);
  json["service"] = HistogramJson(figures.service_ns);
  return json;
}

Json ServerJson(const env::ProcessStat& server, const OpFigures& total) {
  const auto answers = static_cast<double>(std::max<uint64_t>(1, total.answered()));
  return {{"cpu_us_per_answer", server.cpu_s * 1e6 / answers},
          {"user_s", server.user_s},
          {"system_s", server.system_s},
          {"resident_bytes", server.resident_bytes},
          {"minor_faults", server.minor_faults},
          {"major_faults", server.major_faults}};
}

Json VerifyJson(const VerifyFigures& verify) {
  return {{"verified", verify.verified},
          {"stale", verify.stale},
          {"lost", verify.vanished},
          {"corrupt", verify.corrupt},
          {"never_written", verify.never_sent},
          {"untracked", verify.untracked},
          {"swept", verify.swept},
          {"unswept", verify.unswept},
          {"first_finding", verify.first_finding}};
}

Json HeatJson(const SparseHistogram& latency_ns) {
  Json json = Json::array();
  for (const HeatBucket& bucket : HeatOf(latency_ns)) {
    json.push_back({bucket.index, bucket.count});
  }
  return json;
}

Json WindowsJson(const std::vector<WindowFigures>& windows) {
  Json json = Json::array();
  for (const WindowFigures& window : windows) {
    base::Histogram latency_ns;
    window.latency_ns.AddTo(latency_ns);
    json.push_back({{"answered", window.answered},
                    {"failed", window.failed},
                    {"under_way", window.under_way},
                    {"behind_us", Micros(window.behind_ns)},
                    {"p50_us", Micros(latency_ns.ValueAtPercentile(50))},
                    {"p99_us", Micros(latency_ns.ValueAtPercentile(99))},
                    {"max_us", Micros(latency_ns.Max())},
                    {"heat", HeatJson(window.latency_ns)}});
  }
  return json;
}

Json LoadJson(const LoadOptions& options) {
  Json json;
  Json& targets = json["targets"] = Json::array();
  for (const Target& target : options.targets) targets.push_back(TargetText(target));
  json["loop"] = options.open_loop() ? "open" : "closed";
  if (options.open_loop()) {
    json["asked_per_second"] = AskedPerSecond(options);
    json["spacing"] = options.spacing == Spacing::kPoisson ? "poisson" : "constant";
  }
  json["threads"] = options.threads;
  json["connections"] = options.connections;
  json["pipeline"] = options.pipeline;
  json["warmup_s"] = static_cast<double>(options.warmup_ns) / 1e9;
  if (options.replay != nullptr) json["recorded_commands"] = options.replay->size();
  json["keys"] = options.workload.keys;
  json["seed"] = options.workload.seed;
  return json;
}

// Puts each list of numbers on one line: there are thousands of buckets. What a string holds is
// left alone, as a newline in a string is written as two other characters.
std::string NumbersOnOneLine(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  bool numbers = false;
  for (size_t at = 0; at < json.size(); ++at) {
    if (json[at] == '\n') {
      const size_t next = json.find_first_not_of(" \n", at);
      if (next == std::string::npos) break;
      const bool digit = json[next] == '-' || (json[next] >= '0' && json[next] <= '9');
      if (json[at - 1] == '[') numbers = digit;
      if (numbers) {
        numbers = json[next] != ']';
        at = next - 1;
        continue;
      }
    }
    text += json[at];
  }
  return text + "\n";
}

}  // namespace

Json ReportDocument(const Report& report) {
  const OpFigures total = report.result.figures.Total();
  Json json;
  json["format"] = "corelane-bench run 1";
  json["command"] = report.command;
  json["begun_unix_ms"] = report.result.begun_wall_ms;
  json["measured_s"] = static_cast<double>(report.result.measured_ns) / 1e9;
  json["load"] = LoadJson(report.options);
  json["verdict"] = {{"is", RunVerdictName(report.judgement.verdict)},
                     {"because", report.judgement.reason}};
  if (report.options.verify) json["verify"] = VerifyJson(report.result.figures.verify);
  json["all"] = OpJson(total, report);
  Json& kinds = json["operations"] = Json::object();
  for (uint32_t kind = 0; kind < kOpKinds; ++kind) {
    const auto& figures = report.result.figures.by_kind[kind];
    if (figures != nullptr)
      kinds[std::string(OpName(static_cast<OpKind>(kind)))] = OpJson(*figures, report);
  }
  Json& intervals = json["confidence_95"] = Json::array();
  for (const PercentileInterval& interval : ReportedPercentiles(
           report.result, report.options.open_loop(), report.options.workload.seed)) {
    intervals.push_back({{"percentile", interval.percent},
                         {"value_us", Micros(interval.value_ns)},
                         {"low_us", Micros(interval.low_ns)},
                         {"high_us", Micros(interval.high_ns)}});
  }
  if (report.options.server_pid != 0) json["server"] = ServerJson(report.result.server, total);
  json["generator"] = {{"cpu_s", report.result.generator.cpu_s},
                       {"lag", HistogramJson(report.result.figures.lag_ns)},
                       {"held_back", report.result.figures.held_back},
                       {"never_started", report.result.figures.never_started},
                       {"reactor", BackEndName(report.result.back_end)}};
  json["environment"] = EnvironmentJson(report);
  if (report.calibration) json["calibration"] = CalibrationJson(*report.calibration);
  json["first_error"] = report.result.figures.first_error;
  json["latency"] = LatencyJson(total, report.options.open_loop());
  json["heat_scale"] = {{"buckets_per_decade", kHeatBucketsPerDecade},
                        {"lowest_us", Micros(kHeatLowestNanos)}};
  json["windows"] = WindowsJson(report.result.figures.windows);
  return json;
}

std::string JsonText(const Json& document) {
  // A server's words, and those of a command line, may be no UTF-8.
  return NumbersOnOneLine(document.dump(1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace corelane::loadgen
