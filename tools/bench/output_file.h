#pragma once

// Writes what a benchmark has found where its user wants it.

#include <corelane/status.h>

#include <string>

namespace corelane::tools {

// "cannot write PATH: why" when that fails.
[[nodiscard]] Status WriteOutputFile(const std::string& path, const std::string& text);

}  // namespace corelane::tools
