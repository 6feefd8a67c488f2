#pragma once

// LoadOptions: what a run is to do. A plain value, the same for all threads of the run.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "loadgen/arrivals.h"
#include "loadgen/key_text.h"
#include "loadgen/recorded_commands.h"
#include "loadgen/target.h"
#include "loadgen/workload.h"

namespace corelane::loadgen {

struct LoadOptions {
  std::vector<Target> targets;  // connections go to one after the other
  uint32_t threads = 1;
  uint32_t connections = 50;  // of all threads together; each has one at least
  // Requests under way on one connection at most. An open loop with all of them taken lets its
  // operations wait, which their response times tell.
  uint32_t pipeline = 1;

  // Open loop: when operations start. Empty: a closed loop, in which a connection starts the next
  // operation when one is answered, `think_ns` later.
  std::vector<RateSegment> rate;
  Spacing spacing = Spacing::kPoisson;
  int64_t think_ns = 0;

  int64_t warmup_ns = 0;               // before anything is counted
  int64_t duration_ns = 0;             // of what is counted; 0: until `operations` are answered
  uint64_t operations = 0;             // 0: no bound
  int64_t timeout_ns = 5'000'000'000;  // a reply that has not come by then counts as a timeout

  WorkloadOptions workload;
  KeyTextOptions key_text;
  bool prefill = false;  // writes all keys once, before the warm-up
  // Checks what is read (verifier.h). All keys are written before, and each connection keeps to
  // keys of its own.
  bool verify = false;
  // Instead of the workload: these commands, one after the other, round and round. Of several
  // threads, each takes every so manyth. RESP targets only. Null: none.
  std::shared_ptr<const RecordedCommands> replay;

  // A server on this machine whose CPU time and memory to read, as ReadProcessStat() has it: below
  // 0 a group of processes. 0: none.
  pid_t server_pid = 0;
  std::vector<int> cpus;  // a thread each, in turn; empty: wherever the system likes
  // How long before a deadline a thread stops sleeping and watches the clock. A sleeper on a
  // virtual machine is now and then more than 100 us late.
  int64_t spin_ns = 250'000;

  [[nodiscard]] bool open_loop() const { return !rate.empty(); }
  [[nodiscard]] bool prefills() const { return prefill || verify; }
};

}  // namespace corelane::loadgen
