#pragma once

// Command: a subcommand of corelane-bench. Its constructor adds it with its flags to the program's
// command line, which must not outlive it. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>

namespace corelane::tools {

class Command {
 public:
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  // It is the one that was typed.
  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  // Does it and prints what came of it; reports tell the command line. kBadArgument: a flag makes
  // no sense.
  [[nodiscard]] virtual Status Run(const std::string& command_line) = 0;
  // It was done, and what it has found is bad news: the program's exit code says so.
  [[nodiscard]] virtual bool found_worse() const { return false; }

 protected:
  Command(CLI::App& app, const std::string& name, const std::string& description)
      : command_(app.add_subcommand(name, description)) {}

  [[nodiscard]] CLI::App& command() const { return *command_; }

 private:
  CLI::App* const command_;
};

}  // namespace corelane::tools
