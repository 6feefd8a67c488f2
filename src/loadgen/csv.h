#pragma once

// The seconds of a run as a table of comma-separated values, for spreadsheets and plots: RFC 4180,
// with a header line, and lines that end in CR LF. Pure; any thread.

#include <span>
#include <string>

#include "loadgen/figures.h"

namespace corelane::loadgen {

// One line a second, counted from 1: second, answered, failed, under_way, behind_us, p50_us,
// p90_us, p99_us, p99_9_us, max_us. A percentile that the answers of that second do not carry is an
// empty field. Answers that came after the last second are in a line of their own behind it.
[[nodiscard]] std::string WindowsCsv(std::span<const WindowFigures> windows);

}  // namespace corelane::loadgen
