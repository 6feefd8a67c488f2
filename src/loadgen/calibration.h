#pragma once

// Calibration: what the generator can do on this machine, measured right before a run against a
// canned server in this very process, so that a run can say whether its figures are the server's or
// its own. It takes about 0.4 s, on two threads of its own: the one that measures on the first of
// the run's cores, the server on another core where there is one.
//
// Plain values, and functions that block. One thread at a time.

#include <corelane/status.h>

#include <cstdint>

#include "env/clock.h"
#include "io/socket.h"
#include "loadgen/load_options.h"
#include "loadgen/network.h"

namespace corelane::loadgen {

struct Calibration {
  // How late a thread is that sleeps to a deadline. A worker watches the clock for the last part of
  // its way (LoadOptions::spin_ns), so this is not how late operations start: it is how late they
  // would.
  int64_t timer_late_p50_ns = 0;
  int64_t timer_late_p99_ns = 0;
  // One request at a time, to a server that does nothing: two wake-ups and the kernel's way between
  // them. No service time of a run can be shorter.
  int64_t round_trip_p50_ns = 0;
  int64_t round_trip_p99_ns = 0;
  // What one thread manages in the protocol of the run with values of its size, and its CPU time
  // for each.
  double requests_per_s = 0;
  double cpu_us_per_request = 0;

  // The most that one thread may be trusted with. The CPU time speaks where the canned server was
  // the slower one: both share a core where there is only one.
  [[nodiscard]] double CeilingPerSecond() const;
};

// Whether a run is long enough to be calibrated unasked: 2 s, or as long as its operations take.
[[nodiscard]] bool WorthCalibrating(const LoadOptions& options);

// Blocks for about 0.4 s. Fails where the machine refuses a socket or a loop.
[[nodiscard]] Result<Calibration> Calibrate(const LoadOptions& options, Network& network,
                                            const env::Clock& clock);

// ---- The parts of it, on the calling thread ----

[[nodiscard]] Status MeasureTimers(Network& network, const env::Clock& clock,
                                   Calibration& calibration);
// Both against the server of `load`, which is one of the two below.
[[nodiscard]] Status MeasureRoundTrip(const LoadOptions& load, Network& network,
                                      const env::Clock& clock, Calibration& calibration);
[[nodiscard]] Status MeasureCeiling(const LoadOptions& load, Network& network,
                                    const env::Clock& clock, Calibration& calibration);

// What they ask of a canned server at this address: reads of the run's keys in its protocol, in a
// closed loop without warm-up; one at a time, or as many at a time as one thread of the run has
// under way. An open loop sends what is due one by one however deep its pipeline may get, so that
// its ceiling is that of pipeline 1.
[[nodiscard]] LoadOptions RoundTripLoad(const LoadOptions& run, const io::Endpoint& server);
[[nodiscard]] LoadOptions CeilingLoad(const LoadOptions& run, const io::Endpoint& server);

}  // namespace corelane::loadgen
