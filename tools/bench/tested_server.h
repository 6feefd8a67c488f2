#pragma once

// TestedServer: a server that an experiment measures: one that is there already, or one that it
// starts from a command line, on cores of its own and as often as it likes. One thread.

#include <corelane/status.h>
#include <sys/types.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/child_process.h"
#include "bench/temporary_directory.h"
#include "env/clock.h"

namespace corelane::tools {

// What the flags say of it. In both texts {port} stands for a free port of the loopback address
// and {dir} for an empty directory, new at each start and removed after it.
struct TestedServerPlan {
  std::string target = "native://127.0.0.1:7878";  // as --target has it
  std::string start;      // for the shell; the server stays in the foreground. Empty: it is there
  std::vector<int> cpus;  // the cores that a started one may use; empty: all
  pid_t pid = 0;          // of one that is there; 0: not known
};

// Adds --start, --server-cpus and --server-pid.
void AddTestedServerFlags(CLI::App& command, TestedServerPlan& plan);

class TestedServer {
 public:
  TestedServer(const TestedServerPlan& plan, const env::Clock& clock);
  TestedServer(const TestedServer&) = delete;
  TestedServer& operator=(const TestedServer&) = delete;

  // Starts it if it is to be started, and waits until it accepts connections. Call Stop() before it
  // is started again.
  [[nodiscard]] Status Start();
  void Stop();

  [[nodiscard]] bool starts() const { return !plan_.start.empty(); }
  // Where it is: the target with the port filled in.
  [[nodiscard]] std::string Target() const;
  [[nodiscard]] pid_t pid() const { return starts() ? process_.pid() : plan_.pid; }

 private:
  [[nodiscard]] Status WaitUntilItAccepts();
  [[nodiscard]] std::string Filled(std::string text) const;

  const TestedServerPlan plan_;
  const env::Clock& clock_;
  uint16_t port_ = 0;
  TemporaryDirectory directory_;
  ChildProcess process_;
};

}  // namespace corelane::tools
