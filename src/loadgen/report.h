#pragma once

// Report: what a run found, and that as text for people (as JSON: report_json.h). Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/calibration.h"
#include "loadgen/environment.h"
#include "loadgen/judgement.h"
#include "loadgen/load_options.h"
#include "loadgen/load_run.h"
#include "loadgen/percentile_interval.h"

namespace corelane::loadgen {

// A run as it is reported.
struct Report {
  std::string command;  // as it was typed
  LoadOptions options;
  LoadResult result;
  Judgement judgement;
  Environment environment = {};
  std::vector<int> server_cores = {};  // of LoadOptions::server_pid, where it says
  std::optional<Calibration> calibration = std::nullopt;
};

// What is told of every run.
inline constexpr double kReportedPercents[] = {50, 90, 95, 99, 99.9, 99.99, 99.999};

// The percentiles of the run's latency (response times of an open loop, service times of a closed
// one) that its samples carry, each with the wider of two intervals: that of order statistics, and
// that of the block bootstrap where there are windows enough.
[[nodiscard]] std::vector<PercentileInterval> ReportedPercentiles(const LoadResult& result,
                                                                  bool open_loop, uint64_t seed);

// The operations a second that the schedule asks for while it is counted.
[[nodiscard]] double AskedPerSecond(const LoadOptions& options);

[[nodiscard]] std::string ReportText(const Report& report);

}  // namespace corelane::loadgen
