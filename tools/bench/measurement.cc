#include "bench/measurement.h"

#include <utility>

#include "loadgen/judgement.h"
#include "loadgen/network.h"

namespace corelane::tools {

Result<loadgen::Report> Measure(const loadgen::LoadOptions& options, const Machine& machine,
                                loadgen::RunObserver& observer) {
  loadgen::SystemNetwork network(machine.back_end, machine.clock);
  loadgen::LoadRun run(options, network, machine.clock);
  Result<loadgen::LoadResult> result = run.Run(observer);
  if (!result.ok()) return result.status();
  loadgen::Report report{
      .command = {}, .options = options, .result = std::move(*result), .judgement = {}};
  report.judgement = loadgen::Judge(
      report.result.figures, {.open_loop = options.open_loop(),
                              .measured_s = static_cast<double>(report.result.measured_ns) / 1e9,
                              .threads = options.threads,
                              .generator_cpu_s = report.result.generator.cpu_s()});
  return report;
}

}  // namespace corelane::tools
