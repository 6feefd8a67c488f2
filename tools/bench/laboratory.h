#pragma once

// Laboratory: what the experiments of corelane-bench share: the flags of the load; runs one after
// the other, with a line on standard error for each; Ctrl-C, which ends the run that is going on
// and the experiment with it; and the document with all of it. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "bench/load_flags.h"
#include "bench/measurement.h"
#include "bench/stop_signals.h"
#include "bench/tested_server.h"
#include "env/clock.h"
#include "loadgen/report.h"
#include "loadgen/report_json.h"

namespace corelane::tools {

// Of the experiments that repeat their runs.
inline constexpr uint32_t kRoundsMax = 1000;

class Laboratory {
 public:
  struct Asks {
    bool without_rate = false;  // the experiment chooses the rates
    // Its runs are many: the generator is measured unasked, however short they are.
    bool calibrates = false;
    UsualTimes times = {};
  };
  Laboratory(CLI::App& command, const Asks& asks);

  // Reads the flags. To be called first.
  [[nodiscard]] Status Prepare(const std::string& command_line);

  // The load, without a server.
  [[nodiscard]] const loadgen::LoadOptions& options() const { return options_; }
  [[nodiscard]] const LoadFlags& flags() const { return flags_; }
  [[nodiscard]] const env::Clock& clock() const { return clock_; }
  [[nodiscard]] StopSignals& signals() { return *signals_; }

  // Whether the keys of --prefill have to be written for run `index`: before the first, and before
  // each where the load takes keys away.
  [[nodiscard]] bool PrefillsRun(size_t index) const;
  // One run against a server. `name` says which one it is: "3 of 20, A".
  [[nodiscard]] Result<loadgen::Report> Measure(const TestedServer& server,
                                                loadgen::LoadOptions options,
                                                const std::string& name);
  // Somebody wants it to end; the last run may have been broken off.
  [[nodiscard]] bool stopped() { return signals_->Came(); }

  // The document of the experiment, once there are runs, with its head: "corelane-bench sweep 1".
  [[nodiscard]] loadgen::Json Document(const std::string& format) const;
  // Writes it where it was asked for. Says then what the runs together come to: kError where
  // --verify has found something, or all of them were failing.
  [[nodiscard]] Status Write(const loadgen::Json& document) const;

 private:
  [[nodiscard]] Status Calibrate(const loadgen::LoadOptions& options, Machine& machine);

  const env::SystemClock clock_;
  std::optional<StopSignals> signals_;
  LoadFlags flags_;
  CalibrateFlag calibrate_;
  // By what is spoken: two servers that are compared need not speak the same.
  std::map<loadgen::WireProtocol, loadgen::Calibration> calibrations_;
  loadgen::LoadOptions options_;
  loadgen::Json environment_;  // of the first run
  size_t runs_ = 0;
  size_t failing_ = 0;
  Status verified_;  // the first that --verify had something against
  std::string json_path_;
  std::string html_path_;
  std::string command_line_;
  int64_t begun_wall_ms_ = 0;
};

// A run within an experiment's document.
[[nodiscard]] loadgen::Json RunWithin(const loadgen::Report& report);

// What a run has found, in a line.
[[nodiscard]] std::string ShortText(const loadgen::Report& report);

}  // namespace corelane::tools
