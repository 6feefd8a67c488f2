#pragma once

// The part of a report that is not about the server: what the run was measured on, and what the
// generator can do there. Pure; any thread.

#include <string>
#include <vector>

#include "loadgen/report.h"
#include "loadgen/report_json.h"

namespace corelane::loadgen {

// The cores that the generator's threads may run on: those they are pinned to, or all of them.
[[nodiscard]] std::vector<int> GeneratorCores(const LoadOptions& options,
                                              const Environment& environment);

// A line each for calibration, machine and program, and one for whatever makes them less than
// quiet: cores that are shared with the server, time that the hypervisor stole.
[[nodiscard]] std::string SurroundingsText(const Report& report);

// Flat keys, the same whatever the machine says; what it does not say is empty, 0 or false.
[[nodiscard]] Json EnvironmentJson(const Report& report);
[[nodiscard]] Json CalibrationJson(const Calibration& calibration);

}  // namespace corelane::loadgen
