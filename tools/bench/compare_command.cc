#include "bench/compare_command.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/flag_checks.h"

namespace corelane::tools {
namespace {

// Many short rounds tell more than few long ones in the same time: what hits a shared machine comes
// and goes in seconds, hits both sides of a short round alike, and spoils few of many.
constexpr char kUsualWarmup[] = "50ms";
constexpr char kUsualDuration[] = "300ms";

loadgen::Json SideJson(const std::string& label, const TestedServerPlan& plan) {
  return {{"label", label}, {"target", plan.target}, {"server", plan.start}};
}

loadgen::Json FigureJson(const loadgen::FigureComparison& figure) {
  const loadgen::Comparison& comparison = figure.comparison;
  return {{"name", figure.a.name},
          {"unit", figure.a.unit},
          {"kind", figure.a.kind == loadgen::FigureKind::kRate ? "rate" : "time"},
          {"a_median", figure.a.value},
          {"b_median", figure.b.value},
          {"ratio", comparison.ratio},
          {"low", comparison.ratio_low},
          {"high", comparison.ratio_high},
          {"verdict", loadgen::VerdictName(comparison.verdict)}};
}

void PrintFigure(const loadgen::FigureComparison& figure) {
  const loadgen::Comparison& comparison = figure.comparison;
  std::printf("%-11s %12.2f %12.2f %-3s  %7.3f  %6.3f .. %-6.3f  %s\n",
              std::string(figure.a.name).c_str(), figure.a.value, figure.b.value,
              std::string(figure.a.unit).c_str(), comparison.ratio, comparison.ratio_low,
              comparison.ratio_high, std::string(loadgen::VerdictName(comparison.verdict)).c_str());
}

}  // namespace

CompareCommand::CompareCommand(CLI::App& app)
    : Command(app, "compare", "is B faster than A? both are measured in turns"),
      laboratory_(command(), {.calibrates = true,
                              .times = {.warmup = kUsualWarmup, .duration = kUsualDuration}}) {
  AddSideFlags(a_, "a");
  AddSideFlags(b_, "b");
  command()
      .add_option("--server-cpus", server_cpus_, "the cores for servers that are started, as 0,1")
      ->delimiter(',')
      ->check(CheckCore);
  command().add_flag("--restart", restart_, "start the servers anew for each of their runs");
  command()
      .add_option("--rounds", rounds_, "of a run on each, in turns")
      ->check(CLI::Range(1U, kRoundsMax))
      ->capture_default_str();
  command()
      .add_option("--effect", comparing_.effect_min, "differences below this share are none")
      ->check(CheckNumber)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command()
      .add_option("--confidence", comparing_.confidence, "of all figures together")
      ->check(CheckNumber)
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
  command()
      .add_option("--figures", comparing_.names,
                  "those to compare: throughput,mean,p50,p95,p99,p99.9,server-cpu; the first "
                  "foremost, with half of the error that --confidence leaves (default: server-cpu "
                  "where the servers' processes are known, throughput, or mean with --rate, p99)")
      ->delimiter(',')
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(loadgen::kRunFigureNames),
                                                     std::end(loadgen::kRunFigureNames))));
}

void CompareCommand::AddSideFlags(Side& side, const std::string& letter) {
  const std::string name = letter == "a" ? "A" : "B";
  command()
      .add_option(name, side.plan.target,
                  "SCHEME://HOST:PORT of " + name + "; {port} where it is started here")
      ->required();
  CLI::Option* const start = command().add_option("--start-" + letter, side.plan.start, kStartHelp);
  command()
      .add_option("--pid-" + letter, side.plan.pid,
                  "the process of " + name + ", where it is there already")
      ->check(CheckProcess)
      ->excludes(start);
  command().add_option("--label-" + letter, side.label, "what to call " + name + " in reports");
}

Status CompareCommand::Run(const std::string& command_line) {
  RETURN_IF_ERROR(laboratory_.Prepare(command_line));
  RETURN_IF_ERROR(CheckFlags());
  const Status measured = MeasureAll();
  if (a_.reports.empty()) return measured;
  const Status told = Tell();
  return measured.ok() ? told : measured;
}

