#pragma once

// LoadFlags: the flags that say what load to put on a server, the same for every command of
// corelane-bench that does, and what they come to: LoadOptions.
// One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "io/reactor.h"
#include "loadgen/load_options.h"

namespace corelane::tools {

// How long a run is where nobody says it.
struct UsualTimes {
  std::string warmup = "1s";
  std::string duration = "10s";
};

class LoadFlags {
 public:
  // Which of the flags a command has not, since it asks for them in a way of its own.
  struct Without {
    bool server = false;  // --target and --server-pid
    bool rate = false;    // --rate and --think
  };

  // Adds the flags to `command`, which must not outlive this object.
  LoadFlags(CLI::App& command, const Without& without, const UsualTimes& times = {});
  LoadFlags(const LoadFlags&) = delete;
  LoadFlags& operator=(const LoadFlags&) = delete;

  // Call once, after the command line is parsed. kBadArgument: a flag makes no sense.
  // kConnectionFailed: nobody knows the name of a target.
  [[nodiscard]] Result<loadgen::LoadOptions> Read();
  // Makes a run of Read() one against other targets, or an open loop at another rate, both as the
  // flags --target and --rate have them.
  [[nodiscard]] Status SetTargets(const std::string& text, loadgen::LoadOptions& options) const;
  [[nodiscard]] Status SetRate(const std::string& text, loadgen::LoadOptions& options) const;
  // A plain rate, for as long as the run takes.
  void SetRate(double per_s, loadgen::LoadOptions& options) const;

  [[nodiscard]] io::BackEndChoice back_end() const;

 private:
  void OpenLoop(std::vector<loadgen::RateSegment> rate, loadgen::LoadOptions& options) const;
  // As they were typed.
  struct Typed {
    std::string targets = "native://127.0.0.1:7878";
    std::string rate;
    std::string spacing = "poisson";
    std::string mix;
    std::string ycsb;
    std::string distribution = "uniform";
    std::string value_bytes = "64";
    std::string io = "auto";
    std::string think;
    std::string warmup;
    std::string duration;
    std::string timeout = "5s";
    std::string ttl;
    std::string replay;
    uint32_t multi_keys = 10;
  };

  void AddLoadFlags(const Without& without);
  void AddTimeFlags();
  void AddMachineFlags(const Without& without);
  void AddWorkFlags();
  [[nodiscard]] Status ReadTimes();
  [[nodiscard]] Status ReadReplay();
  [[nodiscard]] Status CheckMachine() const;
  [[nodiscard]] Status ReadWorkload();

  CLI::App* const command_;
  CLI::Option* seed_ = nullptr;
  const Without without_;
  Typed typed_;
  loadgen::LoadOptions options_;
};

}  // namespace corelane::tools
