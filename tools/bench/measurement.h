#pragma once

// One run of load as the commands of corelane-bench do it: shown while it goes on, and judged when
// it is over. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "env/clock.h"
#include "io/reactor.h"
#include "loadgen/calibration.h"
#include "loadgen/load_options.h"
#include "loadgen/load_run.h"
#include "loadgen/report.h"

namespace corelane::tools {

struct Machine {
  const env::Clock& clock;
  io::BackEndChoice back_end;
  // What the generator can do here; nothing: not measured, and no run is judged by it.
  std::optional<loadgen::Calibration> calibration = std::nullopt;
};

// Finds out what the generator can do, for one run or for many that are alike. Blocks for about
// 0.4 s.
[[nodiscard]] Status CalibrateGenerator(const loadgen::LoadOptions& options, Machine& machine);

// --calibrate and --no-calibrate.
class CalibrateFlag {
 public:
  // `command` must not outlive this object. `unasked`: it is done however short a run is.
  explicit CalibrateFlag(CLI::App& command, bool unasked = false);
  CalibrateFlag(const CalibrateFlag&) = delete;
  CalibrateFlag& operator=(const CalibrateFlag&) = delete;

  [[nodiscard]] bool Wants(const loadgen::LoadOptions& options) const;

 private:
  const bool unasked_;
  CLI::Option* flag_;
  bool wanted_ = false;
};

// Blocks until the run is over. The report's command is left to the caller.
[[nodiscard]] Result<loadgen::Report> Measure(const loadgen::LoadOptions& options,
                                              const Machine& machine,
                                              loadgen::RunObserver& observer);

// What --verify has to say of a run: kError where an answer was wrong, or where keys could not be
// read back though nobody stopped the run.
[[nodiscard]] Status VerifiedStatus(const loadgen::LoadResult& result);

}  // namespace corelane::tools
