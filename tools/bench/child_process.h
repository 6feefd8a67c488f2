#pragma once

// ChildProcess: a server that a benchmark starts. Stop() and the destructor end it: SIGTERM, and
// SIGKILL if it will not go; it also dies when this process does. One thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "io/unique_fd.h"

namespace corelane::tools {

class ChildProcess {
 public:
  struct Surroundings {
    std::string errors_path;  // the file that its standard error is appended to
    int output_fd = -1;       // its standard output; below 0: nowhere
    std::vector<int> cpus;    // the cores that it may use; empty: all
  };

  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() { Stop(); }

  // Starts words[0], a path or a name to be found in PATH, with the others as its arguments. Not
  // while one runs.
  [[nodiscard]] Status Start(std::vector<std::string> words, const Surroundings& surroundings);
  // Blocks until it has ended. Does nothing when none runs.
  void Stop();

  // 0: none was started, or it was stopped.
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Waits until it ends by itself; false: it has not, in that time.
  [[nodiscard]] bool WaitForEnd(int timeout_ms) const;
  // ": " and the end of what it wrote on standard error; empty when it wrote nothing.
  [[nodiscard]] std::string LastErrors() const;

 private:
  std::string errors_path_;
  pid_t pid_ = 0;
  io::UniqueFd process_;  // a pidfd, readable when the process has ended
};

}  // namespace corelane::tools
