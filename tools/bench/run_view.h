#pragma once

// RunView: shows on standard error how a run goes on: a few lines, drawn over in place at most four
// times a second; nothing at all when standard error is no terminal. Ctrl-C ends the run with what
// was measured so far. One thread.

#include <cstddef>
#include <cstdint>
#include <map>

#include "bench/live_text.h"
#include "bench/stop_signals.h"
#include "common/progress.h"
#include "env/clock.h"
#include "loadgen/load_options.h"
#include "loadgen/load_run.h"

namespace corelane::tools {

class RunView final : public loadgen::RunObserver {
 public:
  // All outlive the view.
  RunView(const env::Clock& clock, const loadgen::LoadOptions& options, StopSignals& signals);
  ~RunView() override;
  RunView(const RunView&) = delete;
  RunView& operator=(const RunView&) = delete;

  // Takes the lines away, before something else is printed.
  void Clear();

  void OnPrefill(uint64_t done, uint64_t total) override;
  void OnBegin(int64_t warmup_ns) override;
  void OnWindow(const loadgen::WorkerNews& news) override;
  [[nodiscard]] bool Stops() override;

 private:
  static constexpr int64_t kIntervalNanos = 250'000'000;
  static constexpr int64_t kNever = INT64_MAX;

  // A second that not all threads have told of yet.
  struct Told {
    LiveSecond second;
    uint32_t threads = 0;
  };

  void Draw(int64_t now_ns);

  const bool terminal_;
  const bool utf8_;
  const env::Clock& clock_;
  const loadgen::LoadOptions& options_;
  Progress prefill_;
  StopSignals& signals_;
  std::map<uint32_t, Told> told_;
  LiveState state_;
  int64_t counting_from_ns_ = 0;
  int64_t draw_at_ns_ = kNever;
  size_t drawn_lines_ = 0;
};

}  // namespace corelane::tools
