#pragma once

// Environment: what a run was measured on, as far as it says how its figures are to be taken: the
// machine, how quiet it was, and this program itself. Only ratios mean anything on another machine,
// and not even they on one that was busy. Plain values; pure but for what the SystemText reads. Any
// thread.

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "env/system_text.h"

namespace corelane::loadgen {

// What the machine does not say is empty or 0.
struct Environment {
  std::string cpu_model;
  uint32_t cores_online = 0;
  std::vector<int> cores_usable;  // by this process
  bool is_virtual = false;        // the processor says that a hypervisor is below
  std::string governor;           // of the first core's frequency
  uint64_t memory_bytes = 0;
  std::string kernel;
  std::string system;
  std::string clock_source;
  double load_average = 0;  // of the last minute

  // Of this program.
  std::string version;
  std::string compiler;
  std::string build_type;
};

[[nodiscard]] Environment ReadEnvironment(const env::SystemText& system);

// The time of all cores since the machine was started, in clock ticks, and the part of it in which
// a core of this virtual machine wanted to run and the hypervisor ran somebody else.
struct CoreTime {
  uint64_t all_ticks = 0;
  uint64_t stolen_ticks = 0;
};
[[nodiscard]] CoreTime ReadCoreTime(const env::SystemText& system);
// The share that was stolen from `before` to `after`; 0 where the machine does not say.
[[nodiscard]] double StolenShare(const CoreTime& before, const CoreTime& after);

// "0-2,7" is 0, 1, 2 and 7: how the kernel writes a set of cores. What cannot be read is left out.
[[nodiscard]] std::vector<int> ParseCoreList(std::string_view text);
[[nodiscard]] std::string CoreListText(std::span<const int> cores);

// The cores that the process (below 0: the first of the group -pid) may use, in order; none when it
// is not there.
[[nodiscard]] std::vector<int> ReadCoresOf(pid_t pid, const env::SystemText& system);

// A line of warning where the generator, on these cores, and the server may run on the same; empty
// where they do not, or nobody knows.
[[nodiscard]] std::string SharedCoresWarning(std::span<const int> generator,
                                             std::span<const int> server);

}  // namespace corelane::loadgen
