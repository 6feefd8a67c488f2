#include "loadgen/run_figures.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "loadgen/order_statistics.h"
#include "loadgen/sign_test.h"
#include "loadgen/signed_rank.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kMicros = "us";

const RunFigure* Find(std::span<const RunFigure> figures, std::string_view name) {
  const auto at = std::ranges::find(figures, name, &RunFigure::name);
  return at == figures.end() ? nullptr : &*at;
}

// The value of one figure in each of the runs; nothing where one of them has it not.
template <typename Runs, typename FiguresOfRun>
std::optional<std::vector<double>> Values(const Runs& runs, const FiguresOfRun& of,
                                          std::string_view name) {
  std::vector<double> values;
  for (const auto& run : runs) {
    const RunFigure* const figure = Find(of(run), name);
    if (figure == nullptr) return std::nullopt;
    values.push_back(figure->value);
  }
  return values;
}

// values is not empty.
double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string Describe(const FigureComparison& figure) {
  const Comparison& comparison = figure.comparison;
  return absl::StrFormat("%s %+.1f %% (%+.1f to %+.1f %%)", base::ToAbsl(figure.a.name),
                         100 * (comparison.ratio - 1), 100 * (comparison.ratio_low - 1),
                         100 * (comparison.ratio_high - 1));
}

// How far B may be from A without its having been noticed.
std::string Hidden(std::span<const FigureComparison> figures) {
  std::string list;
  for (const FigureComparison& figure : figures) {
    const double most = std::max(figure.comparison.ratio_high - 1, 1 - figure.comparison.ratio_low);
    absl::StrAppendFormat(&list, "%s%s %.1f %%", list.empty() ? "" : ", ",
                          base::ToAbsl(figure.a.name), 100 * most);
  }
  return list;
}

// How many rounds are left out and for whose sake; and what is wrong with the comparison then, if
// anything is.
struct LeftOut {
  std::string text;
  bool too_many = false;
};

LeftOut JudgeLeftOut(const RunVerdicts& verdicts) {
  constexpr double kLeftOutShareMax = 0.1;
  constexpr double kChanceMin = 0.05;
  const LateRounds& late = verdicts.late;
  const size_t rounds = verdicts.runs / 2 + late.all();
  LeftOut left_out;
  if (late.all() == 0) return left_out;
  left_out.text = absl::StrFormat(
      "Left out of %u rounds, since answers did not come in time: %u in which B stood still, "
      "%u in which A did%s.",
      rounds, late.only_b, late.only_a,
      late.both > 0 ? absl::StrFormat(", %u in which both did", late.both) : "");
  if (static_cast<double>(late.all()) > kLeftOutShareMax * static_cast<double>(rounds)) {
    left_out.too_many = true;
    absl::StrAppend(&left_out.text, " That is more than one in ten.");
  }
  if (SignTestChance(late.only_a, late.only_b) <= kChanceMin) {
    left_out.too_many = true;
    absl::StrAppend(&left_out.text, " It is not the machine, which would hit both alike: ",
                    late.only_b > late.only_a ? "B" : "A",
                    " stands still at times, and the other rounds do not show it.");
  }
  return left_out;
}

ComparisonVerdict JudgeFigures(std::span<const FigureComparison> figures) {
  if (figures.empty()) {
    return {ComparedAs::kTooFewRounds, "There is no figure that all runs have."};
  }
  std::string better;
  std::string worse;
  size_t rounds_needed = 0;  // where there are not so many
  for (const FigureComparison& figure : figures) {
    const Verdict verdict = figure.comparison.verdict;
    if (verdict == Verdict::kTooFewRounds) {
      rounds_needed = std::max(rounds_needed, figure.comparison.rounds_needed);
    }
    if (verdict != Verdict::kFaster && verdict != Verdict::kSlower) continue;
    std::string& list = verdict == Verdict::kFaster ? better : worse;
    absl::StrAppend(&list, list.empty() ? "" : ", ", Describe(figure));
  }
  if (rounds_needed > 0) {
    return {ComparedAs::kTooFewRounds,
            absl::StrFormat("It takes %u rounds or more to tell a difference from chance.",
                            rounds_needed)};
  }
  if (!better.empty() && !worse.empty()) {
    return {ComparedAs::kMixed,
            absl::StrCat("B is better in ", better, "; it is worse in ", worse, ".")};
  }
  if (!better.empty()) return {ComparedAs::kFaster, absl::StrCat("B is better in ", better, ".")};
  if (!worse.empty()) return {ComparedAs::kSlower, absl::StrCat("B is worse in ", worse, ".")};
  return {ComparedAs::kNoDifference,
          absl::StrCat("None is shown. What could hide in the noise: ", Hidden(figures), ".")};
}

}  // namespace

