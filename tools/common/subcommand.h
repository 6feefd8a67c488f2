#pragma once

// Subcommand: one word of a program's command line, as `run` of corelane-bench or `dump` of
// corelane-wal. Its constructor adds it to the program's command line, which must not outlive it.
// One thread.

#include <CLI/CLI.hpp>
#include <string>

namespace corelane::tools {

class Subcommand {
 public:
  Subcommand(const Subcommand&) = delete;
  Subcommand& operator=(const Subcommand&) = delete;
  virtual ~Subcommand() = default;

  // It is the one that was typed.
  [[nodiscard]] bool chosen() const { return command_->parsed(); }

 protected:
  Subcommand(CLI::App& app, const std::string& name, const std::string& description)
      : command_(app.add_subcommand(name, description)) {}

  // For its flags.
  [[nodiscard]] CLI::App& command() const { return *command_; }

 private:
  CLI::App* const command_;
};

}  // namespace corelane::tools
