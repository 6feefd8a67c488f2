#pragma once

// OwnServer: a corelane-server that a benchmark starts for itself, on a free port of the loopback
// address and with its data in a temporary directory that goes away with it. The destructor stops
// the server (SIGTERM, and SIGKILL if it will not go); it also dies when this process does. One
// thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "env/clock.h"
#include "io/unique_fd.h"

namespace corelane::tools {

class OwnServer {
 public:
  // Starts `program` with `flags` behind the ones it needs, and waits until it is ready.
  static Result<std::unique_ptr<OwnServer>> Start(const std::string& program,
                                                  const std::vector<std::string>& flags,
                                                  const env::Clock& clock);
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;
  ~OwnServer();

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  explicit OwnServer(const env::Clock& clock) : clock_(clock) {}

  Status MakeDirectory();
  Status Spawn(const std::string& program, const std::vector<std::string>& flags);
  Status WaitUntilReady();
  [[nodiscard]] bool ReadPort(const std::string& output);
  [[nodiscard]] std::string LastErrors() const;
  [[nodiscard]] bool WaitForEnd(int timeout_ms);

  const env::Clock& clock_;
  std::string directory_;
  pid_t pid_ = 0;
  io::UniqueFd process_;  // a pidfd, readable when the process has ended
  io::UniqueFd output_;   // what it prints; kept open so that printing never fails
  uint16_t port_ = 0;
};

// The program `name` in the directory that this program was started from.
[[nodiscard]] std::string ProgramBeside(const std::string& name);

}  // namespace corelane::tools
