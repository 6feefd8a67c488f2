#include "loadgen/calibration.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/histogram.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "env/process.h"
#include "io/reactor.h"
#include "io/unique_fd.h"
#include "loadgen/bell.h"
#include "loadgen/canned_server.h"
#include "loadgen/key_text.h"
#include "loadgen/worker.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kMilli = 1'000'000;
constexpr int64_t kTimersNanos = 100 * kMilli;
constexpr int64_t kTimerNanos = 250'000;  // each of them
constexpr int64_t kRoundTripNanos = 100 * kMilli;
constexpr int64_t kCeilingNanos = 150 * kMilli;
// Connections open, caches and the branch predictor fill.
constexpr int64_t kWarmupNanos = 20 * kMilli;
constexpr int64_t kTimeoutNanos = 1'000 * kMilli;
constexpr int64_t kWorthNanos = 2'000 * kMilli;
constexpr uint32_t kConnectionsMax = 64;
constexpr int kBacklog = 128;

// The canned server, listening, on a thread of its own.
class CannedResponder final : public io::ReadableOp {
 public:
  CannedResponder(Network& network, CannedReply canned)
      : network_(network),
        canned_(std::move(canned)),
        stop_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  CannedResponder(const CannedResponder&) = delete;
  CannedResponder& operator=(const CannedResponder&) = delete;
  ~CannedResponder() override {
    // An eventfd that was made takes its first event.
    if (stop_.valid()) static_cast<void>(::eventfd_write(stop_.get(), 1));
    if (thread_.joinable()) thread_.join();
  }

  Result<io::Endpoint> Start(int cpu) {
    if (!stop_.valid()) return Status(StatusCode::kIoError, "cannot make an eventfd");
    Result<io::UniqueFd> listener = io::Listen({"127.0.0.1", 0}, kBacklog);
    if (!listener.ok()) return listener.status();
    listener_ = std::move(*listener);
    const Result<uint16_t> port = io::LocalPort(listener_.get());
    if (!port.ok()) return port.status();
    thread_ = std::thread([this, cpu] {
      env::PinThread(cpu);
      Serve();
    });
    return io::Endpoint{"127.0.0.1", *port};
  }

  void OnReadable() override { stopped_ = true; }
  void OnReadableEnd(int /*result*/) override { stopped_ = true; }

 private:
  // Where there is no loop to be had nobody answers, and the one who measures says why.
  void Serve() {
    Result<std::unique_ptr<io::Reactor>> reactor = network_.MakeReactor();
    if (!reactor.ok()) return;
    CannedServer server(**reactor, canned_);
    server.Start(listener_.get());
    (*reactor)->StartReadable(stop_.get(), *this);
    while (!stopped_ && !server.ended()) (*reactor)->Poll(-1);
    reactor->reset();
  }

  Network& network_;
  const CannedReply canned_;
  io::UniqueFd listener_;
  io::UniqueFd stop_;
  bool stopped_ = false;  // the thread's
  std::thread thread_;
};

// The size of a value, on average.
uint32_t UsualValueBytes(const WorkloadOptions& workload) {
  constexpr int kDraws = 1000;
  base::Random random(workload.seed);
  uint64_t bytes = 0;
  for (int i = 0; i < kDraws; ++i) bytes += workload.value_sizes.Next(random);
  return static_cast<uint32_t>(bytes / kDraws);
}

CannedReply ReplyFor(const LoadOptions& load) {
  const std::string key(KeyText(load.key_text).bytes(), 'k');
  return CannedRead(load.targets[0].protocol, key, UsualValueBytes(load.workload));
}

LoadOptions ReadsOf(const LoadOptions& run, const io::Endpoint& server) {
  LoadOptions load = run;
  // The replies are the same, and the canned server has nothing to say to a greeting.
  const WireProtocol protocol = run.targets[0].protocol;
  load.targets = {{.protocol = protocol == WireProtocol::kResp3 ? WireProtocol::kResp2 : protocol,
                   .endpoint = server}};
  load.threads = 1;
  load.rate.clear();
  load.think_ns = 0;
  load.operations = 0;
  load.prefill = false;
  load.verify = false;
  load.replay = nullptr;
  load.timeout_ns = kTimeoutNanos;
  load.warmup_ns = kWarmupNanos;
  load.server_pid = 0;
  load.workload.mix = {1};
  load.workload.hit_rate = 1;
  load.workload.write_ttl = {};
  load.workload.own_keys_only = false;
  load.workload.thread = 0;
  load.workload.threads = 1;
  return load;
}

// Runs a worker on this thread and gives what it has measured to take(worker, total).
template <typename Take>
Status RunWorker(const LoadOptions& load, Network& network, const env::Clock& clock, Take take) {
  Bell bell;
  Worker worker(load, {network, clock, bell}, 0);
  worker.Order({.kind = WorkerOrder::Kind::kBegin, .begin_ns = clock.MonotonicNanos()});
  worker.Main();
  RETURN_IF_ERROR(worker.status());
  const OpFigures total = worker.figures().Total();
  if (total.answered() == 0 || worker.measured_ns() <= 0) {
    return Status(StatusCode::kTimeout, "the canned server does not answer");
  }
  take(worker, total);
  return OkStatus();
}

