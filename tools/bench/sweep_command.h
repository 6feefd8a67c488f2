#pragma once

// SweepCommand: `corelane-bench sweep`, latency over throughput: an open loop at one rate after the
// other, in an order that is shuffled, so that what drifts on the machine does not look like the
// curve. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/command.h"
#include "bench/laboratory.h"
#include "bench/tested_server.h"

namespace corelane::tools {

class SweepCommand final : public Command {
 public:
  explicit SweepCommand(CLI::App& app);
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  struct Point {
    double per_s = 0;
    size_t order = 0;  // it was the how manieth to be measured, from 1
    loadgen::Report report;
  };

  [[nodiscard]] Status MeasureAll(const std::vector<double>& rates);
  [[nodiscard]] Status Tell();

  Laboratory laboratory_;
  TestedServerPlan plan_;
  std::string rates_;
  std::vector<Point> points_;  // by rate
};

}  // namespace corelane::tools