std::vector<RunFigure> FiguresOf(const Report& report) {
  const OpFigures total = report.result.figures.Total();
  const bool open_loop = report.options.open_loop();
  const base::Histogram& latency_ns = total.latency_ns(open_loop);
  std::vector<RunFigure> figures;
  const auto add = [&](std::string_view name, std::string_view unit, FigureKind kind,
                       double value) {
    if (value > 0) figures.push_back({name, unit, kind, value});
  };
  if (!open_loop) add("throughput", "1/s", FigureKind::kRate, report.result.AnsweredPerSecond());
  add("mean", kMicros, FigureKind::kTime, latency_ns.Mean() / 1e3);
  constexpr std::pair<std::string_view, double> kPercentiles[] = {
      {"p50", 50}, {"p95", 95}, {"p99", 99}, {"p99.9", 99.9}};
  for (const auto& [name, percent] : kPercentiles) {
    if (!Carries(latency_ns.count(), percent)) continue;
    add(name, kMicros, FigureKind::kTime, Micros(latency_ns.ValueAtPercentile(percent)));
  }
  if (report.options.server_pid != 0 && total.answered() > 0) {
    add("server-cpu", kMicros, FigureKind::kTime,
        report.result.server.cpu_s * 1e6 / static_cast<double>(total.answered()));
  }
  return figures;
}

std::vector<std::string> UsualFigures(const KnownOfRuns& known) {
  std::vector<std::string> names;
  if (known.server_cpu) names.emplace_back("server-cpu");
  names.emplace_back(known.open_loop ? "mean" : "throughput");
  names.emplace_back("p99");
  return names;
}

double ConfidenceOfFigure(size_t index, size_t figures, double together) {
  if (figures <= 1) return together;
  const double half = (1 - together) / 2;
  return 1 - (index == 0 ? half : half / static_cast<double>(figures - 1));
}

size_t RoundsNeeded(size_t figures, double together) {
  return std::max(PairsNeeded(ConfidenceOfFigure(0, figures, together)),
                  PairsNeeded(ConfidenceOfFigure(figures - 1, figures, together)));
}

std::vector<FigureComparison> CompareFigures(std::span<const FigurePair> rounds,
                                             const FigureCompareOptions& options) {
  struct Row {
    std::string_view name;
    std::vector<double> a;
    std::vector<double> b;
  };
  std::vector<Row> rows;
  for (const std::string& name : options.names) {
    if (rounds.empty()) break;
    auto a = Values(
        rounds, [](const FigurePair& round) { return std::span(round.a); }, name);
    auto b = Values(
        rounds, [](const FigurePair& round) { return std::span(round.b); }, name);
    if (a && b) rows.push_back({name, std::move(*a), std::move(*b)});
  }
  std::vector<FigureComparison> compared;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    FigureComparison figure{.a = *Find(rounds[0].a, row.name), .b = {}, .comparison = {}};
    figure.b = figure.a;
    figure.a.value = Median(row.a);
    figure.b.value = Median(row.b);
    const CompareOptions each{.kind = figure.a.kind,
                              .confidence = ConfidenceOfFigure(i, rows.size(), options.confidence),
                              .effect_min = options.effect_min};
    const Result<Comparison> comparison = Compare(row.a, row.b, each);
    if (comparison.ok()) figure.comparison = *comparison;
    compared.push_back(figure);
  }
  return compared;
}