Status MeasureAll(const LoadOptions& run, const io::Endpoint& server, Network& network,
                  const env::Clock& clock, Calibration& calibration) {
  RETURN_IF_ERROR(MeasureTimers(network, clock, calibration));
  RETURN_IF_ERROR(MeasureRoundTrip(RoundTripLoad(run, server), network, clock, calibration));
  return MeasureCeiling(CeilingLoad(run, server), network, clock, calibration);
}

struct Cores {
  int measuring = -1;
  int serving = -1;
};

// Below 0: wherever the system likes.
Cores ChooseCores(const LoadOptions& run) {
  const std::vector<int> usable = env::UsableCpus();
  if (usable.size() < 2) return {};
  Cores cores;
  cores.measuring = run.cpus.empty() ? usable.front() : run.cpus.front();
  cores.serving = usable.back() != cores.measuring ? usable.back() : usable.front();
  return cores;
}

}  // namespace

double Calibration::CeilingPerSecond() const {
  const double by_cpu = cpu_us_per_request > 0 ? 1e6 / cpu_us_per_request : 0;
  return std::max(requests_per_s, by_cpu);
}

bool WorthCalibrating(const LoadOptions& options) {
  return options.duration_ns == 0 || options.duration_ns >= kWorthNanos;
}

LoadOptions RoundTripLoad(const LoadOptions& run, const io::Endpoint& server) {
  LoadOptions load = ReadsOf(run, server);
  load.connections = 1;
  load.pipeline = 1;
  load.duration_ns = kRoundTripNanos;
  return load;
}

LoadOptions CeilingLoad(const LoadOptions& run, const io::Endpoint& server) {
  LoadOptions load = ReadsOf(run, server);
  load.connections = std::clamp<uint32_t>(run.connections / run.threads, 1, kConnectionsMax);
  if (run.open_loop()) load.pipeline = 1;
  load.duration_ns = kCeilingNanos;
  return load;
}

// Sleeps as a worker does that does not watch the clock.
Status MeasureTimers(Network& network, const env::Clock& clock, Calibration& calibration) {
  // As in a worker: timers are otherwise 50 us late on purpose.
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  Result<std::unique_ptr<io::Reactor>> reactor = network.MakeReactor();
  if (!reactor.ok()) return reactor.status();
  base::Histogram late_ns;
  int64_t now_ns = clock.MonotonicNanos();
  const int64_t until_ns = now_ns + kTimersNanos;
  while (now_ns < until_ns) {
    const int64_t deadline_ns = now_ns + kTimerNanos;
    while (now_ns < deadline_ns) {
      (*reactor)->Poll(deadline_ns - now_ns);
      now_ns = clock.MonotonicNanos();
    }
    late_ns.Record(std::max<int64_t>(1, now_ns - deadline_ns));
  }
  calibration.timer_late_p50_ns = late_ns.ValueAtPercentile(50);
  calibration.timer_late_p99_ns = late_ns.ValueAtPercentile(99);
  return OkStatus();
}

Status MeasureRoundTrip(const LoadOptions& load, Network& network, const env::Clock& clock,
                        Calibration& calibration) {
  return RunWorker(load, network, clock, [&](const Worker&, const OpFigures& total) {
    calibration.round_trip_p50_ns = total.service_ns.ValueAtPercentile(50);
    calibration.round_trip_p99_ns = total.service_ns.ValueAtPercentile(99);
  });
}

Status MeasureCeiling(const LoadOptions& load, Network& network, const env::Clock& clock,
                      Calibration& calibration) {
  return RunWorker(load, network, clock, [&](const Worker& worker, const OpFigures& total) {
    const auto answered = static_cast<double>(total.answered());
    calibration.requests_per_s = answered * 1e9 / static_cast<double>(worker.measured_ns());
    calibration.cpu_us_per_request = static_cast<double>(worker.cpu_ns()) / 1e3 / answered;
  });
}

Result<Calibration> Calibrate(const LoadOptions& options, Network& network,
                              const env::Clock& clock) {
  CHECK(!options.targets.empty());
  const Cores cores = ChooseCores(options);
  CannedResponder responder(network, ReplyFor(RoundTripLoad(options, {})));
  const Result<io::Endpoint> server = responder.Start(cores.serving);
  if (!server.ok()) return server.status();
  Calibration calibration;
  Status status;
  // A thread of its own, since neither the core nor the timers of the caller's should change.
  std::thread([&] {
    env::PinThread(cores.measuring);
    status = MeasureAll(options, *server, network, clock, calibration);
  }).join();
  if (!status.ok()) return status;
  return calibration;
}

}  // namespace corelane::loadgen
