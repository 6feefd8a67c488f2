#include "bench/find_max_command.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "bench/flag_checks.h"
#include "loadgen/number_text.h"
#include "loadgen/order_statistics.h"

namespace corelane::tools {
namespace {

Result<double> ReadRate(const char* flag, const std::string& text) {
  const Result<double> rate = loadgen::ParseRate(text);
  if (rate.ok() && *rate > 0) return *rate;
  return Status(StatusCode::kBadArgument,
                absl::StrCat(flag, ": ", rate.ok() ? "a rate above 0" : rate.status().message()));
}

uint64_t AnswersNeeded(const std::vector<loadgen::Goal>& goals) {
  uint64_t answers = 1;
  for (const loadgen::Goal& goal : goals) {
    answers = std::max(answers, loadgen::SamplesNeeded(goal.percent));
  }
  return answers;
}

// The rate from which on a run has the answers that the goals' percentiles take.
double LowestRate(const std::vector<loadgen::Goal>& goals, const loadgen::LoadOptions& options) {
  if (options.duration_ns == 0) return 1;
  // A tenth more, since Poisson arrivals are not always as many.
  constexpr double kMargin = 1.1;
  return std::ceil(kMargin * static_cast<double>(AnswersNeeded(goals)) * 1e9 /
                   static_cast<double>(options.duration_ns));
}

}  // namespace

FindMaxCommand::FindMaxCommand(CLI::App& app)
    : Command(app, "find-max", "the highest rate that keeps latencies to a goal"),
      laboratory_(command(), {.without_rate = true}) {
  command()
      .add_option("--slo", goal_text_, "the goal: p99<1ms, or several: p50<200us,p99.9<5ms")
      ->required();
  command().add_option("--from", from_, "the rate to begin with")->capture_default_str();
  command().add_option("--to", to_, "the highest rate to try")->capture_default_str();
  command()
      .add_option("--precision", precision_, "how close to find it, as a share")
      ->check(CheckNumber)
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  AddTestedServerFlags(command(), plan_);
}

Status FindMaxCommand::Run(const std::string& command_line) {
  RETURN_IF_ERROR(laboratory_.Prepare(command_line));
  auto goals = loadgen::ParseGoals(goal_text_);
  if (!goals.ok()) return Status(StatusCode::kBadArgument, "--slo: " + goals.status().message());
  goals_ = std::move(*goals);
  const Result<double> from = ReadRate("--from", from_);
  if (!from.ok()) return from.status();
  const Result<double> to = ReadRate("--to", to_);
  if (!to.ok()) return to.status();
  RETURN_IF_ERROR(CheckOperations());
  lowest_per_s_ = LowestRate(goals_, laboratory_.options());
  RETURN_IF_ERROR(CheckRange(*from, *to));
  loadgen::RateSearch search({.from_per_s = *from,
                              .to_per_s = *to,
                              .lowest_per_s = lowest_per_s_,
                              .precision = precision_});
  const Status searched = Search(search);
  if (steps_.empty()) return searched;

  const std::string answer = Answer(search);
  std::printf("%s\n", answer.c_str());
  loadgen::Json document = laboratory_.Document("corelane-bench find-max 1");
  document["goal"] = goal_text_;
  loadgen::Json& steps = document["steps"] = loadgen::Json::array();
  for (const Step& step : steps_) {
    steps.push_back({{"rate", step.per_s},
                     {"holds", step.holds},
                     {"because", step.because},
                     {"run", RunWithin(step.report)}});
  }
  document["found_per_second"] = nullptr;
  if (search.held_per_s()) document["found_per_second"] = *search.held_per_s();
  document["because"] = answer;
  const Status written = laboratory_.Write(document);
  if (!searched.ok()) return searched;
  if (!written.ok() && search.held_per_s()) return written;
  return search.held_per_s() ? OkStatus() : Status(StatusCode::kError, "no rate keeps to the goal");
}

Status FindMaxCommand::Search(loadgen::RateSearch& search) {
  TestedServer server(plan_, laboratory_.clock(), laboratory_.signals());
  RETURN_IF_ERROR(server.Start());
  while (const std::optional<double> per_s = search.Next()) {
    loadgen::LoadOptions options = laboratory_.options();
    options.prefill = laboratory_.PrefillsRun(steps_.size());
    // --verify tells the values of one run from those of another by it.
    options.workload.seed += steps_.size();
    laboratory_.flags().SetRate(*per_s, options);
    const std::string name = absl::StrFormat("%.0f/s", *per_s);
    Result<loadgen::Report> report = laboratory_.Measure(server, std::move(options), name);
    if (laboratory_.stopped()) return Status(StatusCode::kClosed, "stopped before it was found");
    if (!report.ok()) return report.status();
    steps_.push_back(StepOf(*per_s, std::move(*report)));
    const Step& step = steps_.back();
    std::printf("%10.0f/s %s: %s\n", step.per_s, step.holds ? "holds" : "does not hold",
                step.because.c_str());
    search.Tell(step.holds);
  }
  return OkStatus();
}

FindMaxCommand::Step FindMaxCommand::StepOf(double per_s, loadgen::Report report) const {
  Step step{.per_s = per_s, .holds = false, .because = {}, .report = std::move(report)};
  const loadgen::Judgement& judgement = step.report.judgement;
  // Where the run is not what it should be, its latencies say nothing.
  if (judgement.verdict != loadgen::RunVerdict::kValid) {
    step.because = absl::StrCat(std::string(loadgen::RunVerdictName(judgement.verdict)), ": ",
                                judgement.reason);
    return step;
  }
  const loadgen::OpFigures total = step.report.result.figures.Total();
  loadgen::GoalState state = loadgen::CheckGoals(
      goals_, total.response_ns, total.failed() + step.report.result.figures.never_started);
  step.holds = state.holds;
  step.because = std::move(state.because);
  return step;
}

std::string FindMaxCommand::Answer(const loadgen::RateSearch& search) const {
  if (!search.held_per_s()) {
    std::string text = absl::StrFormat("\nNo rate was found at which %s holds.", goal_text_);
    if (search.failed_per_s() && *search.failed_per_s() <= lowest_per_s_) {
      absl::StrAppendFormat(&text,
                            " Rates below %.0f/s were not tried: in a run of this --duration they "
                            "do not have the answers that it takes to tell.",
                            lowest_per_s_);
    }
    return text + OfGenerator(std::nullopt);
  }
  std::string text = absl::StrFormat("\n%s holds up to %.0f/s", goal_text_, *search.held_per_s());
  if (!search.failed_per_s()) return text + ", the highest rate that was tried.";
  absl::StrAppendFormat(&text, " and no longer at %.0f/s.", *search.failed_per_s());
  return text + OfGenerator(search.failed_per_s());
}

// Whether it was the generator that did not hold this rate, or any.
std::string FindMaxCommand::OfGenerator(std::optional<double> per_s) const {
  bool limited = false;
  for (const Step& step : steps_) {
    if (step.holds || (per_s && step.per_s != *per_s)) continue;
    if (step.report.judgement.verdict != loadgen::RunVerdict::kGeneratorLimited) return "";
    limited = true;
  }
  return limited ? " It was the generator that could not go further: the server may." : "";
}

Status FindMaxCommand::CheckOperations() const {
  const uint64_t operations = laboratory_.options().operations;
  if (operations == 0 || operations >= AnswersNeeded(goals_)) return OkStatus();
  return Status(StatusCode::kBadArgument,
                absl::StrFormat("--operations: %s takes %u answers to tell", goal_text_,
                                AnswersNeeded(goals_)));
}

Status FindMaxCommand::CheckRange(double from_per_s, double to_per_s) const {
  if (from_per_s > to_per_s) return Status(StatusCode::kBadArgument, "--from is above --to");
  if (from_per_s >= lowest_per_s_) return OkStatus();
  return Status(
      StatusCode::kBadArgument,
      absl::StrFormat("--from: at less than %.0f/s a run of this --duration does not have "
                      "the answers that it takes to tell %s; begin there, or run longer",
                      lowest_per_s_, goal_text_));
}

}  // namespace corelane::tools
