// corelane-wal: looks into the log of a stopped server (dump, stats), judges it (verify) and cuts
// torn tails off (truncate-torn). `corelane-wal --help` lists the subcommands. Exit codes: 0 done,
// and the log is sound; 1 it is not, or cannot be read, or a server uses it (standard error says
// what); 2 wrong flags, or no data directory there.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "wal/command.h"
#include "wal/dump_command.h"
#include "wal/stats_command.h"
#include "wal/truncate_command.h"
#include "wal/verify_command.h"

namespace corelane::wal_tool {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

int Fail(int exit_code, const char* why) {
  std::fflush(stdout);
  std::fprintf(stderr, "corelane-wal: %s\n", why);
  return exit_code;
}

int Main(int argc, char** argv) {
  CLI::App app("Looks into the log of a stopped corelane server, and repairs torn tails.",
               "corelane-wal");
  app.set_version_flag("--version", "corelane-wal " CORELANE_VERSION);
  app.require_subcommand(1);
  app.footer(
      "All but truncate-torn change nothing and make no file.\n"
      "Exit codes: 0 sound (a torn tail is), 1 damaged, unreadable or in use, 2 wrong usage.");
  const std::unique_ptr<Command> commands[] = {
      std::make_unique<DumpCommand>(app), std::make_unique<VerifyCommand>(app),
      std::make_unique<StatsCommand>(app), std::make_unique<TruncateCommand>(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return kExitUsage;
  }
  for (const auto& command : commands) {
    if (!command->chosen()) continue;
    if (const Status status = command->Run(); !status.ok()) {
      const bool usage = status.code() == StatusCode::kBadArgument;
      return Fail(usage ? kExitUsage : kExitFailed, status.message().c_str());
    }
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return Fail(kExitFailed, "cannot write to standard output");
  }
  return 0;
}

}  // namespace
}  // namespace corelane::wal_tool

int main(int argc, char** argv) { return corelane::wal_tool::Main(argc, argv); }
