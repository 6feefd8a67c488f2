#pragma once

// RepeatCommand: `corelane-bench repeat`, the same run again and again, with the server started
// anew for each, to see how far its figures scatter. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/command.h"
#include "bench/laboratory.h"
#include "bench/tested_server.h"

namespace corelane::tools {

class RepeatCommand final : public Command {
 public:
  explicit RepeatCommand(CLI::App& app);
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  [[nodiscard]] Status MeasureAll();
  [[nodiscard]] Status Tell() const;

  Laboratory laboratory_;
  TestedServerPlan plan_;
  uint32_t rounds_ = 10;
  std::vector<loadgen::Report> reports_;
};

}  // namespace corelane::tools
