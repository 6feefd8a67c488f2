#pragma once

// ProcessStat: what a process (a server under load) has used so far. CPU time and faults are those
// of all its threads, those that have ended included. The CPU time is exact; how it is divided into
// user and system comes from /proc in clock ticks, a hundredth of a second. Plain values; any
// thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace corelane::env {

struct ProcessStat {
  double cpu_s = 0;  // exact
  // As the ticks have it, and so not quite cpu_s. In a difference they add up to it.
  double user_s = 0;
  double system_s = 0;
  uint64_t resident_bytes = 0;
  uint64_t minor_faults = 0;  // pages that were mapped without the disk
  uint64_t major_faults = 0;  // pages that had to be read
};

// What was used from `before` on, nothing of which is below 0; the memory is that of `after`.
[[nodiscard]] ProcessStat operator-(const ProcessStat& after, const ProcessStat& before);

// Below 0 it is the group of processes -pid, as kill(2) has it, with what they have started: shells
// and timeout(1) put that into groups of their own. It is what all of them have used; memory that
// they share counts for each.
[[nodiscard]] Result<ProcessStat> ReadProcessStat(pid_t pid);

struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
};

// All processes that there are, those that have ended and nobody has waited for among them.
[[nodiscard]] std::vector<ProcessEntry> ReadProcessTable();

}  // namespace corelane::env
