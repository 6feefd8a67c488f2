#pragma once

// CompareCommand: `corelane-bench compare A B`: is B faster than A, slower, or is there no telling?
// Both are measured in turns, A B, B A, A B, ..., and the rounds are compared pair by pair
// (loadgen/compare.h). One thread.

#include <corelane/status.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "bench/command.h"
#include "bench/laboratory.h"
#include "bench/tested_server.h"
#include "loadgen/run_figures.h"

namespace corelane::tools {

class CompareCommand final : public Command {
 public:
  explicit CompareCommand(CLI::App& app);
  // B is worse in some figure.
  [[nodiscard]] bool found_worse() const override { return worse_; }
  // kError: runs failed, or there were too few of them.
  [[nodiscard]] Status Run(const std::string& command_line) override;

 private:
  struct Side {
    TestedServerPlan plan;
    std::string label;
    std::vector<loadgen::Report> reports;  // one a round
  };

  void AddSideFlags(Side& side, const std::string& letter);
  [[nodiscard]] Status CheckFlags();
  [[nodiscard]] Status CheckFigures();
  [[nodiscard]] Status MeasureRounds();
  [[nodiscard]] Status MeasureAll();
  [[nodiscard]] Status MeasureOne(uint32_t round, Side& side, TestedServer& server);
  // Those whose runs are comparable, or what is wrong with them is to be told by `verdicts`.
  [[nodiscard]] std::vector<loadgen::FigurePair> RoundsThatCount(
      loadgen::RunVerdicts& verdicts) const;
  [[nodiscard]] Status Tell();
  void PrintHead() const;
  void PrintLeftOut(const std::vector<loadgen::FigureComparison>& figures) const;
  [[nodiscard]] loadgen::Json RoundsJson() const;

  Laboratory laboratory_;
  Side a_;
  Side b_;
  std::vector<int> server_cpus_;
  uint32_t rounds_ = 60;
  bool restart_ = false;
  loadgen::FigureCompareOptions comparing_;
  bool worse_ = false;
};

}  // namespace corelane::tools
