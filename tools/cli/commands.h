#pragma once

// The commands of corelane-cli, the same in one shot and in the REPL: words in, text out. Owned by
// main; one thread.

#include <corelane/status.h>

#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "cli/backend.h"

namespace corelane::cli {

// The exit codes of the program.
enum class Outcome : int {
  kDone = 0,
  kNotFound = 1,  // the answer was (nil) or (0)
  kBadFile = 1,   // the file to import is not right; nothing was changed
  kUsage = 2,     // no such command, or not with these arguments
  kFailed = 3,    // connection, server or disk
};

class Commands {
 public:
  // Answers go to `out`, one line each; what went wrong to `err`, in one line.
  Commands(Backend& backend, std::ostream& out, std::ostream& err)
      : backend_(backend), out_(out), err_(err) {}

  // `words` is the command and its arguments. Anything that is no command prints the list of
  // commands.
  Outcome Run(std::span<const std::string> words);

  // The list of commands, a line each.
  [[nodiscard]] static std::string UsageList();

 private:
  using Arguments = std::span<const std::string>;
  struct Command;

  Outcome Put(Arguments arguments);
  Outcome Get(Arguments arguments);
  Outcome Delete(Arguments arguments);
  Outcome Increment(Arguments arguments);
  Outcome Ttl(Arguments arguments);
  Outcome Expire(Arguments arguments);
  Outcome Count(Arguments arguments);
  Outcome List(Arguments arguments);
  Outcome Stats(Arguments arguments);
  Outcome Save(Arguments arguments);
  Outcome Ping(Arguments arguments);
  Outcome Export(Arguments arguments);
  Outcome Import(Arguments arguments);
  Outcome Fail(const Status& status);
  Outcome Misused(std::string_view why);
  Outcome Answer(bool yes);

  static std::span<const Command> Table();

  Backend& backend_;
  std::ostream& out_;
  std::ostream& err_;
};

// One line that says what went wrong and, where that is known, what to do about it.
[[nodiscard]] std::string Advice(const Status& status);

}  // namespace corelane::cli