std::string_view ComparedAsName(ComparedAs compared) {
  switch (compared) {
    case ComparedAs::kNoDifference:
      return "no difference";
    case ComparedAs::kFaster:
      return "faster";
    case ComparedAs::kSlower:
      return "slower";
    case ComparedAs::kMixed:
      return "mixed";
    case ComparedAs::kTooFewRounds:
      return "too few rounds";
    case ComparedAs::kNotComparable:
      return "not comparable";
  }
  return "unknown";
}

bool WasOnlyLate(const Report& report) {
  const OpFigures total = report.result.figures.Total();
  const VerifyFigures& verify = report.result.figures.verify;
  return report.judgement.verdict == RunVerdict::kFailing && total.errors == 0 && total.lost == 0 &&
         verify.findings() == 0 && verify.unswept == 0;
}

StoodStill WhoStoodStill(const Report& a, const Report& b) {
  const bool a_late = WasOnlyLate(a);
  const bool b_late = WasOnlyLate(b);
  const auto fails_otherwise = [](const Report& report, bool late) {
    return report.judgement.verdict == RunVerdict::kFailing && !late;
  };
  if (fails_otherwise(a, a_late) || fails_otherwise(b, b_late)) return StoodStill::kNobody;
  if (a_late && b_late) return StoodStill::kBoth;
  if (a_late) return StoodStill::kA;
  return b_late ? StoodStill::kB : StoodStill::kNobody;
}

void LateRounds::Add(StoodStill who) {
  only_a += who == StoodStill::kA ? 1 : 0;
  only_b += who == StoodStill::kB ? 1 : 0;
  both += who == StoodStill::kBoth ? 1 : 0;
}

void RunVerdicts::Add(RunVerdict verdict) {
  ++runs;
  failing += verdict == RunVerdict::kFailing ? 1 : 0;
  saturated += verdict == RunVerdict::kSaturated ? 1 : 0;
  generator_limited += verdict == RunVerdict::kGeneratorLimited ? 1 : 0;
}

ComparisonVerdict JudgeComparison(std::span<const FigureComparison> figures,
                                  const RunVerdicts& verdicts) {
  constexpr double kSaturatedShareMax = 0.1;
  const LeftOut left_out = JudgeLeftOut(verdicts);
  if (left_out.too_many) return {ComparedAs::kNotComparable, left_out.text};
  if (verdicts.failing > 0) {
    return {ComparedAs::kNotComparable,
            absl::StrFormat("%u of %u runs were FAILING.", verdicts.failing, verdicts.runs)};
  }
  if (static_cast<double>(verdicts.saturated) >
      kSaturatedShareMax * static_cast<double>(verdicts.runs)) {
    return {ComparedAs::kNotComparable,
            absl::StrFormat("%u of %u runs were SATURATED, so that their latencies grow with their "
                            "length: ask for less.",
                            verdicts.saturated, verdicts.runs)};
  }
  ComparisonVerdict verdict = JudgeFigures(figures);
  if (2 * verdicts.generator_limited > verdicts.runs) {
    absl::StrAppendFormat(&verdict.because,
                          " %u of %u runs were limited by the generator, before which all servers "
                          "look alike in all but their CPU time.",
                          verdicts.generator_limited, verdicts.runs);
  }
  if (!left_out.text.empty()) absl::StrAppend(&verdict.because, " ", left_out.text);
  return verdict;
}

std::vector<FigureSpread> SpreadsOf(std::span<const std::vector<RunFigure>> rounds) {
  std::vector<FigureSpread> spreads;
  for (const std::string_view name : kRunFigureNames) {
    if (rounds.empty()) break;
    auto values = Values(
        rounds, [](const std::vector<RunFigure>& round) { return std::span(round); }, name);
    if (!values) continue;
    std::ranges::sort(*values);
    const std::optional<RankInterval> ranks = RanksAround(values->size(), 50);
    spreads.push_back({.name = name,
                       .unit = Find(rounds[0], name)->unit,
                       .median = Median(*values),
                       .least = values->front(),
                       .most = values->back(),
                       .low = ranks ? (*values)[ranks->low - 1] : 0,
                       .high = ranks ? (*values)[ranks->high - 1] : 0});
  }
  return spreads;
}

}  // namespace corelane::loadgen
