#include "shard/commands/info_commands.h"

#include <corelane/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"

namespace corelane::shard {

void AppendCommandStats(const MergedStats& stats, std::string& text) {
  text += "# Commandstats\r\n";
  for (const MergedStats::Row* row : stats.Used()) {
    // Of commands that are sampled the sum is an estimate.
    const double per_call = row->MicrosPerCall();
    const auto usec = static_cast<uint64_t>(per_call * static_cast<double>(row->calls));
    absl::StrAppend(&text, "cmdstat_", base::ToAbsl(row->name), ":calls=", row->calls,
                    ",usec=", usec);
    absl::StrAppendFormat(&text, ",usec_per_call=%.2f", per_call);
    absl::StrAppend(&text, ",rejected_calls=", row->rejected, ",failed_calls=", row->failed,
                    "\r\n");
  }
  text += "\r\n";
}

void AppendErrorStats(const ErrorCounts& errors, std::string& text) {
  std::map<std::string_view, uint64_t> by_word;
  for (size_t code = 0; code < errors.size(); ++code) {
    if (errors[code] != 0) by_word[ErrorWord(static_cast<StatusCode>(code))] += errors[code];
  }
  text += "# Errorstats\r\n";
  for (const auto& [word, count] : by_word) {
    absl::StrAppend(&text, "errorstat_", base::ToAbsl(word), ":count=", count, "\r\n");
  }
  text += "\r\n";
}

void AppendLatencyStats(const MergedStats& stats, std::string& text) {
  text += "# Latencystats\r\n";
  for (const MergedStats::Row* row : stats.Used()) {
    if (row->timed == 0) continue;
    const auto micros = [&](double percent) {
      return static_cast<double>(row->latency.ValueAt(percent)) / 1000;
    };
    absl::StrAppend(&text, "latency_percentiles_usec_", base::ToAbsl(row->name));
    absl::StrAppendFormat(&text, ":p50=%.3f,p99=%.3f,p99.9=%.3f\r\n", micros(50), micros(99),
                          micros(99.9));
  }
  text += "\r\n";
}

std::string_view ErrorWord(StatusCode code) {
  switch (code) {
    case StatusCode::kWrongType:
      return "WRONGTYPE";
    case StatusCode::kUnauthorized:
      return "NOAUTH";
    case StatusCode::kReadOnly:
      return "READONLY";
    case StatusCode::kOutOfMemory:
      return "OOM";
    case StatusCode::kWalWriteFailed:
    case StatusCode::kDiskFull:
      return "MISCONF";
    case StatusCode::kWrongPassword:
      return "WRONGPASS";
    case StatusCode::kUnsupportedProtocol:
      return "NOPROTO";
    case StatusCode::kTransactionAborted:
      return "EXECABORT";
    case StatusCode::kKeyExists:
      return "BUSYKEY";
    default:
      return "ERR";
  }
}

}  // namespace corelane::shard
