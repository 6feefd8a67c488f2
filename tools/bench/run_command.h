#pragma once

// RunCommand: `corelane-bench run`, one run of the load generator against a server that is there.
// It shows how the run goes on, prints the report, and writes the files that were asked for.
// One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>

#include "bench/command.h"
#include "bench/load_flags.h"
#include "bench/measurement.h"
#include "loadgen/report.h"

namespace corelane::tools {

class RunCommand final : public Command {
 public:
  explicit RunCommand(CLI::App& app);
  // Runs it and prints the report, which tells the command line. kBadArgument: a flag makes no
  // sense.
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  // Empty: not written.
  struct Paths {
    std::string json;
    std::string html;
    std::string hgrm;
    std::string hlog;
    std::string csv;
  };

  [[nodiscard]] Status WriteFiles(const loadgen::Report& report) const;

  LoadFlags flags_;
  CalibrateFlag calibrate_;
  Paths paths_;
};

}  // namespace corelane::tools
