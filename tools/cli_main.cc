// corelane-cli: one command, or a prompt for many, on a corelane server.

#include <corelane/client.h>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/line_source.h"
#include "cli/repl.h"

namespace corelane::cli {
namespace {

struct Flags {
  std::string host = "127.0.0.1";
  uint16_t port = kPortDefault;
  uint32_t timeout_ms = 10'000;
  std::string embedded;  // a directory; empty: a server
  std::vector<std::string> words;
};

int ExitCode(Outcome outcome) { return static_cast<int>(outcome); }

int Fail(Outcome outcome, const std::string& why) {
  std::cout.flush();
  std::cerr << "corelane-cli: " << why << '\n';
  return ExitCode(outcome);
}

// The program goes on when this is empty; otherwise it ends with this exit code.
std::optional<int> ReadFlags(int argc, char** argv, Flags& flags) {
  CLI::App app("Runs COMMAND on a corelane server or store; without COMMAND, reads one a line.",
               "corelane-cli");
  app.set_version_flag("--version", "corelane-cli " CORELANE_VERSION);
  CLI::Option* host = app.add_option("--host", flags.host, "Name or address of the server");
  host->capture_default_str();
  CLI::Option* port = app.add_option("--port", flags.port, "TCP port of the server");
  port->check(CLI::Range(1, 65'535))->capture_default_str();
  app.add_option("--timeout-ms", flags.timeout_ms, "How long to wait for an answer; 0: for ever")
      ->capture_default_str();
  app.add_option("--embedded", flags.embedded, "Work on the store in this directory, no server")
      ->check(
          CLI::Validator([](std::string& name) { return name.empty() ? "no name" : ""; }, "DIR"))
      ->excludes(host)
      ->excludes(port);
  // What follows the command is data, even if it begins with a dash.
  app.prefix_command();
  app.footer(
      Commands::UsageList() +
      "Flags go before the command.\n"
      "export and import: NAME is json (types and times), json-object (types, no expiry),\n"
      "zigkv001 or resp (no types; resp is for redis-cli --pipe as well); FILE - is standard\n"
      "output or input. An import checks all of the file before it changes anything, and\n"
      "overwrites keys that are there. Entries are created anew: when they were created\n"
      "before is in the file only. Client flags of the memcache protocol are not exported.\n"
      "Exit codes: 0 done, 1 not found or a bad file to import, 2 wrong usage, 3 connection,\n"
      "server or disk error.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return Fail(Outcome::kUsage, std::string(error.what()) + "; --help lists the flags");
  }
  flags.words = app.remaining();
  if (!flags.words.empty() && flags.words[0].starts_with('-')) {
    return Fail(Outcome::kUsage, "no such flag: " + flags.words[0] + "; --help lists the flags");
  }
  return std::nullopt;
}

std::string HistoryFile() {
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.corelane_history";
}

Result<std::unique_ptr<Backend>> MakeBackend(const Flags& flags) {
  if (!flags.embedded.empty()) return OpenBackend(flags.embedded);
  ClientOptions options;
  options.host = flags.host;
  options.port = flags.port;
  options.connect_timeout_ms = flags.timeout_ms;
  options.request_timeout_ms = flags.timeout_ms;
  // The server knows its limits; these only guard against nonsense.
  options.key_bytes_max = kKeyBytesHardMax;
  options.value_bytes_max = kValueBytesHardMax;
  return ConnectBackend(std::move(options));
}

int Main(int argc, char** argv) {
  Flags flags;
  if (const std::optional<int> code = ReadFlags(argc, argv, flags)) return *code;
  const Result<std::unique_ptr<Backend>> backend = MakeBackend(flags);
  if (!backend.ok()) return Fail(Outcome::kFailed, Advice(backend.status()));
  Commands commands(**backend, std::cout, std::cerr);
  Outcome outcome = Outcome::kDone;
  if (!flags.words.empty()) {
    outcome = commands.Run(flags.words);
  } else {
    const auto lines = OpenStandardInput(::isatty(STDIN_FILENO) != 0, HistoryFile());
    outcome = RunRepl(*lines, commands, std::cout, std::cerr);
  }
  if (const Status status = (*backend)->Close(); !status.ok()) {
    return Fail(Outcome::kFailed, Advice(status));
  }
  std::cout.flush();
  if (!std::cout.good()) return Fail(Outcome::kFailed, "cannot write to standard output");
  return ExitCode(outcome);
}

}  // namespace
}  // namespace corelane::cli

int main(int argc, char** argv) { return corelane::cli::Main(argc, argv); }
