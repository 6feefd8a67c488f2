#pragma once

// OwnServer: a corelane-server that a benchmark starts for itself, on a free port of the loopback
// address and with its data in a temporary directory; both go away with it. One thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/child_process.h"
#include "bench/temporary_directory.h"
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

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }

 private:
  explicit OwnServer(const env::Clock& clock) : clock_(clock) {}

  Status Spawn(const std::string& program, const std::vector<std::string>& flags);
  Status WaitUntilReady();
  [[nodiscard]] bool ReadPort(const std::string& output);

  const env::Clock& clock_;
  TemporaryDirectory directory_;
  io::UniqueFd output_;  // what it prints; kept open so that printing never fails
  ChildProcess process_;
  uint16_t port_ = 0;
};

// The program `name` in the directory that this program was started from.
[[nodiscard]] std::string ProgramBeside(const std::string& name);

}  // namespace corelane::tools
