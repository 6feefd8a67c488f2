#include "bench/run_view.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

namespace corelane::tools {
namespace {

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

// The threads of the run are started later and inherit the mask.
RunView::RunView(const env::Clock& clock, uint32_t threads)
    : terminal_(isatty(STDERR_FILENO) == 1), threads_(threads), prefill_(clock) {
  const sigset_t signals = StopSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  signals_.Reset(::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

RunView::~RunView() {
  Clear();
  signals_.Reset();
  const sigset_t signals = StopSignals();
  sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

void RunView::Clear() {
  prefill_.Clear();
  if (terminal_) std::fputs("\r\033[K", stderr);
}

void RunView::OnPrefill(uint64_t done, uint64_t total) { prefill_.Update("prefill", done, total); }

void RunView::OnBegin(int64_t warmup_ns) {
  prefill_.Clear();
  if (terminal_ && warmup_ns > 0) {
    std::fprintf(stderr, "\r\033[Kwarm-up: %.1f s", static_cast<double>(warmup_ns) / 1e9);
  }
}

void RunView::OnWindow(const loadgen::WorkerNews& news) {
  if (news.window != window_.window) {
    window_ = loadgen::WorkerNews();
    window_.window = news.window;
    told_ = 0;
  }
  window_.answered += news.answered;
  window_.failed += news.failed;
  window_.behind_ns = std::max(window_.behind_ns, news.behind_ns);
  // The percentiles of threads cannot be added up: the worst of them is shown.
  window_.p50_ns = std::max(window_.p50_ns, news.p50_ns);
  window_.p99_ns = std::max(window_.p99_ns, news.p99_ns);
  window_.max_ns = std::max(window_.max_ns, news.max_ns);
  if (++told_ == threads_ && terminal_) Show(window_);
}

void RunView::Show(const loadgen::WorkerNews& all) const {
  const auto millis = [](int64_t nanos) { return static_cast<double>(nanos) / 1e6; };
  std::fprintf(stderr,
               "\r\033[K%4u s  %8llu/s  failed %llu  p50 %.3f ms  p99 %.3f ms  max %.3f ms  behind "
               "%.3f ms",
               all.window + 1, static_cast<unsigned long long>(all.answered),
               static_cast<unsigned long long>(all.failed), millis(all.p50_ns), millis(all.p99_ns),
               millis(all.max_ns), millis(all.behind_ns));
  std::fflush(stderr);
}

bool RunView::Stops() {
  signalfd_siginfo info;
  return ::read(signals_.get(), &info, sizeof(info)) == sizeof(info);
}

}  // namespace corelane::tools
