#pragma once

// Signals as a file descriptor (signalfd(2)): no handler runs anywhere; the control thread reads
// them like any other input. BlockSignals() must run before the first thread is started, so that
// all threads inherit the mask.

#include <corelane/status.h>

#include "io/unique_fd.h"

namespace corelane::server {

// SIGINT, SIGTERM and SIGHUP.
[[nodiscard]] Status BlockSignals();
[[nodiscard]] Result<io::UniqueFd> OpenSignalFd();
// The number of the next signal, or 0 when there is none.
[[nodiscard]] int ReadSignal(int signal_fd);

}  // namespace corelane::server
