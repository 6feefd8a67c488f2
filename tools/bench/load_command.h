#pragma once

// LoadCommand: `corelane-bench run`, one run of the load generator against a server that is there.
// It reads the flags into LoadOptions, shows how the run goes on, and prints the report.
// One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "loadgen/load_options.h"
#include "loadgen/load_run.h"
#include "loadgen/report.h"

namespace corelane::tools {

class LoadCommand {
 public:
  // Adds the subcommand with its flags to `app`, which must not outlive this object.
  explicit LoadCommand(CLI::App& app);
  LoadCommand(const LoadCommand&) = delete;
  LoadCommand& operator=(const LoadCommand&) = delete;

  [[nodiscard]] bool chosen() const { return command_->parsed(); }
  // Runs it and prints the report, which tells the command line. kBadArgument: a flag makes no
  // sense.
  [[nodiscard]] Status Run(const std::string& command_line);

 private:
  // As they were typed.
  struct Flags {
    std::string targets = "native://127.0.0.1:7878";
    std::string rate;
    std::string spacing = "poisson";
    std::string mix;
    std::string ycsb;
    std::string distribution = "uniform";
    std::string value_bytes = "64";
    std::string io = "auto";
    std::string json_path;
    std::string hgrm_path;
    std::string hlog_path;
    std::string think;
    std::string warmup = "1s";
    std::string duration = "10s";
    std::string timeout = "5s";
    std::string ttl;
    uint32_t multi_keys = 10;
  };

  void AddLoadFlags();
  void AddWorkFlags();
  void AddOutputFlags();
  [[nodiscard]] Status ReadFlags();
  [[nodiscard]] Status CheckMachine() const;
  [[nodiscard]] Status ReadRate();
  [[nodiscard]] Status ReadWorkload();
  [[nodiscard]] Status CheckProtocols() const;
  [[nodiscard]] Status WriteFiles(const loadgen::Report& report) const;

  CLI::App* const command_;
  CLI::Option* seed_ = nullptr;
  Flags flags_;
  loadgen::LoadOptions options_;
};

}  // namespace corelane::tools
