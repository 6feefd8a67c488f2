#pragma once

// ChildProcess: a server that a benchmark starts, as the leader of a process group of its own, so
// that Ctrl-C of a terminal is for the benchmark alone and the server can be ended with all that it
// has started. It is killed when this process dies, of which only what it has started itself does
// not learn. While one runs, this process adopts the orphans of what it started, and takes its
// children that were not there before for such orphans: of several, the one that was started last
// is to be ended first. One thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "io/unique_fd.h"

namespace corelane::tools {

class ChildProcess {
 public:
  struct Surroundings {
    std::string errors_path;  // the file that its standard error is appended to
    int output_fd = -1;       // its standard output; below 0: where its errors go
    std::vector<int> cpus;    // the cores that it may use; empty: all
  };

  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() { Stop(); }

  // Starts words[0], a path or a name to be found in PATH, with the others as its arguments. Not
  // while one runs.
  [[nodiscard]] Status Start(std::vector<std::string> words, const Surroundings& surroundings);
  // Blocks until it and all that it started have ended: SIGTERM, and SIGKILL for what has not gone
  // after ten seconds, or when `hurries`, which is asked meanwhile, says so. Does nothing when none
  // runs.
  void Stop(const std::function<bool()>& hurries = nullptr);

  // 0: none was started, or it was stopped. Also the number of the group.
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Waits until it ends by itself; false: it has not, in that time.
  [[nodiscard]] bool WaitForEnd(int timeout_ms) const;
  // It has ended by itself and says that all is well, as one does that goes to the background.
  [[nodiscard]] bool EndedWell() const;
  // ": " and the end of what it wrote; empty when it wrote nothing.
  [[nodiscard]] std::string LastWords() const;

 private:
  [[nodiscard]] bool WaitForGroup(const std::function<bool()>& hurries) const;
  void KillOrphans() const;

  std::string errors_path_;
  pid_t pid_ = 0;
  io::UniqueFd process_;               // a pidfd, readable when the process has ended
  std::vector<pid_t> other_children_;  // that this process had before
};

}  // namespace corelane::tools
