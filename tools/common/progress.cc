#include "common/progress.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace corelane::tools {

Progress::Progress(const env::Clock& clock)
    : clock_(clock),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_ns_(clock.MonotonicNanos() + kIntervalNanos) {}

void Progress::Update(std::string_view phase, uint64_t done, uint64_t total) {
  if (!terminal_) return;
  const int64_t now_ns = clock_.MonotonicNanos();
  if (now_ns < next_ns_) return;
  next_ns_ = now_ns + kIntervalNanos;
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%s: %llu of %llu", std::string(phase).c_str(),
               static_cast<unsigned long long>(done), static_cast<unsigned long long>(total));
  std::fflush(stderr);
}

void Progress::Clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

}  // namespace corelane::tools
