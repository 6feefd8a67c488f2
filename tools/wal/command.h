#pragma once

// Command: a subcommand of corelane-wal, which works on one data directory. One thread.

#include <corelane/status.h>

#include <string>

#include "common/subcommand.h"

namespace corelane::wal_tool {

class Command : public tools::Subcommand {
 public:
  // Does it and prints to standard output what came of it. kBadArgument: the flags make no sense
  // for this directory, or it is none of corelane. Any other failure is one of the log or the disk.
  [[nodiscard]] virtual Status Run() = 0;

 protected:
  Command(CLI::App& app, const std::string& name, const std::string& description)
      : Subcommand(app, name, description) {
    command().add_option("DIR", directory_, "the data directory of a stopped server")->required();
  }

  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

}  // namespace corelane::wal_tool
