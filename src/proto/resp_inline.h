#pragma once

// Inline commands: a line of words, as a person types it into telnet. The rules of quoting are
// those of redis: "..." with the escapes \n \r \t \b \a \xHH and \<any>, '...' with \', both only
// as the end of a word.
//
// A word without quotes points into the line; one with quotes is spelled out into `store`, which
// therefore has to live as long as the batch. Pure; owned by its caller.

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::proto {

// Splits `line` (without its end) into `words`, which is cleared first. False when the quotes do
// not balance.
[[nodiscard]] bool SplitInline(std::string_view line, std::deque<std::string>& store,
                               std::vector<std::string_view>& words);

}  // namespace corelane::proto
