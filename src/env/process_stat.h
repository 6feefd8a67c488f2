#pragma once

// ProcessStat: what a process (a server under load) has used so far. CPU time and faults are those
// of all its threads, those that have ended included. The time is exact, but for how it is divided
// into user and system: that comes from /proc in clock ticks, a hundredth of a second. Plain
// values; any thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <cstdint>

namespace corelane::env {

struct ProcessStat {
  double user_s = 0;
  double system_s = 0;
  uint64_t resident_bytes = 0;
  uint64_t minor_faults = 0;  // pages that were mapped without the disk
  uint64_t major_faults = 0;  // pages that had to be read

  [[nodiscard]] double cpu_s() const { return user_s + system_s; }
};

// What was used from `before` on; the memory is that of `after`.
[[nodiscard]] ProcessStat operator-(const ProcessStat& after, const ProcessStat& before);

[[nodiscard]] Result<ProcessStat> ReadProcessStat(pid_t pid);

}  // namespace corelane::env
