#pragma once

// The sections of INFO about commands: how often they ran, how long that took, which errors they
// replied with. Free functions; the figures are of all lanes together.

#include <string>

#include "shard/command_stats.h"

namespace corelane::shard {

void AppendCommandStats(const MergedStats& stats, std::string& text);
void AppendErrorStats(const ErrorCounts& errors, std::string& text);
void AppendLatencyStats(const MergedStats& stats, std::string& text);

// The word in front of errors with this code, as RESP clients see it: "ERR", "WRONGTYPE", ...
[[nodiscard]] std::string_view ErrorWord(StatusCode code);

}  // namespace corelane::shard
