#pragma once

// RepeatCommand: `corelane-bench repeat`, the same run again and again, with the server started
// anew for each, to see how far its figures scatter. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/laboratory.h"
#include "bench/tested_server.h"

namespace corelane::tools {

class RepeatCommand {
 public:
  // Adds the subcommand with its flags to `app`, which must not outlive this object.
  explicit RepeatCommand(CLI::App& app);
  RepeatCommand(const RepeatCommand&) = delete;
  RepeatCommand& operator=(const RepeatCommand&) = delete;

  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  [[nodiscard]] Status Run(const std::string& command_line);

 private:
  [[nodiscard]] Status MeasureAll();
  [[nodiscard]] Status Tell() const;

  CLI::App* const command_;
  Laboratory laboratory_;
  TestedServerPlan plan_;
  uint32_t rounds_ = 10;
  std::vector<loadgen::Report> reports_;
};

}  // namespace corelane::tools
