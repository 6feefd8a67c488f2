#include "bench/load_command.h"

#include <corelane/limits.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "bench/output_file.h"
#include "bench/run_view.h"
#include "env/clock.h"
#include "env/process.h"
#include "env/process_stat.h"
#include "io/socket.h"
#include "loadgen/hdr_log.h"
#include "loadgen/hdr_text.h"
#include "loadgen/network.h"
#include "loadgen/number_text.h"
#include "loadgen/report.h"

namespace corelane::tools {
namespace {

constexpr uint32_t kThreadsMax = 256;
constexpr uint32_t kConnectionsMax = 100'000;
constexpr uint32_t kPipelineMax = 10'000;

// What is wrong with the value of a flag.
Status FlagError(const char* flag, const Status& status) {
  return Status(StatusCode::kBadArgument, std::string(flag) + ": " + status.message());
}

// Parses the text of a flag into `into`.
template <typename T, typename Parse>
Status ReadInto(T& into, const char* flag, const std::string& text, Parse parse) {
  auto parsed = parse(text);
  if (!parsed.ok()) return FlagError(flag, parsed.status());
  into = std::move(*parsed);
  return OkStatus();
}

std::string HdrText(const loadgen::Report& report) {
  const loadgen::OpFigures total = report.result.figures.Total();
  std::string text;
  loadgen::WriteHdrText(report.options.open_loop() ? total.response_ns : total.service_ns, {},
                        text);
  return text;
}

std::string HdrLog(const loadgen::LoadResult& result) {
  std::string text;
  loadgen::WriteHdrLogHeader(result.begun_wall_ms, text);
  int64_t start_ms = 0;
  for (const loadgen::WindowFigures& window : result.figures.windows) {
    constexpr int64_t kWindowMillis = 1000;
    loadgen::WriteHdrLogInterval({.start_ms = start_ms, .length_ms = kWindowMillis},
                                 window.latency_ns, text);
    start_ms += kWindowMillis;
  }
  return text;
}

}  // namespace

LoadCommand::LoadCommand(CLI::App& app)
    : command_(app.add_subcommand("run", "one run of load on a server that is there")) {
  AddLoadFlags();
  AddWorkFlags();
  AddOutputFlags();
}

void LoadCommand::AddLoadFlags() {
  command_
      ->add_option("--target", flags_.targets,
                   "SCHEME://HOST:PORT, several separated by commas; schemes: native, resp, resp3, "
                   "memcache, memcache-meta, json")
      ->capture_default_str();
  command_->add_option("--threads", options_.threads)
      ->check(CLI::Range(1U, kThreadsMax))
      ->capture_default_str();
  command_->add_option("--connections", options_.connections, "of all threads together")
      ->check(CLI::Range(1U, kConnectionsMax))
      ->capture_default_str();
  command_
      ->add_option("--pipeline", options_.pipeline,
                   "requests under way on a connection at most (open loop: 64)")
      ->check(CLI::Range(1U, kPipelineMax))
      ->capture_default_str();
  command_->add_option("--rate", flags_.rate,
                       "open loop: operations a second, as 20k, 1k-5k (a ramp), or steps: "
                       "1k/10s,5k/30s; without it the loop is closed");
  command_->add_option("--arrivals", flags_.spacing, "poisson, constant")
      ->check(CLI::IsMember({"poisson", "constant"}))
      ->capture_default_str();
  command_->add_option("--think", flags_.think,
                       "closed loop: how long a connection waits after a reply (5ms)");
  command_->add_option("--warmup", flags_.warmup, "before anything is counted")
      ->capture_default_str();
  command_->add_option("--duration", flags_.duration, "of what is counted")->capture_default_str();
  command_->add_option("--operations", options_.operations,
                       "count so many instead of for a duration");
  command_->add_option("--timeout", flags_.timeout, "a reply later than this is a timeout")
      ->capture_default_str();
  command_->add_option("--server-pid", options_.server_pid,
                       "a server on this machine whose CPU time and memory to report");
  command_->add_option("--cpus", options_.cpus, "pin the threads to these, in turn")
      ->delimiter(',');
  command_->add_option("--io", flags_.io, "auto, uring, epoll")
      ->check(CLI::IsMember({"auto", "uring", "epoll"}))
      ->capture_default_str();
}

void LoadCommand::AddWorkFlags() {
  CLI::Option* mix =
      command_->add_option("--mix", flags_.mix,
                           "weights, as read=90,update=10 (default: reads only); also insert, "
                           "multi-read, multi-write, read-modify-write, delete, expire");
  command_->add_option("--ycsb", flags_.ycsb, "the mix and keys of a YCSB workload, a to f")
      ->excludes(mix);
  command_->add_option("--keys", options_.workload.keys)
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->capture_default_str();
  command_->add_option("--key-distribution", flags_.distribution,
                       "uniform, zipfian[:THETA], latest, hotspot[:KEYS:ACCESSES], sequential");
  command_->add_option("--key-prefix", options_.key_text.prefix)->capture_default_str();
  command_->add_option("--key-bytes", options_.key_text.bytes)->capture_default_str();
  command_
      ->add_option("--value-bytes", flags_.value_bytes,
                   "100, 10-1kb, 64:9,1kb:1 (with weights) or lognormal:MEDIAN:SIGMA")
      ->capture_default_str();
  command_->add_option("--multi-keys", flags_.multi_keys, "keys of a multi-read or multi-write")
      ->check(CLI::Range(1U, loadgen::kMultiKeysMax))
      ->capture_default_str();
  command_->add_option("--ttl", flags_.ttl, "a time to live for what is written (60s)");
  command_->add_option("--hit-rate", options_.workload.hit_rate, "share of reads of keys there are")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command_->add_flag("--prefill", options_.prefill, "write all keys once before");
  seed_ = command_->add_option("--seed", options_.workload.seed,
                               "the same seed gives the same work (default: drawn, and said)");
}

void LoadCommand::AddOutputFlags() {
  command_->add_option("--json", flags_.json_path, "write the report to this file, as JSON");
  command_->add_option("--hgrm", flags_.hgrm_path,
                       "write the percentile distribution, as HdrHistogram's tools read it");
  command_->add_option("--hlog", flags_.hlog_path,
                       "write every second's histogram, as HdrHistogram's tools read it");
}

// ---- Flags ----

Status LoadCommand::ReadFlags() {
  Status status = ReadInto(options_.targets, "--target", flags_.targets, loadgen::ParseTargets);
  if (status.ok()) {
    status =
        ReadInto(options_.duration_ns, "--duration", flags_.duration, loadgen::ParseDurationNanos);
  }
  if (status.ok()) {
    status =
        ReadInto(options_.timeout_ns, "--timeout", flags_.timeout, loadgen::ParseDurationNanos);
  }
  // ParseDurationNanos() takes no 0, which here means none.
  if (status.ok() && flags_.warmup != "0") {
    status = ReadInto(options_.warmup_ns, "--warmup", flags_.warmup, loadgen::ParseDurationNanos);
  }
  if (status.ok() && !flags_.think.empty()) {
    status = ReadInto(options_.think_ns, "--think", flags_.think, loadgen::ParseDurationNanos);
  }
  if (!status.ok()) return status;
  if (options_.operations != 0) options_.duration_ns = 0;
  if (options_.connections < options_.threads) {
    return Status(StatusCode::kBadArgument,
                  "--connections: each of the --threads needs one at least");
  }
  if (status = CheckMachine(); !status.ok()) return status;
  status = ReadRate();
  return status.ok() ? ReadWorkload() : status;
}

Status LoadCommand::CheckMachine() const {
  constexpr uint64_t kOtherFiles = 128;
  const uint64_t files = uint64_t{options_.connections} + kOtherFiles;
  if (const uint64_t allowed = env::RaiseOpenFilesLimit(files); allowed < files) {
    return Status(StatusCode::kBadArgument,
                  "--connections: the system allows " + std::to_string(allowed) +
                      " open files and this takes " + std::to_string(files) + " (ulimit -n)");
  }
  const std::vector<int> usable = env::UsableCpus();
  for (const int cpu : options_.cpus) {
    if (std::find(usable.begin(), usable.end(), cpu) != usable.end()) continue;
    return Status(StatusCode::kBadArgument,
                  "--cpus: this process may not use core " + std::to_string(cpu));
  }
  if (options_.server_pid != 0 && !env::ReadProcessStat(options_.server_pid).ok()) {
    return Status(StatusCode::kBadArgument,
                  "--server-pid: there is no process " + std::to_string(options_.server_pid));
  }
  return OkStatus();
}

Status LoadCommand::ReadRate() {
  options_.spacing =
      flags_.spacing == "poisson" ? loadgen::Spacing::kPoisson : loadgen::Spacing::kConstant;
  if (flags_.rate.empty()) return OkStatus();
  if (options_.think_ns != 0) {
    return Status(StatusCode::kBadArgument,
                  "--think: an open loop does not think; leave out --rate");
  }
  // A plain rate goes on for as long as the run does; with --operations there is no such time.
  const int64_t usual_ns =
      options_.duration_ns != 0 ? options_.duration_ns : loadgen::kDurationNanosMax;
  auto profile = loadgen::ParseRateProfile(flags_.rate, usual_ns);
  if (!profile.ok()) return FlagError("--rate", profile.status());
  options_.rate = std::move(*profile);
  if (options_.operations == 0) options_.duration_ns = loadgen::DurationNanos(options_.rate);
  // The warm-up comes at the rate that the counted part begins with.
  if (options_.warmup_ns != 0) {
    const double begin_per_s = options_.rate[0].begin_per_s;
    options_.rate.insert(options_.rate.begin(), {begin_per_s, begin_per_s, options_.warmup_ns});
  }
  if (command_->count("--pipeline") == 0) {
    constexpr uint32_t kOpenLoopPipeline = 64;
    options_.pipeline = kOpenLoopPipeline;
  }
  return OkStatus();
}

Status LoadCommand::ReadWorkload() {
  loadgen::WorkloadOptions& workload = options_.workload;
  if (Status status = loadgen::CheckKeyText(options_.key_text); !status.ok()) {
    return FlagError("--key-bytes, --key-prefix", status);
  }
  workload.key_number_max = loadgen::KeyText(options_.key_text).number_max();
  workload.multi_keys_min = workload.multi_keys_max = flags_.multi_keys;
  Status status = ReadInto(workload.value_sizes, "--value-bytes", flags_.value_bytes,
                           loadgen::ValueSizes::Parse);
  if (status.ok()) {
    status = ReadInto(workload.chooser, "--key-distribution", flags_.distribution,
                      loadgen::ParseKeyDistribution);
  }
  if (status.ok() && !flags_.mix.empty()) {
    status = ReadInto(workload.mix, "--mix", flags_.mix, loadgen::ParseMix);
  }
  if (status.ok() && !flags_.ycsb.empty()) {
    status = loadgen::SetYcsb(flags_.ycsb, workload);
    if (!status.ok()) return FlagError("--ycsb", status);
  }
  if (status.ok() && !flags_.ttl.empty()) {
    int64_t ttl_ns = 0;
    status = ReadInto(ttl_ns, "--ttl", flags_.ttl, loadgen::ParseDurationNanos);
    const auto ttl_ms = static_cast<uint32_t>(std::max<int64_t>(1, ttl_ns / 1'000'000));
    workload.write_ttl = {ttl_ms, ttl_ms};
  }
  if (seed_->count() == 0) workload.seed = env::RandomSeed() >> 32;
  workload.threads = options_.threads;
  if (status.ok()) status = loadgen::CheckWorkload(workload);
  return status.ok() ? CheckProtocols() : status;
}

// A mix that a protocol has no words for is refused before the first connection.
Status LoadCommand::CheckProtocols() const {
  const loadgen::WorkloadOptions& workload = options_.workload;
  for (const loadgen::Target& target : options_.targets) {
    const std::unique_ptr<loadgen::Wire> wire = loadgen::MakeWire(target.protocol);
    const auto lacks = [&](loadgen::OpKind kind, bool can) {
      return workload.weight(kind) > 0 && !can;
    };
    const bool ttl_lost = workload.write_ttl.max_ms > 0 && !wire->CanExpire();
    if (lacks(loadgen::OpKind::kReadMulti, wire->CanReadMany()) ||
        lacks(loadgen::OpKind::kWriteMulti, wire->CanWriteMany()) ||
        lacks(loadgen::OpKind::kExpire, wire->CanExpire()) || ttl_lost) {
      return Status(StatusCode::kBadArgument,
                    std::string(loadgen::WireScheme(target.protocol)) +
                        " has no word for a part of this mix (multi-read, multi-write, expire, "
                        "--ttl)");
    }
  }
  return OkStatus();
}

// ---- The run ----

Status LoadCommand::Run(const std::string& command_line) {
  if (Status status = ReadFlags(); !status.ok()) return status;
  // A name is looked up once, not by each connection while latencies are measured.
  for (loadgen::Target& target : options_.targets) {
    Result<io::Endpoint> endpoint = io::NumericEndpoint(target.endpoint);
    if (!endpoint.ok()) return Status(StatusCode::kConnectionFailed, endpoint.status().message());
    target.endpoint = std::move(*endpoint);
  }
  const env::SystemClock clock;
  const io::BackEndChoice choice = flags_.io == "uring"   ? io::BackEndChoice::kUring
                                   : flags_.io == "epoll" ? io::BackEndChoice::kEpoll
                                                          : io::BackEndChoice::kAuto;
  loadgen::SystemNetwork network(choice, clock);
  loadgen::LoadRun run(options_, network, clock);
  RunView view(clock, options_.threads);
  Result<loadgen::LoadResult> result = run.Run(view);
  view.Clear();
  if (!result.ok()) return result.status();
  loadgen::Report report{
      .command = command_line, .options = options_, .result = std::move(*result), .judgement = {}};
  report.judgement = loadgen::Judge(
      report.result.figures, {.open_loop = options_.open_loop(),
                              .measured_s = static_cast<double>(report.result.measured_ns) / 1e9,
                              .threads = options_.threads,
                              .generator_cpu_s = report.result.generator.cpu_s()});
  std::fputs(loadgen::ReportText(report).c_str(), stdout);
  std::printf("seed: %llu\n", static_cast<unsigned long long>(options_.workload.seed));
  return WriteFiles(report);
}

Status LoadCommand::WriteFiles(const loadgen::Report& report) const {
  Status status;
  if (!flags_.json_path.empty()) {
    status = WriteOutputFile(flags_.json_path, loadgen::ReportJson(report));
  }
  if (status.ok() && !flags_.hgrm_path.empty()) {
    status = WriteOutputFile(flags_.hgrm_path, HdrText(report));
  }
  if (status.ok() && !flags_.hlog_path.empty()) {
    status = WriteOutputFile(flags_.hlog_path, HdrLog(report.result));
  }
  return status;
}

}  // namespace corelane::tools
