#include "loadgen/load_run.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "env/process.h"

namespace corelane::loadgen {
namespace {

// How often the observer is asked whether to stop.
constexpr int64_t kWatchNanos = 10'000'000;
// From the moment when all are ready to the first operation, so that every thread is in time.
constexpr int64_t kBeginPauseNanos = 50'000'000;

}  // namespace

double LoadResult::AnsweredPerSecond() const {
  if (measured_ns <= 0) return 0;
  uint64_t answered = 0;
  for (const auto& figures_of_kind : figures.by_kind) {
    if (figures_of_kind != nullptr) answered += figures_of_kind->answered();
  }
  return static_cast<double>(answered) * 1e9 / static_cast<double>(measured_ns);
}

env::ProcessStat UsedWhileCounted(const env::ProcessStat& used, const ReadTimes& times) {
  const int64_t read_ns = std::min(times.last_ns, times.counted_until_ns) - times.first_ns;
  const int64_t counted_ns = times.counted_until_ns - times.counted_from_ns;
  if (read_ns <= 0 || counted_ns <= 0) return used;
  const double factor = static_cast<double>(counted_ns) / static_cast<double>(read_ns);
  env::ProcessStat counted = used;
  counted.cpu_s *= factor;
  counted.user_s *= factor;
  counted.system_s *= factor;
  return counted;
}

LoadRun::LoadRun(const LoadOptions& options, Network& network, const env::Clock& clock)
    : options_(options), network_(network), clock_(clock), threads_(options.threads) {}

LoadRun::~LoadRun() {
  for (Thread& thread : threads_) {
    if (!thread.thread.joinable()) continue;
    thread.worker->Order({.kind = WorkerOrder::Kind::kStop});
    thread.thread.join();
  }
}

Result<LoadResult> LoadRun::Run(RunObserver& observer) {
  for (uint32_t index = 0; index < options_.threads; ++index) Start(index);
  Watch(observer);
  for (Thread& thread : threads_) thread.thread.join();
  return Collect();
}

void LoadRun::Start(uint32_t index) {
  Thread& thread = threads_[index];
  thread.worker =
      std::make_unique<Worker>(options_, Worker::Surroundings{network_, clock_, bell_}, index);
  thread.thread = std::thread([this, index, worker = thread.worker.get()] {
    if (!options_.cpus.empty()) env::PinThread(options_.cpus[index % options_.cpus.size()]);
    worker->Main();
  });
}

// Until every worker has ended.
void LoadRun::Watch(RunObserver& observer) {
  const auto ended = [](const Thread& thread) { return thread.ended; };
  while (!std::all_of(threads_.begin(), threads_.end(), ended)) {
    for (Thread& thread : threads_) ReadNews(thread, observer);
    if (!begun_) BeginIfAllReady(observer);
    if (!swept_) SweepIfAllDrained();
    ReadProcesses();
    // One that fails before the beginning takes the others with it.
    const bool failed = !begun_ && std::any_of(threads_.begin(), threads_.end(), ended);
    if (!stopped_ && (failed || observer.Stops())) {
      stopped_ = true;
      for (Thread& thread : threads_) thread.worker->Order({.kind = WorkerOrder::Kind::kStop});
    }
    bell_.Wait(WaitNanos());
  }
}

void LoadRun::ReadNews(Thread& thread, RunObserver& observer) {
  WorkerNews news;
  while (thread.worker->NextNews(news)) {
    switch (news.kind) {
      case WorkerNews::Kind::kPrefilled: {
        thread.prefilled = news.done;
        uint64_t done = 0;
        for (const Thread& each : threads_) done += each.prefilled;
        observer.OnPrefill(done, options_.workload.keys);
        break;
      }
      case WorkerNews::Kind::kReady:
        thread.ready = true;
        break;
      case WorkerNews::Kind::kWindow:
        observer.OnWindow(news);
        break;
      case WorkerNews::Kind::kDrained:
        thread.drained = true;
        break;
      case WorkerNews::Kind::kEnded:
        thread.ended = true;
        break;
    }
  }
}

void LoadRun::BeginIfAllReady(RunObserver& observer) {
  const bool ready = std::all_of(threads_.begin(), threads_.end(),
                                 [](const Thread& thread) { return thread.ready; });
  if (!ready) return;
  begun_ = true;
  begin_ns_ = clock_.MonotonicNanos() + kBeginPauseNanos;
  begun_wall_ms_ = clock_.WallMillis() + (kBeginPauseNanos + options_.warmup_ns) / 1'000'000;
  observer.OnBegin(options_.warmup_ns);
  for (Thread& thread : threads_) {
    thread.worker->Order({.kind = WorkerOrder::Kind::kBegin, .begin_ns = begin_ns_});
  }
}

// No thread reads back what it wrote while another is still measuring.
void LoadRun::SweepIfAllDrained() {
  const auto is_done = [](const Thread& thread) { return thread.drained || thread.ended; };
  const auto is_drained = [](const Thread& thread) { return thread.drained; };
  if (!std::all_of(threads_.begin(), threads_.end(), is_done) ||
      std::none_of(threads_.begin(), threads_.end(), is_drained)) {
    return;
  }
  swept_ = true;
  if (before_ && !after_) after_ = ReadProcessesNow();
  for (Thread& thread : threads_) {
    if (thread.drained) thread.worker->Order({.kind = WorkerOrder::Kind::kSweep});
  }
}

// Not beyond the moments when the processes are to be read: a hundredth of a second later would be
// 4 % of a short run.
int64_t LoadRun::WaitNanos() const {
  if (!begun_) return kWatchNanos;
  const int64_t now_ns = clock_.MonotonicNanos();
  int64_t wait_ns = kWatchNanos;
  for (const int64_t at_ns : {CountingFromNanos(), CountingFromNanos() + options_.duration_ns}) {
    if (at_ns > now_ns) wait_ns = std::min(wait_ns, at_ns - now_ns);
  }
  return wait_ns;
}

// Reads what the processes have used when counting begins and when it ends.
void LoadRun::ReadProcesses() {
  if (!begun_) return;
  const int64_t counted_ns = clock_.MonotonicNanos() - CountingFromNanos();
  if (!before_ && counted_ns >= 0) before_ = ReadProcessesNow();
  if (!after_ && options_.duration_ns != 0 && counted_ns >= options_.duration_ns) {
    after_ = ReadProcessesNow();
  }
}

// A process that is not there has used nothing.
LoadRun::Processes LoadRun::ReadProcessesNow() const {
  const auto read = [](pid_t pid) {
    const Result<env::ProcessStat> stat = env::ReadProcessStat(pid);
    return stat.ok() ? *stat : env::ProcessStat();
  };
  // The server first, and the time right after: to find its processes takes longer than to ask
  // them.
  Processes now;
  if (options_.server_pid != 0) now.server = read(options_.server_pid);
  now.at_ns = clock_.MonotonicNanos();
  now.generator = read(::getpid());
  now.cores = ReadCoreTime(env::RealSystemText());
  return now;
}

Result<LoadResult> LoadRun::Collect() {
  LoadResult result;
  // Where one has failed, the others were only stopped.
  Status stopped;
  for (const Thread& thread : threads_) {
    const Status& status = thread.worker->status();
    if (!status.ok() && status.code() != StatusCode::kClosed) return status;
    if (!status.ok()) stopped = status;
  }
  if (!stopped.ok()) return stopped;
  for (const Thread& thread : threads_) {
    result.figures.Merge(thread.worker->figures());
    result.measured_ns = std::max(result.measured_ns, thread.worker->measured_ns());
    result.back_end = thread.worker->back_end();
    result.prefilled += thread.prefilled;
  }
  result.begun_wall_ms = begun_wall_ms_;
  result.stopped = stopped_;
  if (before_) {
    if (!after_) after_ = ReadProcessesNow();
    const ReadTimes times{.first_ns = before_->at_ns,
                          .last_ns = after_->at_ns,
                          .counted_from_ns = CountingFromNanos(),
                          .counted_until_ns = CountingFromNanos() + result.measured_ns};
    result.generator = UsedWhileCounted(after_->generator - before_->generator, times);
    result.server = UsedWhileCounted(after_->server - before_->server, times);
    result.stolen_share = StolenShare(before_->cores, after_->cores);
  }
  return result;
}

}  // namespace corelane::loadgen
