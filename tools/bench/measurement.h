#pragma once

// One run of load as the commands of corelane-bench do it: shown while it goes on, and judged when
// it is over. One thread.

#include <corelane/status.h>

#include "env/clock.h"
#include "io/reactor.h"
#include "loadgen/load_options.h"
#include "loadgen/load_run.h"
#include "loadgen/report.h"

namespace corelane::tools {

struct Machine {
  const env::Clock& clock;
  io::BackEndChoice back_end;
};

// Blocks until the run is over. The report's command is left to the caller.
[[nodiscard]] Result<loadgen::Report> Measure(const loadgen::LoadOptions& options,
                                              const Machine& machine,
                                              loadgen::RunObserver& observer);

}  // namespace corelane::tools
