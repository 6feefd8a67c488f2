#include "bench/sweep_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "loadgen/knee.h"
#include "loadgen/rate_list.h"

namespace corelane::tools {
namespace {

std::optional<loadgen::Knee> KneeOf(const std::vector<loadgen::CurvePoint>& curve) {
  return loadgen::FindKnee(curve);
}

loadgen::CurvePoint CurvePointOf(const loadgen::Report& report) {
  const base::Histogram response_ns = report.result.figures.Total().response_ns;
  return {.per_s = report.result.AnsweredPerSecond(),
          .p99_us = static_cast<double>(response_ns.ValueAtPercentile(99)) / 1e3,
          .valid = report.judgement.verdict == loadgen::RunVerdict::kValid};
}

}  // namespace
}  // namespace corelane::tools
