// corelane-bench: its subcommands put load on servers and tell their latencies: run, the
// experiments sweep, find-max, compare and repeat, and report, which joins what they wrote. Without
// a subcommand it runs the classic suite against a running server, or against one that it starts
// for itself when it is told no address. `corelane-bench --help` lists the flags. Exit codes: 0
// done, 1 it could not be done (standard error says why), 2 wrong flags, 3 compare has found B
// worse than A.

#include <corelane/client.h>
#include <corelane/limits.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/classic_suite.h"
#include "bench/command.h"
#include "bench/compare_command.h"
#include "bench/find_max_command.h"
#include "bench/output_file.h"
#include "bench/own_server.h"
#include "bench/repeat_command.h"
#include "bench/report.h"
#include "bench/report_command.h"
#include "bench/run_command.h"
#include "bench/sweep_command.h"
#include "env/clock.h"

namespace corelane::tools {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitWorse = 3;

struct Flags {
  std::string host = "127.0.0.1";
  uint16_t port = kPortDefault;
  bool serve = false;
  std::string server_flags;
  bool version_1_only = false;
  std::string json_path;
  ClassicOptions suite;
};

void AddFlags(CLI::App& app, Flags& flags) {
  CLI::Option* host = app.add_option("--host", flags.host)->capture_default_str();
  CLI::Option* port = app.add_option("--port", flags.port)->capture_default_str();
  app.add_flag(
         "--serve", flags.serve,
         "start a server beside this program, in a temporary directory; so it is when neither "
         "--host nor --port is given")
      ->excludes(host)
      ->excludes(port);
  app.add_option("--server-flags", flags.server_flags,
                 "more flags for that server, separated by blanks (\"--shards=1 --fsync=always\")")
      ->excludes(host)
      ->excludes(port);
  app.add_option("--ops", flags.suite.operations, "operations of each of the three runs")
      ->check(CLI::Range(uint64_t{1}, ClassicSuite::kOperationsMax))
      ->capture_default_str();
  app.add_option("--batch", flags.suite.batch, "PUTs of a batch")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
      ->capture_default_str();
  app.add_option("--value-bytes", flags.suite.value_bytes)
      ->check(CLI::Range(size_t{0}, kValueBytesDefault))
      ->capture_default_str();
  app.add_option("--memory-keys", flags.suite.memory_keys,
                 "keys of the memory profile; 0 leaves it out")
      ->check(CLI::Range(uint64_t{0}, ClassicSuite::kMemoryKeysMax))
      ->capture_default_str();
  app.add_flag("--keep-keys", flags.suite.keep_keys,
               "leave the keys (bench_key_*, bench_mem_*) on the server");
  app.add_flag("--v1", flags.version_1_only,
               "speak version 1 of the protocol only, which has no memory profile");
  app.add_option("--json", flags.json_path, "write the report to this file as well, as JSON");
}

std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Status RunSuite(const Flags& flags, uint16_t port, const std::string& target) {
  ClientOptions options;
  options.host = flags.host;
  options.port = port;
  options.version_1_only = flags.version_1_only;
  Result<Client> client = Client::Connect(options);
  if (!client.ok()) return client.status();
  const env::SystemClock clock;
  ClassicSuite suite(*client, clock, flags.suite);
  const Result<ClassicReport> report = suite.Run();
  if (!report.ok()) return report.status();
  std::fputs(ReportText(*report, target).c_str(), stdout);
  if (flags.json_path.empty()) return OkStatus();
  return WriteOutputFile(flags.json_path, ReportJson(*report, target));
}

Status RunOnOwnServer(Flags flags) {
  const env::SystemClock clock;
  // The keys go away with the server.
  flags.suite.keep_keys = true;
  Result<std::unique_ptr<OwnServer>> server =
      OwnServer::Start(ProgramBeside("corelane-server"), Words(flags.server_flags), clock);
  if (!server.ok()) return server.status();
  flags.suite.local_server = (*server)->pid();
  std::string target = "a server of its own";
  if (!flags.server_flags.empty()) target += " with " + flags.server_flags;
  return RunSuite(flags, (*server)->port(), target);
}

int ExitCodeOf(const Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "corelane-bench: %s\n", status.message().c_str());
  return status.code() == StatusCode::kBadArgument ? kExitUsage : kExitFailed;
}

// As a shell takes it again.
std::string CommandLine(int argc, char** argv) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%^";
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (i > 0) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      // A quote ends the quoted text, stands for itself, and begins it again.
      c == '\'' ? line += "'\\''" : line += c;
    }
    line += '\'';
  }
  return line;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Puts load on key-value servers and tells their latencies (subcommands). Without a "
      "subcommand: "
      "the classic suite on a corelane server, PUT and GET one by one, PUT in batches, memory a "
      "key.");
  Flags flags;
  AddFlags(app, flags);
  const std::unique_ptr<Command> commands[] = {
      std::make_unique<RunCommand>(app),     std::make_unique<SweepCommand>(app),
      std::make_unique<FindMaxCommand>(app), std::make_unique<CompareCommand>(app),
      std::make_unique<RepeatCommand>(app),  std::make_unique<ReportCommand>(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  for (const auto& command : commands) {
    if (!command->chosen()) continue;
    Status status = command->Run(CommandLine(argc, argv));
    // A report that nobody got is none.
    if (status.ok() && (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)) {
      status = Status(StatusCode::kIoError, "cannot write to standard output");
    }
    const int code = ExitCodeOf(status);
    return code == 0 && command->found_worse() ? kExitWorse : code;
  }
  const bool own = flags.serve || (app.count("--host") == 0 && app.count("--port") == 0);
  const Status status =
      own ? RunOnOwnServer(flags)
          : RunSuite(flags, flags.port, flags.host + ":" + std::to_string(flags.port));
  return ExitCodeOf(status);
}

}  // namespace
}  // namespace corelane::tools

int main(int argc, char** argv) {
  // Who reads the output may go; servers and directories are then still to be cleared away.
  std::signal(SIGPIPE, SIG_IGN);
  return corelane::tools::Main(argc, argv);
}
