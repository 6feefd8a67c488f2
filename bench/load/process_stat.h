#pragma once

// ProcessStat: what a process (the server under load) has used so far, from /proc. The CPU time is
// that of all its threads, those that have ended included, as user + system in the kernel's clock
// ticks. Plain values; any thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <cstdint>

namespace corelane::bench {

struct ProcessStat {
  double user_s = 0;
  double system_s = 0;
  uint64_t resident_bytes = 0;

  [[nodiscard]] double cpu_s() const { return user_s + system_s; }
};

[[nodiscard]] Result<ProcessStat> ReadProcessStat(pid_t pid);

}  // namespace corelane::bench
