#pragma once

// ReportCommand: `corelane-bench report A.json B.json --html OUT.html`, which joins what
// corelane-bench has written as JSON into one HTML page. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/command.h"

namespace corelane::tools {

class ReportCommand final : public Command {
 public:
  explicit ReportCommand(CLI::App& app);
  // kBadArgument: a file is no document of corelane-bench. Nothing is written then.
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  std::vector<std::string> json_paths_;
  std::string html_path_;
};

}  // namespace corelane::tools
