#pragma once

// LoadRun: one run of the load generator, from the first connection to the figures: starts the
// workers on their threads, waits until all of them are connected and the keys are written, lets
// them begin at one moment, and puts together what they have measured.
//
// Used once, on one thread.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "env/clock.h"
#include "env/process_stat.h"
#include "loadgen/bell.h"
#include "loadgen/environment.h"
#include "loadgen/figures.h"
#include "loadgen/load_options.h"
#include "loadgen/network.h"
#include "loadgen/worker.h"

namespace corelane::loadgen {

struct LoadResult {
  Figures figures;
  int64_t measured_ns = 0;    // the longest of all threads
  int64_t begun_wall_ms = 0;  // when counting began, unix time
  uint64_t prefilled = 0;
  env::ProcessStat generator;  // what this process has used while it was counted
  env::ProcessStat server;     // the same of LoadOptions::server_pid
  double stolen_share = 0;     // of all cores' time meanwhile, by the hypervisor
  bool stopped = false;        // by the observer, before its end
  io::BackEnd back_end = io::BackEnd::kEpoll;

  [[nodiscard]] double AnsweredPerSecond() const;
};

// What a process used between two readings, made into what it used in all the time that was
// counted. The first reading comes a moment after counting has begun, when the generator leaves a
// core to it; the last comes a moment after the end, when there is nothing more to do.
struct ReadTimes {
  int64_t first_ns = 0;
  int64_t last_ns = 0;
  int64_t counted_from_ns = 0;
  int64_t counted_until_ns = 0;
};
[[nodiscard]] env::ProcessStat UsedWhileCounted(const env::ProcessStat& used,
                                                const ReadTimes& times);

// Hears how a run goes on, several times a second; says when it is to stop.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void OnPrefill(uint64_t done, uint64_t total) = 0;
  // Counting begins in `warmup_ns`.
  virtual void OnBegin(int64_t warmup_ns) = 0;
  // One second of one thread.
  virtual void OnWindow(const WorkerNews& news) = 0;
  // True: end now, with what was measured so far.
  [[nodiscard]] virtual bool Stops() = 0;
};

class LoadRun {
 public:
  // `network` and `clock` outlive the run.
  LoadRun(const LoadOptions& options, Network& network, const env::Clock& clock);
  LoadRun(const LoadRun&) = delete;
  LoadRun& operator=(const LoadRun&) = delete;
  ~LoadRun();

  // Blocks until the run is over.
  [[nodiscard]] Result<LoadResult> Run(RunObserver& observer);

 private:
  struct Processes {
    env::ProcessStat generator;
    env::ProcessStat server;
    CoreTime cores;
    int64_t at_ns = 0;
  };
  struct Thread {
    std::unique_ptr<Worker> worker;
    std::thread thread;
    uint64_t prefilled = 0;
    bool ready = false;
    bool drained = false;
    bool ended = false;
  };

  void Start(uint32_t index);
  void ReadNews(Thread& thread, RunObserver& observer);
  void Watch(RunObserver& observer);
  void BeginIfAllReady(RunObserver& observer);
  void SweepIfAllDrained();
  [[nodiscard]] int64_t CountingFromNanos() const { return begin_ns_ + options_.warmup_ns; }
  [[nodiscard]] int64_t WaitNanos() const;
  void ReadProcesses();
  [[nodiscard]] Processes ReadProcessesNow() const;
  [[nodiscard]] Result<LoadResult> Collect();

  const LoadOptions options_;
  Network& network_;
  const env::Clock& clock_;
  Bell bell_;
  std::vector<Thread> threads_;
  bool begun_ = false;
  bool stopped_ = false;
  bool swept_ = false;
  int64_t begin_ns_ = 0;
  int64_t begun_wall_ms_ = 0;
  // When counting began, and when it ended.
  std::optional<Processes> before_;
  std::optional<Processes> after_;
};

}  // namespace corelane::loadgen
