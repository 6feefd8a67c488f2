#pragma once

// DumpCommand: `corelane-wal dump DIR`, which prints every frame that recovery would read, a line
// each, lane after lane. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>

#include "wal/command.h"

namespace corelane::wal_tool {

struct DumpOptions {
  std::optional<uint32_t> lane;
  uint64_t from_seq = 0;
  uint64_t limit = UINT64_MAX;  // lines in all
  bool values = false;
  bool json = false;
};

class DumpCommand final : public Command {
 public:
  explicit DumpCommand(CLI::App& app);
  // kCorruption: a lane is damaged; the frames before that have been printed, and the other lanes.
  [[nodiscard]] Status Run() override;

 private:
  DumpOptions options_;
};

}  // namespace corelane::wal_tool
