#pragma once

// What a run found, as JSON for programs. Pure; any thread.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "loadgen/report.h"

namespace corelane::loadgen {

// Members stay in the order in which they were added.
using Json = nlohmann::ordered_json;

// The document of one run, "corelane-bench run 1".
[[nodiscard]] Json ReportDocument(const Report& report);

// A document as it is written to a file.
[[nodiscard]] std::string JsonText(const Json& document);

}  // namespace corelane::loadgen
