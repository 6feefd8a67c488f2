#pragma once

// ReportCommand: `corelane-bench report A.json B.json --html OUT.html`, which joins what
// corelane-bench has written as JSON into one HTML page. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace corelane::tools {

class ReportCommand {
 public:
  // Adds the subcommand with its flags to `app`, which must not outlive this object.
  explicit ReportCommand(CLI::App& app);
  ReportCommand(const ReportCommand&) = delete;
  ReportCommand& operator=(const ReportCommand&) = delete;

  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  // kBadArgument: a file is no document of corelane-bench. Nothing is written then.
  [[nodiscard]] Status Run() const;

 private:
  CLI::App* const command_;
  std::vector<std::string> json_paths_;
  std::string html_path_;
};

}  // namespace corelane::tools
