#pragma once

// Writes what a benchmark has found where its user wants it.

#include <corelane/status.h>

#include <string>

namespace corelane::tools {

// Whether that seems possible, asked before a long measurement; changes nothing.
[[nodiscard]] Status CheckOutputFile(const std::string& path);

// "cannot write PATH: why" when that fails.
[[nodiscard]] Status WriteOutputFile(const std::string& path, const std::string& text);

}  // namespace corelane::tools
