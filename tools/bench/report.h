#pragma once

// What the classic suite found, as text for people and as JSON for programs. Pure; any thread.

#include <string>
#include <string_view>

#include "bench/classic_suite.h"

namespace corelane::tools {

// `target` says in a few words what was measured ("127.0.0.1:7878").
[[nodiscard]] std::string ReportText(const ClassicReport& report, std::string_view target);
[[nodiscard]] std::string ReportJson(const ClassicReport& report, std::string_view target);

}  // namespace corelane::tools
