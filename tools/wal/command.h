#pragma once

// Command: a subcommand of corelane-wal, which works on one data directory. Its constructor adds it
// with its flags to the program's command line, which must not outlive it. One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>

namespace corelane::wal_tool {

class Command {
 public:
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  virtual ~Command() = default;

  // It is the one that was typed.
  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  // Does it and prints to standard output what came of it. kBadArgument: the flags make no sense
  // for this directory, or it is none of corelane. Any other failure is one of the log or the disk.
  [[nodiscard]] virtual Status Run() = 0;

 protected:
  Command(CLI::App& app, const std::string& name, const std::string& description)
      : command_(app.add_subcommand(name, description)) {
    command_->add_option("DIR", directory_, "the data directory of a stopped server")->required();
  }

  [[nodiscard]] CLI::App& command() const { return *command_; }
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  CLI::App* const command_;
  std::string directory_;
};

}  // namespace corelane::wal_tool
