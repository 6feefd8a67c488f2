#include "bench/tested_server.h"

#include <string_view>

#include "base/status_macros.h"
#include "io/socket.h"
#include "loadgen/target.h"

namespace corelane::tools {
namespace {

constexpr int64_t kReadyTimeoutNanos = 30'000'000'000;
constexpr int kTryAgainMillis = 20;

void Replace(std::string& text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// One that is free now. Somebody else may take it before the server does, which then says so.
Result<uint16_t> FreePort() {
  const Result<io::UniqueFd> listener = io::Listen({.host = "127.0.0.1", .port = 0}, 1);
  if (!listener.ok()) return listener.status();
  return io::LocalPort(listener->get());
}

}  // namespace

void AddTestedServerFlags(CLI::App& command, TestedServerPlan& plan) {
  CLI::Option* const start =
      command.add_option("--start", plan.start,
                         "a shell command that starts the server and stays in the foreground; "
                         "{port} stands for a free port, {dir} for an empty directory");
  command.add_option("--server-cpus", plan.cpus, "the cores for that server, as 0,1")
      ->delimiter(',')
      ->needs(start);
  command
      .add_option("--server-pid", plan.pid,
                  "a server on this machine whose CPU time and memory to report")
      ->excludes(start);
}

TestedServer::TestedServer(const TestedServerPlan& plan, const env::Clock& clock)
    : plan_(plan), clock_(clock) {}

Status TestedServer::Start() {
  if (!starts()) return OkStatus();
  const Result<uint16_t> port = FreePort();
  if (!port.ok()) return port.status();
  port_ = *port;
  RETURN_IF_ERROR(directory_.Make());
  RETURN_IF_ERROR(process_.Start(
      {"/bin/sh", "-c", "exec " + Filled(plan_.start)},
      {.errors_path = directory_.path() + "/errors", .output_fd = -1, .cpus = plan_.cpus}));
  return WaitUntilItAccepts();
}

void TestedServer::Stop() {
  process_.Stop();
  directory_.Remove();
}

Status TestedServer::WaitUntilItAccepts() {
  const Result<std::vector<loadgen::Target>> targets = loadgen::ParseTargets(Target());
  if (!targets.ok()) return targets.status();
  const int64_t deadline_ns = clock_.MonotonicNanos() + kReadyTimeoutNanos;
  for (const loadgen::Target& target : *targets) {
    while (!io::Connect(target.endpoint).ok()) {
      if (process_.WaitForEnd(kTryAgainMillis)) {
        return Status(StatusCode::kIoError,
                      "the server ended: " + Filled(plan_.start) + process_.LastErrors());
      }
      if (clock_.MonotonicNanos() > deadline_ns) {
        return Status(StatusCode::kTimeout, "the server does not accept connections at " +
                                                loadgen::TargetText(target) +
                                                process_.LastErrors());
      }
    }
  }
  return OkStatus();
}

std::string TestedServer::Target() const { return Filled(plan_.target); }

std::string TestedServer::Filled(std::string text) const {
  Replace(text, "{port}", std::to_string(port_));
  Replace(text, "{dir}", directory_.path());
  return text;
}

}  // namespace corelane::tools
