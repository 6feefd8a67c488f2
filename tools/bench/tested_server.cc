#include "bench/tested_server.h"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/status_macros.h"
#include "bench/flag_checks.h"
#include "io/socket.h"

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

bool HasPort(const std::string& text) { return text.find("{port}") != std::string::npos; }

}  // namespace

void AddTestedServerFlags(CLI::App& command, TestedServerPlan& plan) {
  command.add_option("--target", plan.target, "SCHEME://HOST:PORT")->capture_default_str();
  CLI::Option* const start = command.add_option("--start", plan.start, kStartHelp);
  command.add_option("--server-cpus", plan.cpus, "the cores for that server, as 0,1")
      ->delimiter(',')
      ->check(CheckCore)
      ->needs(start);
  command
      .add_option("--server-pid", plan.pid,
                  "a server on this machine whose CPU time and memory to report")
      ->check(CheckProcess)
      ->excludes(start);
}

Status CheckPlan(const TestedServerPlan& plan) {
  if (HasPort(plan.start) == HasPort(plan.target)) return OkStatus();
  return Status(StatusCode::kBadArgument,
                HasPort(plan.target)
                    ? "{port} in " + plan.target + ": no command starts a server at it"
                    : "{port} in the command that starts the server: it is not measured there, "
                      "but at " +
                          plan.target);
}

TestedServer::TestedServer(const TestedServerPlan& plan, const env::Clock& clock,
                           StopSignals& signals)
    : plan_(plan), clock_(clock), signals_(signals) {}

Status TestedServer::Start() {
  RETURN_IF_ERROR(CheckPlan(plan_));
  if (!starts()) return OkStatus();
  const Result<uint16_t> port = FreePort();
  if (!port.ok()) return port.status();
  port_ = *port;
  const Result<std::vector<loadgen::Target>> targets = loadgen::ParseTargets(Target());
  if (!targets.ok()) return targets.status();
  for (const loadgen::Target& target : *targets) {
    // It would be measured instead of the one that is started.
    if (io::Connect(target.endpoint).ok()) {
      return Status(StatusCode::kIoError,
                    "something already listens at " + loadgen::TargetText(target));
    }
  }
  RETURN_IF_ERROR(directory_.Make());
  std::error_code error;
  if (!std::filesystem::create_directory(ServerDirectory(), error)) {
    return Status(StatusCode::kIoError, "cannot make " + ServerDirectory());
  }
  RETURN_IF_ERROR(process_.Start(
      {"/bin/sh", "-c", Filled(plan_.start)},
      {.errors_path = directory_.path() + "/errors", .output_fd = -1, .cpus = plan_.cpus}));
  return WaitUntilItAccepts(*targets);
}

void TestedServer::Stop() {
  process_.Stop([this] { return signals_.CameAgain(); });
  directory_.Remove();
}

Status TestedServer::WaitUntilItAccepts(const std::vector<loadgen::Target>& targets) {
  const int64_t deadline_ns = clock_.MonotonicNanos() + kReadyTimeoutNanos;
  for (const loadgen::Target& target : targets) {
    while (!io::Connect(target.endpoint).ok()) {
      RETURN_IF_ERROR(WaitOrSayWhyNot(target, deadline_ns));
    }
  }
  // Somebody else may have come to listen there.
  return process_.WaitForEnd(0) ? Ended() : OkStatus();
}

Status TestedServer::WaitOrSayWhyNot(const loadgen::Target& target, int64_t deadline_ns) {
  if (process_.WaitForEnd(kTryAgainMillis)) return Ended();
  if (signals_.Came()) {
    return Status(StatusCode::kClosed, "stopped while the server was starting");
  }
  if (clock_.MonotonicNanos() < deadline_ns) return OkStatus();
  return Status(StatusCode::kTimeout, "the server does not accept connections at " +
                                          loadgen::TargetText(target) + process_.LastWords());
}

Status TestedServer::Ended() const {
  const std::string why = process_.EndedWell() ? " (it must stay in the foreground)" : "";
  return Status(StatusCode::kIoError,
                "the server ended" + why + ": " + Filled(plan_.start) + process_.LastWords());
}

std::string TestedServer::Target() const { return Filled(plan_.target); }

std::string TestedServer::Filled(std::string text) const {
  Replace(text, "{port}", std::to_string(port_));
  Replace(text, "{dir}", ServerDirectory());
  return text;
}

}  // namespace corelane::tools
