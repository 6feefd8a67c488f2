#pragma once

// VerifyCommand: `corelane-wal verify DIR`, which reads everything as recovery would and says
// whether a server could start from it. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>

#include "wal/command.h"

namespace corelane::wal_tool {

class VerifyCommand final : public Command {
 public:
  explicit VerifyCommand(CLI::App& app);
  // Not OK: the first thing that is wrong, with file and offset. A torn tail is not wrong.
  [[nodiscard]] Status Run() override;
};

}  // namespace corelane::wal_tool
