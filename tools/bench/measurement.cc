#include "bench/measurement.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "env/system_text.h"
#include "loadgen/environment.h"
#include "loadgen/judgement.h"
#include "loadgen/network.h"
#include "loadgen/rate_profile.h"
#include "loadgen/report_surroundings.h"

namespace corelane::tools {
namespace {

// What all threads can do together: each as much as the one that was calibrated, as far as each has
// a core of its own.
double CeilingPerSecond(const loadgen::Report& report) {
  if (!report.calibration) return 0;
  const std::vector<int> cores = loadgen::GeneratorCores(report.options, report.environment);
  const size_t different = std::set(cores.begin(), cores.end()).size();
  const size_t threads = report.options.threads;
  return report.calibration->CeilingPerSecond() *
         static_cast<double>(different == 0 ? threads : std::min(threads, different));
}

loadgen::JudgementInput JudgedBy(const loadgen::Report& report) {
  constexpr int64_t kSecondNanos = 1'000'000'000;
  const auto seconds = static_cast<size_t>(report.result.measured_ns / kSecondNanos);
  return {.open_loop = report.options.open_loop(),
          .measured_s = static_cast<double>(report.result.measured_ns) / 1e9,
          .threads = report.options.threads,
          .generator_cpu_s = report.result.generator.cpu_s,
          .asked_by_second = loadgen::ExpectedArrivalsBySecond(report.options.rate,
                                                               report.options.warmup_ns, seconds),
          .ceiling_per_s = CeilingPerSecond(report),
          .stopped = report.result.stopped};
}

}  // namespace

Status CalibrateGenerator(const loadgen::LoadOptions& options, Machine& machine) {
  loadgen::SystemNetwork network(machine.back_end, machine.clock);
  // A machine that stands still for a moment must not end a long comparison.
  constexpr int kTriesMax = 3;
  Result<loadgen::Calibration> calibration = loadgen::Calibrate(options, network, machine.clock);
  for (int tries = 1; !calibration.ok() && tries < kTriesMax; ++tries) {
    calibration = loadgen::Calibrate(options, network, machine.clock);
  }
  if (!calibration.ok()) {
    const Status& status = calibration.status();
    return Status(status.code(),
                  "the generator cannot measure itself (--no-calibrate): " + status.message());
  }
  machine.calibration = *calibration;
  return OkStatus();
}

CalibrateFlag::CalibrateFlag(CLI::App& command, bool unasked)
    : unasked_(unasked),
      flag_(command.add_flag("--calibrate,!--no-calibrate", wanted_,
                             std::string("measure the generator itself before, on a canned server "
                                         "in this program (default") +
                                 (unasked ? ")" : ": for runs of 2 s and more)"))) {}

bool CalibrateFlag::Wants(const loadgen::LoadOptions& options) const {
  return flag_->count() > 0 ? wanted_ : unasked_ || loadgen::WorthCalibrating(options);
}

Result<loadgen::Report> Measure(const loadgen::LoadOptions& options, const Machine& machine,
                                loadgen::RunObserver& observer) {
  const env::RealSystemText system;
  loadgen::Report report{.command = {}, .options = options, .result = {}, .judgement = {}};
  report.calibration = machine.calibration;
  report.environment = loadgen::ReadEnvironment(system);
  if (options.server_pid != 0) {
    report.server_cores = loadgen::ReadCoresOf(options.server_pid, system);
  }
  loadgen::SystemNetwork network(machine.back_end, machine.clock);
  loadgen::LoadRun run(options, network, machine.clock);
  Result<loadgen::LoadResult> result = run.Run(observer);
  if (!result.ok()) return result.status();
  report.result = std::move(*result);
  report.judgement = loadgen::Judge(report.result.figures, JudgedBy(report));
  return report;
}

Status VerifiedStatus(const loadgen::LoadResult& result) {
  const loadgen::VerifyFigures& verify = result.figures.verify;
  if (verify.findings() > 0) {
    return Status(StatusCode::kError, "--verify: the server's answers are wrong");
  }
  if (verify.unswept == 0 || result.stopped) return OkStatus();
  return Status(StatusCode::kError,
                absl::StrFormat("--verify: %u of %u keys could not be read back", verify.unswept,
                                verify.swept + verify.unswept));
}

}  // namespace corelane::tools