Status CompareCommand::CheckFlags() {
  if (restart_ && (a_.plan.start.empty() || b_.plan.start.empty())) {
    return Status(StatusCode::kBadArgument, "--restart: it takes --start-a and --start-b");
  }
  if (!server_cpus_.empty() && a_.plan.start.empty() && b_.plan.start.empty()) {
    return Status(StatusCode::kBadArgument,
                  "--server-cpus: it takes --start-a or --start-b; one that runs has its cores");
  }
  for (Side* const side : {&a_, &b_}) {
    if (const Status plan = CheckPlan(side->plan); !plan.ok()) {
      return Status(plan.code(), (side == &a_ ? "A: " : "B: ") + plan.message());
    }
    side->plan.cpus = server_cpus_;
    if (side->label.empty()) side->label = side->plan.target;
  }
  return CheckFigures();
}

Status CompareCommand::CheckFigures() {
  const auto is_known = [](const Side& side) {
    return !side.plan.start.empty() || side.plan.pid != 0;
  };
  const loadgen::KnownOfRuns known{.open_loop = laboratory_.options().open_loop(),
                                   .server_cpu = is_known(a_) && is_known(b_)};
  std::vector<std::string>& names = comparing_.names;
  if (names.empty()) names = loadgen::UsualFigures(known);
  const auto asks_for = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  if (asks_for("throughput") && known.open_loop) {
    return Status(StatusCode::kBadArgument,
                  "--figures: with --rate the throughput is what was asked for");
  }
  if (asks_for("server-cpu") && !known.server_cpu) {
    return Status(StatusCode::kBadArgument,
                  "--figures: server-cpu takes --pid-a and --pid-b, or servers that are started");
  }
  if (std::set(names.begin(), names.end()).size() != names.size()) {
    return Status(StatusCode::kBadArgument, "--figures: one of them is there twice");
  }
  const size_t needed = loadgen::RoundsNeeded(names.size(), comparing_.confidence);
  if (rounds_ >= needed) return OkStatus();
  return Status(StatusCode::kBadArgument,
                absl::StrFormat("--rounds: %u can be chance, whatever they find: it takes %u "
                                "(figures: %u, confidence: %g %%); fewer figures take fewer",
                                rounds_, needed, names.size(), 100 * comparing_.confidence));
}

Status CompareCommand::MeasureAll() {
  const Status status = MeasureRounds();
  // A round that was broken off is none.
  const size_t whole = std::min(a_.reports.size(), b_.reports.size());
  a_.reports.resize(whole);
  b_.reports.resize(whole);
  return status;
}

Status CompareCommand::MeasureRounds() {
  // The one that is started last ends first, as ChildProcess wants it.
  TestedServer a(a_.plan, laboratory_.clock(), laboratory_.signals());
  TestedServer b(b_.plan, laboratory_.clock(), laboratory_.signals());
  if (!restart_) {
    RETURN_IF_ERROR(a.Start());
    RETURN_IF_ERROR(b.Start());
  }
  for (uint32_t round = 0; round < rounds_; ++round) {
    const bool a_first = round % 2 == 0;
    RETURN_IF_ERROR(a_first ? MeasureOne(round, a_, a) : MeasureOne(round, b_, b));
    RETURN_IF_ERROR(a_first ? MeasureOne(round, b_, b) : MeasureOne(round, a_, a));
  }
  return OkStatus();
}

Status CompareCommand::MeasureOne(uint32_t round, Side& side, TestedServer& server) {
  if (restart_) RETURN_IF_ERROR(server.Start());
  loadgen::LoadOptions options = laboratory_.options();
  options.prefill = laboratory_.PrefillsRun(restart_ ? 0 : round);
  // Both sides of a round do the same work.
  options.workload.seed += round;
  const std::string name =
      absl::StrFormat("round %d of %d, %s", round + 1, rounds_, &side == &a_ ? "A" : "B");
  Result<loadgen::Report> report = laboratory_.Measure(server, std::move(options), name);
  if (laboratory_.stopped()) return Status(StatusCode::kClosed, "stopped before the end");
  if (!report.ok()) return report.status();
  side.reports.push_back(std::move(*report));
  if (restart_) server.Stop();
  return OkStatus();
}

