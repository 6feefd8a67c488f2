#pragma once

// SweepCommand: `corelane-bench sweep`, latency over throughput: an open loop at one rate after the
// other, in an order that is shuffled, so that what drifts on the machine does not look like the
// curve. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/laboratory.h"
#include "bench/tested_server.h"

namespace corelane::tools {

class SweepCommand {
 public:
  // Adds the subcommand with its flags to `app`, which must not outlive this object.
  explicit SweepCommand(CLI::App& app);
  SweepCommand(const SweepCommand&) = delete;
  SweepCommand& operator=(const SweepCommand&) = delete;

  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  [[nodiscard]] Status Run(const std::string& command_line);

 private:
  struct Point {
    double per_s = 0;
    size_t order = 0;  // it was the how manieth to be measured, from 1
    loadgen::Report report;
  };

  [[nodiscard]] Status MeasureAll(const std::vector<double>& rates);
  [[nodiscard]] Status Tell() const;

  CLI::App* const command_;
  Laboratory laboratory_;
  TestedServerPlan plan_;
  std::string rates_;
  std::vector<Point> points_;  // by rate
};

}  // namespace corelane::tools
