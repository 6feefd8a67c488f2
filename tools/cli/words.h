#pragma once

// Splits a line into words, as a shell would: blanks separate; "..." and '...' hold blanks
// together; within "..." and outside of quotes a backslash takes the next character as it is, but
// \n, \r, \t and \0 are the control characters and \xHH is a byte. A pure function.

#include <corelane/status.h>

#include <string>
#include <string_view>
#include <vector>

namespace corelane::cli {

// kBadArgument when a quote is not closed or the line ends in a backslash.
[[nodiscard]] Result<std::vector<std::string>> SplitWords(std::string_view line);

}  // namespace corelane::cli
