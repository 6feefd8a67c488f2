#pragma once

// RunView: a line on standard error that says how a run goes on, written over in place once a
// second; nothing at all when standard error is no terminal. Ctrl-C ends the run with what was
// measured so far. One thread.

#include <cstdint>
#include <vector>

#include "bench/progress.h"
#include "env/clock.h"
#include "io/unique_fd.h"
#include "loadgen/load_run.h"

namespace corelane::tools {

class RunView final : public loadgen::RunObserver {
 public:
  RunView(const env::Clock& clock, uint32_t threads);
  ~RunView() override;
  RunView(const RunView&) = delete;
  RunView& operator=(const RunView&) = delete;

  // Takes the line away, before something else is printed.
  void Clear();

  void OnPrefill(uint64_t done, uint64_t total) override;
  void OnBegin(int64_t warmup_ns) override;
  void OnWindow(const loadgen::WorkerNews& news) override;
  [[nodiscard]] bool Stops() override;

 private:
  void Show(const loadgen::WorkerNews& all) const;

  const bool terminal_;
  const uint32_t threads_;
  Progress prefill_;
  io::UniqueFd signals_;  // SIGINT and SIGTERM
  // Of the window that not all threads have told of yet.
  loadgen::WorkerNews window_;
  uint32_t told_ = 0;
};

}  // namespace corelane::tools
