#pragma once

// The server's own log: one line an event, on standard error, with time and severity. A line is one
// write(2), so that lines of several threads never mix. Any thread; not for the data path.
//
//   base::Log(base::Severity::kWarning, "lane %d: io_uring refused (%s); using epoll", lane,
//   reason);

#include <string_view>

#include "absl/strings/str_format.h"

namespace corelane::base {

enum class Severity { kInfo, kWarning, kError };

// Writes "2026-11-20T12:00:00.123Z warning: text\n".
void LogLine(Severity severity, std::string_view text);

template <typename... Args>
void Log(Severity severity, const absl::FormatSpec<Args...>& format, const Args&... args) {
  LogLine(severity, absl::StrFormat(format, args...));
}

}  // namespace corelane::base
