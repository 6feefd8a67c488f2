#pragma once

// StopSignals: SIGINT, SIGTERM and SIGHUP as a question. While one of these lives they interrupt
// nothing, and end what is going on only when it asks. Threads that are started meanwhile inherit
// that. One at a time, on the main thread.

#include "io/unique_fd.h"

namespace corelane::tools {

class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // One of them has come, now or before.
  [[nodiscard]] bool Came();
  // Another has come after the first one: somebody cannot wait.
  [[nodiscard]] bool CameAgain();

 private:
  io::UniqueFd signals_;
  int count_ = 0;
};

}  // namespace corelane::tools
