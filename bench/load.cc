// corelane-load: loads one server over TCP in a closed loop and prints one JSON object with the
// operations, their latencies and what the server process paid for them. bench/run starts it pinned
// to a core of its own; `corelane-load --help` lists the flags.
//
//   corelane-load --port 6379 --op fill --keys 1000000 --pipeline 64
//   corelane-load --port 6379 --op get --keys 1000000 --pipeline 16 --seconds 2 --server-pid 4711

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>

#include "env/clock.h"
#include "load/load_run.h"

namespace corelane::bench {
namespace {

double Micros(int64_t nanos) { return static_cast<double>(nanos) / 1e3; }

void PrintWaits(const LoadReport& report) {
  std::printf("  \"longest_waits\": [");
  const char* comma = "";
  for (const Wait& wait : report.longest_waits) {
    std::printf("%s{\"us\": %.1f, \"operation\": %llu}", comma, Micros(wait.nanos),
                static_cast<unsigned long long>(wait.operation));
    comma = ", ";
  }
  std::printf("],\n");
}

void PrintReport(const LoadReport& report) {
  const auto operations = static_cast<double>(report.operations);
  const base::Histogram& latency = report.latency_ns;
  std::printf("{\n  \"operations\": %llu,\n  \"seconds\": %.6f,\n  \"operations_per_s\": %.1f,\n",
              static_cast<unsigned long long>(report.operations), report.seconds,
              operations / report.seconds);
  std::printf("  \"hits\": %llu,\n  \"misses\": %llu,\n  \"stored\": %llu,\n",
              static_cast<unsigned long long>(report.hits),
              static_cast<unsigned long long>(report.misses),
              static_cast<unsigned long long>(report.stored));
  std::printf("  \"latency_us\": {\"p50\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f},\n",
              Micros(latency.ValueAtPercentile(50)), Micros(latency.ValueAtPercentile(99)),
              Micros(latency.ValueAtPercentile(99.9)), Micros(latency.Max()));
  PrintWaits(report);
  std::printf(
      "  \"server\": {\"user_s\": %.2f, \"system_s\": %.2f, \"cpu_us_per_operation\": %.4f,",
      report.server.user_s, report.server.system_s, report.server.cpu_s() * 1e6 / operations);
  std::printf(" \"resident_before_bytes\": %llu, \"resident_bytes\": %llu}\n}\n",
              static_cast<unsigned long long>(report.resident_before_bytes),
              static_cast<unsigned long long>(report.server.resident_bytes));
}

void AddFlags(CLI::App& app, LoadOptions& options) {
  const std::map<std::string, Protocol> protocols = {{"resp", Protocol::kResp},
                                                     {"memcached", Protocol::kMemcached},
                                                     {"native", Protocol::kNative}};
  const std::map<std::string, Operation> operations = {{"get", Operation::kGet},
                                                       {"set", Operation::kSet},
                                                       {"mix", Operation::kMix},
                                                       {"fill", Operation::kFill}};
  app.add_option("--host", options.host, "IPv4 address")->capture_default_str();
  app.add_option("--port", options.port)->required();
  app.add_option("--protocol", options.protocol, "resp, memcached or native")
      ->transform(CLI::CheckedTransformer(protocols));
  app.add_option("--op", options.operation, "get, set, mix, or fill: SET every key once, in order")
      ->transform(CLI::CheckedTransformer(operations));
  app.add_option("--get-share", options.get_share, "of mix")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_option("--connections", options.connections)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--pipeline", options.pipeline)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--keys", options.keys)
      ->check(CLI::Range(uint64_t{1}, kKeysMax))
      ->capture_default_str();
  app.add_option("--value-bytes", options.value_bytes)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  app.add_option("--requests", options.requests, "stop after these instead of after --seconds");
  app.add_option("--seconds", options.seconds)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--warmup-seconds", options.warmup_seconds)
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--server-pid", options.server_pid, "whose CPU time and memory to read");
}

int Main(int argc, char** argv) {
  CLI::App app("Closed-loop load on one server; prints JSON.");
  LoadOptions options;
  AddFlags(app, options);
  CLI11_PARSE(app, argc, argv);
  const env::SystemClock clock;
  LoadRun run(options, clock);
  if (const Status status = run.Connect(); !status.ok()) {
    std::fprintf(stderr, "corelane-load: %s\n", status.message().c_str());
    return 1;
  }
  const Result<LoadReport> report = run.Run();
  if (!report.ok()) {
    std::fprintf(stderr, "corelane-load: %s\n", report.status().message().c_str());
    return 1;
  }
  PrintReport(*report);
  return 0;
}

}  // namespace
}  // namespace corelane::bench

int main(int argc, char** argv) { return corelane::bench::Main(argc, argv); }
