#pragma once

// Checks of the values of flags, as CLI::Option::check() takes them: what is wrong with the text,
// or nothing. Free functions, any thread.

#include <string>

namespace corelane::tools {

// A core that this process may use.
[[nodiscard]] std::string CheckCore(const std::string& text);

// A number: CLI::Range lets "nan" pass.
[[nodiscard]] std::string CheckNumber(const std::string& text);

// A process that there is.
[[nodiscard]] std::string CheckProcess(const std::string& text);

}  // namespace corelane::tools