void CompareCommand::PrintHead() const {
  for (const Side* const side : {&a_, &b_}) {
    std::printf("%s: %s%s%s\n", side == &a_ ? "A" : "B", side->label.c_str(),
                side->plan.start.empty() ? "" : ", started with: ", side->plan.start.c_str());
  }
  std::printf(
      "%zu rounds, intervals of %g %% of all figures together\n\n%-11s %12s %12s %-3s  %7s\n",
      a_.reports.size(), 100 * comparing_.confidence, "", "median of A", "median of B", "", "B/A");
}

loadgen::Json CompareCommand::RoundsJson() const {
  loadgen::Json rounds = loadgen::Json::array();
  for (size_t i = 0; i < a_.reports.size(); ++i) {
    const loadgen::Report& a = a_.reports[i];
    const loadgen::Report& b = b_.reports[i];
    rounds.push_back(
        {{"order", i % 2 == 0 ? "AB" : "BA"}, {"a", RunWithin(a)}, {"b", RunWithin(b)}});
    if (loadgen::WhoStoodStill(a, b) != loadgen::StoodStill::kNobody) {
      rounds.back()["left_out"] = true;
    }
  }
  return rounds;
}

std::vector<loadgen::FigurePair> CompareCommand::RoundsThatCount(
    loadgen::RunVerdicts& verdicts) const {
  std::vector<loadgen::FigurePair> rounds;
  for (size_t i = 0; i < a_.reports.size(); ++i) {
    const loadgen::Report& a = a_.reports[i];
    const loadgen::Report& b = b_.reports[i];
    const loadgen::StoodStill who = loadgen::WhoStoodStill(a, b);
    verdicts.late.Add(who);
    if (who != loadgen::StoodStill::kNobody) continue;
    rounds.push_back({loadgen::FiguresOf(a), loadgen::FiguresOf(b)});
    verdicts.Add(a.judgement.verdict);
    verdicts.Add(b.judgement.verdict);
  }
  return rounds;
}

Status CompareCommand::Tell() {
  loadgen::RunVerdicts verdicts;
  const std::vector<loadgen::FigurePair> rounds = RoundsThatCount(verdicts);
  const std::vector<loadgen::FigureComparison> figures =
      loadgen::CompareFigures(rounds, comparing_);
  const loadgen::ComparisonVerdict verdict = loadgen::JudgeComparison(figures, verdicts);

  PrintHead();
  loadgen::Json document = laboratory_.Document("corelane-bench compare 1");
  document["a"] = SideJson(a_.label, a_.plan);
  document["b"] = SideJson(b_.label, b_.plan);
  document["confidence"] = comparing_.confidence;
  document["effect_min"] = comparing_.effect_min;
  document["rounds"] = RoundsJson();
  loadgen::Json& table = document["figures"] = loadgen::Json::array();
  for (const loadgen::FigureComparison& figure : figures) {
    PrintFigure(figure);
    table.push_back(FigureJson(figure));
  }
  document["verdict"] = {{"is", loadgen::ComparedAsName(verdict.is)}, {"because", verdict.because}};
  std::printf("\n%s: %s\n", std::string(loadgen::ComparedAsName(verdict.is)).c_str(),
              verdict.because.c_str());
  PrintLeftOut(figures);
  RETURN_IF_ERROR(laboratory_.Write(document));
  worse_ = verdict.is == loadgen::ComparedAs::kSlower || verdict.is == loadgen::ComparedAs::kMixed;
  if (verdict.is == loadgen::ComparedAs::kTooFewRounds ||
      verdict.is == loadgen::ComparedAs::kNotComparable) {
    return Status(StatusCode::kError, "no comparison: " + verdict.because);
  }
  return OkStatus();
}

// What was asked for and is not there.
void CompareCommand::PrintLeftOut(const std::vector<loadgen::FigureComparison>& figures) const {
  for (const std::string& name : comparing_.names) {
    const auto is_it = [&](const loadgen::FigureComparison& figure) {
      return figure.a.name == name;
    };
    if (std::ranges::none_of(figures, is_it)) {
      std::printf(
          "%s is not compared: not all runs have it (a percentile takes answers enough: longer "
          "rounds).\n",
          name.c_str());
    }
  }
}

}  // namespace corelane::tools
