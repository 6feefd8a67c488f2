#pragma once

// What log-ways-bench prints: a table in Markdown, a row for each way and mode, notes below it, and
// a line about the machine. Plain text; one thread.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "log_ways/lane_run.h"
#include "wal/lane_log.h"

namespace corelane::bench {

// "always", "everysec", "os".
[[nodiscard]] std::string_view ModeName(wal::FsyncMode mode);

// A way in a mode, over all rounds.
struct Cell {
  std::string_view way;
  wal::FsyncMode mode = wal::FsyncMode::kAlways;
  RunFigures figures;
  // The append's p99.9 in the best round and in the worst: how far one round is to be trusted.
  int64_t append_p999_min_ns = INT64_MAX;
  int64_t append_p999_max_ns = 0;

  void Add(const RunFigures& round) {
    const int64_t p999_ns = round.append.ValueAtPercentile(99.9);
    append_p999_min_ns = std::min(append_p999_min_ns, p999_ns);
    append_p999_max_ns = std::max(append_p999_max_ns, p999_ns);
    figures.Merge(round);
  }
};

[[nodiscard]] std::string MarkdownTable(const std::vector<Cell>& cells);

// What the table does not say by itself and whoever compares its rows has to know.
[[nodiscard]] std::string_view TableNotes();

// The kernel, the cores, and the file system that `directory` is on.
[[nodiscard]] std::string MachineLine(const std::string& directory);

}  // namespace corelane::bench
