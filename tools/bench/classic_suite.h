#pragma once

// The classic suite: sequential PUTs, sequential GETs, PUTs in batches, and a memory profile, over
// one connection of the client library. Each GET is checked against what was put. Blocking; one
// thread; the client and the clock must outlive the suite.

#include <corelane/client.h>
#include <corelane/status.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "bench/latency_buckets.h"
#include "common/progress.h"
#include "env/clock.h"

namespace corelane::tools {

struct ClassicOptions {
  uint64_t operations = 10'000;
  uint64_t batch = 1'000;
  size_t value_bytes = 64;
  uint64_t memory_keys = 1'000'000;  // 0 leaves the memory profile out
  bool keep_keys = false;            // else the suite deletes what it has put
  // The server's process, when it is known to run on this machine. Its memory is then read from the
  // system, without the log's mapped files; else the server is asked for its resident memory, which
  // has them in it.
  pid_t local_server = 0;
};

// One of the three runs. The latencies are those of an operation, or of a whole batch where the
// operations go in batches.
struct RunReport {
  uint64_t operations = 0;
  double seconds = 0;
  base::Histogram latency_ns;
  LatencyBuckets buckets;

  [[nodiscard]] double OperationsPerSecond() const {
    return seconds > 0 ? static_cast<double>(operations) / seconds : 0;
  }
};

struct MemoryReport {
  uint64_t keys = 0;
  uint64_t key_bytes = 0;
  bool anonymous = false;        // of the anonymous memory only, else of all that is resident
  uint64_t resident_before = 0;  // bytes of the server process
  uint64_t resident_after = 0;

  [[nodiscard]] double BytesPerKey() const {
    return (static_cast<double>(resident_after) - static_cast<double>(resident_before)) /
           static_cast<double>(keys);
  }
};

struct ClassicReport {
  ClassicOptions options;
  RunReport puts;
  RunReport gets;
  RunReport batches;
  std::optional<MemoryReport> memory;
  std::string memory_note;  // why there is no memory report
};

class ClassicSuite {
 public:
  // Numbers go into keys of 18 and 20 bytes, with eight and ten digits.
  static constexpr uint64_t kOperationsMax = 100'000'000;
  static constexpr uint64_t kMemoryKeysMax = 1'000'000'000;

  ClassicSuite(Client& client, const env::Clock& clock, const ClassicOptions& options);

  // Stops at the first error, which names the run it came up in.
  Result<ClassicReport> Run();

 private:
  Result<RunReport> Puts();
  Result<RunReport> Gets();
  Result<RunReport> Batches();
  Status ProfileMemory(ClassicReport& report);
  Status PutMemoryKeys();
  Status DeleteKeys();
  [[nodiscard]] Result<std::optional<uint64_t>> ResidentBytes();
  [[nodiscard]] std::optional<uint64_t> AnonymousBytes() const;

  Client& client_;
  const env::Clock& clock_;
  const ClassicOptions options_;
  const std::string value_;
  Progress progress_;
};

}  // namespace corelane::tools
