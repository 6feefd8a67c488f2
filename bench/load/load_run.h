#pragma once

// LoadRun: a closed loop of load on one server, from one thread: every connection sends a batch of
// `pipeline` requests in one write, waits for all their replies, and sends the next. It is built to
// cost little beside the server, so that one core of load can saturate one core of server: no
// allocation, no formatting and one read of the clock per batch.
//
// The latency of a request is the time from the write of its batch to the arrival of its reply. A
// closed loop does not see what a stalled server would have kept others waiting for; it is for CPU
// per operation and for stalls, not for tail latency under a given rate.
//
// Used once, on one thread: Connect(), then Run().

#include <corelane/status.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/random.h"
#include "env/clock.h"
#include "env/process_stat.h"
#include "io/unique_fd.h"
#include "load/wire.h"

namespace corelane::bench {

enum class Operation {
  kGet,   // of random keys
  kSet,   // of random keys
  kMix,   // GET with probability get_share, else SET
  kFill,  // SET of every key once, in order
};

struct LoadOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  Protocol protocol = Protocol::kResp;
  Operation operation = Operation::kGet;
  double get_share = 0.9;
  size_t connections = 50;
  size_t pipeline = 1;
  uint64_t keys = 1'000'000;
  size_t value_bytes = 64;
  uint64_t requests = 0;  // 0: as many as fit into `seconds`
  double seconds = 2;
  double warmup_seconds = 0.2;  // not with `requests`, nor with kFill
  uint64_t seed = 1;
  pid_t server_pid = 0;  // 0: nobody's CPU time is read
};

// One of the longest waits for a reply.
struct Wait {
  int64_t nanos = 0;
  uint64_t operation = 0;  // how many replies had come before
};

struct LoadReport {
  uint64_t operations = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t stored = 0;
  double seconds = 0;
  base::Histogram latency_ns;
  // Longest first; of a run with one connection only, since with more of them a stall would fill
  // the list with its copies.
  std::vector<Wait> longest_waits;
  env::ProcessStat server;  // CPU time used in the measured interval; memory at its end
  uint64_t resident_before_bytes = 0;
};

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, const env::Clock& clock);

  Status Connect();
  Result<LoadReport> Run();

 private:
  struct Connection {
    io::UniqueFd fd;
    std::vector<char> out;
    size_t out_size = 0;
    size_t out_sent = 0;
    std::vector<char> in;
    size_t in_size = 0;
    uint64_t outstanding = 0;
    int64_t batch_start_ns = 0;
    bool waits_for_room = false;
  };

  [[nodiscard]] bool Finite() const;
  Status OpenConnection(Connection& connection);
  Status StartBatch(Connection& connection, int64_t now_ns);
  char* RenderNext(char* out);
  Status Flush(Connection& connection);
  Status WatchForRoom(Connection& connection, bool wanted);
  Status Receive(Connection& connection);
  Status OnEvent(Connection& connection, uint32_t events);
  void Count(const ScanResult& scan, int64_t now_ns, int64_t start_ns);
  void RememberWait(int64_t nanos);
  Status BeginMeasuring(int64_t now_ns);
  Status EndMeasuring(int64_t now_ns);
  Status OnTime(int64_t now_ns);

  const LoadOptions options_;
  const env::Clock& clock_;
  const Wire wire_;
  base::Random random_;
  io::UniqueFd epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;

  uint64_t requests_left_ = 0;  // to be sent, when the run is finite
  uint64_t next_fill_key_ = 0;
  uint64_t outstanding_ = 0;
  uint64_t mix_threshold_ = 0;

  bool measuring_ = false;
  bool stopping_ = false;
  int64_t measure_from_ns_ = 0;
  int64_t measure_until_ns_ = 0;
  int64_t measure_start_ns_ = 0;
  env::ProcessStat server_before_;
  LoadReport report_;
};

}  // namespace corelane::bench
