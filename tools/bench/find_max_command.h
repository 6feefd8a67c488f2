#pragma once

// FindMaxCommand: `corelane-bench find-max`, the highest rate at which latencies keep to what they
// are asked to. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/command.h"
#include "bench/laboratory.h"
#include "bench/tested_server.h"
#include "loadgen/goal.h"
#include "loadgen/rate_search.h"

namespace corelane::tools {

class FindMaxCommand final : public Command {
 public:
  explicit FindMaxCommand(CLI::App& app);
  // kError: no rate was found.
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  struct Step {
    double per_s = 0;
    bool holds = false;
    std::string because;
    loadgen::Report report;
  };

  [[nodiscard]] Status Search(loadgen::RateSearch& search);
  [[nodiscard]] Step StepOf(double per_s, loadgen::Report report) const;
  [[nodiscard]] Status CheckOperations() const;
  [[nodiscard]] Status CheckRange(double from_per_s, double to_per_s) const;
  [[nodiscard]] std::string OfGenerator(std::optional<double> per_s) const;
  [[nodiscard]] std::string Answer(const loadgen::RateSearch& search) const;

  Laboratory laboratory_;
  TestedServerPlan plan_;
  std::string goal_text_;
  std::string from_ = "1k";
  std::string to_ = "10m";
  double precision_ = 0.05;
  double lowest_per_s_ = 1;
  std::vector<loadgen::Goal> goals_;
  std::vector<Step> steps_;
};

}  // namespace corelane::tools
