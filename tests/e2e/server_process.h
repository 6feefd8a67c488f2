#pragma once

// ServerProcess: the real corelane-server as a child of the test. Its path comes in the environment
// variable CORELANE_SERVER, its standard error goes to a file, its first lines say where it
// listens.
//
// The test owns it; whatever happens the child does not outlive the object, nor the test: it is
// killed in the destructor, and by the kernel when the thread that started it ends. Start servers
// from the test's main thread, while no other thread runs.
//
// Every wait ends at kDeadlineMillis at the latest, with a failure that the test sees.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/unique_fd.h"

namespace corelane::e2e {

inline constexpr int64_t kDeadlineMillis = 60'000;

// Sanitizers make everything slower and larger. The build says whether one is there.
inline constexpr bool kSanitized = CORELANE_SANITIZED != 0;

inline constexpr bool kHasRocksDb = CORELANE_ROCKSDB != 0;

// Tests that run once for each way to serve: a back end of the event loop, or "rocksdb", which is
// that engine with any back end.
[[nodiscard]] std::string VariantFlag(const std::string& variant);
[[nodiscard]] std::vector<const char*> Variants();

// Milliseconds of a clock that only goes forward.
[[nodiscard]] int64_t NowMillis();

// Asks `condition` again and again until it holds; false when it does not before the deadline.
[[nodiscard]] bool Eventually(const std::function<bool()>& condition);

// How a process ended.
struct Ended {
  int exit_code = -1;  // -1: by a signal
  int signal = 0;
};

class ServerProcess {
 public:
  // What the child does between fork and exec, on itself only: limits, filters.
  using Prepare = void (*)();

  // Starts `corelane-server FLAGS...`; it has not said anything yet.
  ServerProcess(std::vector<std::string> flags, const std::string& stderr_file,
                Prepare prepare = nullptr);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  // Waits for "ready". False when the process ends before, or takes too long.
  [[nodiscard]] bool WaitReady();
  // Of the first listener, after WaitReady().
  [[nodiscard]] uint16_t port() const { return ports_.empty() ? uint16_t{0} : ports_[0]; }
  [[nodiscard]] const std::vector<uint16_t>& ports() const { return ports_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void Signal(int number) const;
  // SIGKILL, and waits for the end.
  void Kill();
  // Waits until the process has ended by itself; nothing when it does not.
  [[nodiscard]] std::optional<Ended> Wait();
  // SIGTERM, then Wait().
  [[nodiscard]] std::optional<Ended> Terminate();

  // What it has written to standard error so far.
  [[nodiscard]] std::string Errors() const;
  [[nodiscard]] size_t ResidentBytes() const;

 private:
  [[nodiscard]] bool TakeLine(std::string& line);

  const std::string stderr_file_;
  pid_t pid_ = -1;  // -1 once it has been waited for
  io::UniqueFd stdout_;
  std::string unread_;
  std::vector<uint16_t> ports_;
};

// The flags of every test server: a free port on the loopback, logs in `directory`, no pinning
// (tests run beside each other). Later flags of a test are added behind.
[[nodiscard]] std::vector<std::string> Flags(const std::string& directory,
                                             const std::vector<std::string>& more = {});

[[nodiscard]] std::string ReadFile(const std::string& path);

}  // namespace corelane::e2e
