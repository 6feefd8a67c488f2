#pragma once

// Command: a subcommand of corelane-bench. One thread.

#include <corelane/status.h>

#include <string>

#include "common/subcommand.h"

namespace corelane::tools {

class Command : public Subcommand {
 public:
  // Does it and prints what came of it; reports tell the command line. kBadArgument: a flag makes
  // no sense.
  [[nodiscard]] virtual Status Run(const std::string& command_line) = 0;
  // It was done, and what it has found is bad news: the program's exit code says so.
  [[nodiscard]] virtual bool found_worse() const { return false; }

 protected:
  using Subcommand::Subcommand;
};

}  // namespace corelane::tools
