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
#include "bench/stop_signals.h"
#include "bench/temporary_directory.h"
#include "env/clock.h"
#include "loadgen/target.h"

namespace corelane::tools {

// What the flags say of it. In both texts {port} stands for a free port of the loopback address
// and {dir} for an empty directory, new at each start and removed after it; one text has a {port}
// if the other has.
struct TestedServerPlan {
  std::string target = "native://127.0.0.1:7878";  // as --target has it
  std::string start;      // for sh; the server stays in the foreground. Empty: it is there
  std::vector<int> cpus;  // the cores that a started one may use; empty: all
  pid_t pid = 0;          // of one that is there; 0: not known
};

// Adds --target, --start, --server-cpus and --server-pid.
void AddTestedServerFlags(CLI::App& command, TestedServerPlan& plan);

// The flags of a server that is started: what --start and its cores are for.
inline constexpr char kStartHelp[] =
    "a shell command that starts it and stays in the foreground; {port} stands for a free port, "
    "{dir} for an empty directory. Its CPU time is that of all processes that the command starts";

// kBadArgument: the flags contradict each other.
[[nodiscard]] Status CheckPlan(const TestedServerPlan& plan);

class TestedServer {
 public:
  // While it starts and stops, `signals` are asked whether somebody wants to wait for that.
  TestedServer(const TestedServerPlan& plan, const env::Clock& clock, StopSignals& signals);
  ~TestedServer() { Stop(); }
  TestedServer(const TestedServer&) = delete;
  TestedServer& operator=(const TestedServer&) = delete;

  // Starts it if it is to be started, and waits until it accepts connections. Call Stop() before it
  // is started again. kBadArgument: CheckPlan(). kClosed: a stop signal came.
  [[nodiscard]] Status Start();
  // Ends all that the command has started; a second stop signal kills it.
  void Stop();

  [[nodiscard]] bool starts() const { return !plan_.start.empty(); }
  // Where it is: the target with the port filled in.
  [[nodiscard]] std::string Target() const;
  // For env::ReadProcessStat(). Of one that is started it is the group: what listens may be a child
  // of the shell, and it may be several.
  [[nodiscard]] pid_t pid() const { return starts() ? -process_.pid() : plan_.pid; }

 private:
  [[nodiscard]] Status WaitUntilItAccepts(const std::vector<loadgen::Target>& targets);
  [[nodiscard]] Status WaitOrSayWhyNot(const loadgen::Target& target, int64_t deadline_ns);
  [[nodiscard]] Status Ended() const;
  [[nodiscard]] std::string ServerDirectory() const { return directory_.path() + "/server"; }
  [[nodiscard]] std::string Filled(std::string text) const;

  const TestedServerPlan plan_;
  const env::Clock& clock_;
  StopSignals& signals_;
  uint16_t port_ = 0;
  TemporaryDirectory directory_;
  ChildProcess process_;
};

}  // namespace corelane::tools
