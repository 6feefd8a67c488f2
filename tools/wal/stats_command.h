#pragma once

// StatsCommand: `corelane-wal stats DIR`, which says what the directory is and what its logs are
// made of: segments, bytes, frames by type, what of it still matters. The hash seed stays unsaid:
// who knows it can choose keys that meet in one place. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>

#include "wal/command.h"

namespace corelane::wal_tool {

class StatsCommand final : public Command {
 public:
  explicit StatsCommand(CLI::App& app);
  // Not OK when a lane is damaged: its counts end where the damage begins.
  [[nodiscard]] Status Run() override;

 private:
  bool segments_ = false;
  bool json_ = false;
};

}  // namespace corelane::wal_tool
