#pragma once

// TruncateCommand: `corelane-wal truncate-torn DIR`, which cuts torn tails off, exactly as a start
// of the server would, and nothing else. The only command that changes anything. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "wal/command.h"
#include "wal/opened_log.h"

namespace corelane::wal_tool {

class TruncateCommand final : public Command {
 public:
  explicit TruncateCommand(CLI::App& app);
  // Reads all lanes before it changes one: kCorruption, and nothing is changed, when any of them is
  // damaged, whichever was asked for.
  [[nodiscard]] Status Run() override;

 private:
  [[nodiscard]] static Status Cut(OpenedLog& log, const LaneReading& reading);

  std::optional<uint32_t> lane_;
};

}  // namespace corelane::wal_tool
