#include "loadgen/report_surroundings.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "io/reactor.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

// A hundredth of the time is enough for one in a hundred answers.
constexpr double kStolenShareTold = 0.001;

double Gibibytes(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 30); }

// "410,000": without a locale, which would change with the machine.
std::string Grouped(double number) {
  std::string text = absl::StrFormat("%.0f", number);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string CalibrationText(const Calibration& calibration) {
  return absl::StrFormat(
      "calibration: timers %.1f us late at p50, %.1f us at p99; a round trip to a server that does "
      "nothing takes %.1f us at p50, %.1f us at p99; one thread manages %s requests a second "
      "(%.2f us of CPU each)\n",
      Micros(calibration.timer_late_p50_ns), Micros(calibration.timer_late_p99_ns),
      Micros(calibration.round_trip_p50_ns), Micros(calibration.round_trip_p99_ns),
      Grouped(calibration.requests_per_s), calibration.cpu_us_per_request);
}

std::string MachineText(const Environment& environment) {
  std::string text = absl::StrCat(
      "machine: ", environment.cpu_model.empty() ? "a processor" : environment.cpu_model, ", ",
      environment.cores_usable.size(), " of ", environment.cores_online, " cores",
      environment.is_virtual ? ", virtual" : "");
  absl::StrAppendFormat(&text, ", %.1f GiB, %s, kernel %s, clock %s",
                        Gibibytes(environment.memory_bytes), environment.system, environment.kernel,
                        environment.clock_source);
  if (!environment.governor.empty()) {
    absl::StrAppend(&text, ", frequency ", environment.governor);
  }
  absl::StrAppendFormat(&text, "; load %.2f at start\n", environment.load_average);
  absl::StrAppend(&text, "program: corelane-bench ", environment.version, ", ",
                  environment.compiler, ", ", environment.build_type, "\n");
  return text;
}

std::string SharedCores(const Report& report) {
  const std::vector<int> generator = GeneratorCores(report.options, report.environment);
  return SharedCoresWarning(generator, report.server_cores);
}

}  // namespace

std::vector<int> GeneratorCores(const LoadOptions& options, const Environment& environment) {
  return options.cpus.empty() ? environment.cores_usable : options.cpus;
}

std::string SurroundingsText(const Report& report) {
  std::string text;
  if (report.calibration) text += CalibrationText(*report.calibration);
  // A report that was put together without a machine has nothing to tell of one.
  if (report.environment.cores_online > 0) text += MachineText(report.environment);
  if (const std::string warning = SharedCores(report); !warning.empty()) {
    absl::StrAppend(&text, "warning: ", warning, "\n");
  }
  if (report.result.stolen_share > kStolenShareTold) {
    absl::StrAppendFormat(&text,
                          "warning: the hypervisor took %.1f %% of the cores' time away while it "
                          "was counted, which is in the latencies\n",
                          100 * report.result.stolen_share);
  }
  return text;
}

Json EnvironmentJson(const Report& report) {
  const Environment& environment = report.environment;
  return {{"cpu", environment.cpu_model},
          {"cores_online", environment.cores_online},
          {"cores_usable", environment.cores_usable.size()},
          {"virtual", environment.is_virtual},
          {"governor", environment.governor},
          {"memory_bytes", environment.memory_bytes},
          {"kernel", environment.kernel},
          {"system", environment.system},
          {"clock_source", environment.clock_source},
          {"load_average_at_start", environment.load_average},
          {"stolen_cpu_percent", 100 * report.result.stolen_share},
          {"version", environment.version},
          {"compiler", environment.compiler},
          {"build_type", environment.build_type},
          {"reactor", io::BackEndName(report.result.back_end)},
          {"generator_cores", CoreListText(GeneratorCores(report.options, environment))},
          {"server_cores", CoreListText(report.server_cores)},
          {"warning", SharedCores(report)}};
}

Json CalibrationJson(const Calibration& calibration) {
  return {{"timer_late_p50_us", Micros(calibration.timer_late_p50_ns)},
          {"timer_late_p99_us", Micros(calibration.timer_late_p99_ns)},
          {"round_trip_p50_us", Micros(calibration.round_trip_p50_ns)},
          {"round_trip_p99_us", Micros(calibration.round_trip_p99_ns)},
          {"requests_per_second_per_thread", calibration.requests_per_s},
          {"cpu_us_per_request", calibration.cpu_us_per_request},
          {"ceiling_per_second_per_thread", calibration.CeilingPerSecond()}};
}

}  // namespace corelane::loadgen
