#include "loadgen/run_figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace corelane::loadgen {
namespace {

constexpr RunVerdicts kAllValid{.runs = 20};
constexpr int64_t kSecond = 1'000'000'000;

// A closed loop: `answers` of 1 to 100 us.
Report OneRun(uint64_t answers) {
  Report report;
  report.result.measured_ns = 10 * kSecond;
  base::Histogram& service_ns = report.result.figures.Of(OpKind::kRead).service_ns;
  for (int64_t micros = 1; micros <= 100; ++micros) {
    service_ns.RecordMany(micros * 1000, answers / 100);
  }
  return report;
}

std::vector<std::string> Names(const std::vector<RunFigure>& figures) {
  std::vector<std::string> names;
  for (const RunFigure& figure : figures) names.emplace_back(figure.name);
  return names;
}

TEST(RunFigures, AreThoseThatTheRunHas) {
  Report report = OneRun(1000);
  // A thousand answers carry no p99.9.
  EXPECT_EQ(Names(FiguresOf(report)),
            (std::vector<std::string>{"throughput", "mean", "p50", "p95", "p99"}));
  EXPECT_EQ(FiguresOf(report)[0].value, 100);
  EXPECT_NEAR(FiguresOf(report)[2].value, 50, 0.1);
  report.options.server_pid = 1;
  report.result.server = {.cpu_s = 1};
  EXPECT_EQ(FiguresOf(report).back().name, "server-cpu");
  EXPECT_EQ(FiguresOf(report).back().value, 1000);
  report.options.rate = {{1, 1, kSecond}};
  report.result.figures.Of(OpKind::kRead).response_ns.RecordMany(7000, 10'000);
  EXPECT_EQ(Names(FiguresOf(report)),
            (std::vector<std::string>{"mean", "p50", "p95", "p99", "p99.9", "server-cpu"}));
  EXPECT_NEAR(FiguresOf(report)[0].value, 7, 0.01);
}

// Rounds of two figures that scatter by 2 %, with B's times so many times A's.
std::vector<FigurePair> Rounds(size_t count, double ratio, uint64_t seed) {
  base::Random random(seed);
  const auto scatter = [&] { return 0.98 + static_cast<double>(random.Uniform(40)) / 1000; };
  std::vector<FigurePair> rounds;
  for (size_t i = 0; i < count; ++i) {
    FigurePair round;
    round.a = {{"throughput", "1/s", FigureKind::kRate, 1000 * scatter()},
               {"p99", "us", FigureKind::kTime, 50 * scatter()}};
    round.b = {{"throughput", "1/s", FigureKind::kRate, 1000 * scatter()},
               {"p99", "us", FigureKind::kTime, 50 * ratio * scatter()}};
    rounds.push_back(std::move(round));
  }
  return rounds;
}

FigureCompareOptions BothFigures() { return {.names = {"throughput", "p99"}}; }

TEST(RunFigures, OfTheSameHardlyEverDiffer) {
  int differ = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    const auto compared = CompareFigures(Rounds(10, 1, seed), BothFigures());
    ASSERT_EQ(compared.size(), 2U);
    differ += JudgeComparison(compared, kAllValid).is != ComparedAs::kNoDifference ? 1 : 0;
  }
  // 5 % of them by chance, and three standard deviations of that.
  EXPECT_LE(differ, 33);
}

TEST(RunFigures, ADifferenceIsFoundAndSaid) {
  const auto compared = CompareFigures(Rounds(10, 1.05, 1), BothFigures());
  const ComparisonVerdict verdict = JudgeComparison(compared, kAllValid);
  EXPECT_EQ(verdict.is, ComparedAs::kSlower);
  EXPECT_NE(verdict.because.find("worse in p99 +5."), std::string::npos) << verdict.because;
  EXPECT_EQ(verdict.because.find("throughput"), std::string::npos) << verdict.because;
  EXPECT_EQ(JudgeComparison(CompareFigures(Rounds(10, 0.9, 1), BothFigures()), kAllValid).is,
            ComparedAs::kFaster);
}

TEST(RunFigures, WhatIsBetterInOneAndWorseInAnotherIsMixed) {
  std::vector<FigurePair> rounds = Rounds(10, 1.2, 1);
  for (FigurePair& round : rounds) round.b[0].value *= 1.2;
  EXPECT_EQ(JudgeComparison(CompareFigures(rounds, BothFigures()), kAllValid).is,
            ComparedAs::kMixed);
  EXPECT_EQ(JudgeComparison(CompareFigures(rounds, {.names = {"throughput"}}), kAllValid).is,
            ComparedAs::kFaster);
}

TEST(RunFigures, TooFewRoundsAreNoVerdict) {
  const ComparisonVerdict verdict =
      JudgeComparison(CompareFigures(Rounds(6, 2, 1), BothFigures()), kAllValid);
  EXPECT_EQ(verdict.is, ComparedAs::kTooFewRounds);
  EXPECT_NE(verdict.because.find("takes 7 rounds or more"), std::string::npos) << verdict.because;
  EXPECT_EQ(JudgeComparison(CompareFigures(Rounds(7, 2, 1), BothFigures()), kAllValid).is,
            ComparedAs::kSlower);
  EXPECT_EQ(JudgeComparison(CompareFigures(Rounds(6, 2, 1), {.names = {"p99"}}), kAllValid).is,
            ComparedAs::kSlower);
  EXPECT_EQ(JudgeComparison(CompareFigures({}, BothFigures()), kAllValid).is,
            ComparedAs::kTooFewRounds);
}

TEST(RunFigures, AreComparedInTheOrderOfTheirNames) {
  const auto compared = CompareFigures(Rounds(40, 1, 1), {.names = {"p99", "throughput", "mean"}});
  ASSERT_EQ(compared.size(), 2U);
  EXPECT_EQ(compared[0].a.name, "p99");
  EXPECT_EQ(compared[1].a.name, "throughput");
  // Of an interval, only those that are asked for are paid for.
  const auto alone = CompareFigures(Rounds(40, 1, 1), {.names = {"p99"}});
  const auto width = [](const FigureComparison& figure) {
    return figure.comparison.ratio_high / figure.comparison.ratio_low;
  };
  EXPECT_LT(width(alone[0]), width(compared[0]));
}

TEST(RunFigures, ThatAreUsuallyCompared) {
  const auto names = [](bool open_loop, bool server_cpu) {
    return UsualFigures({.open_loop = open_loop, .server_cpu = server_cpu});
  };
  EXPECT_EQ(names(false, true), (std::vector<std::string>{"server-cpu", "throughput", "p99"}));
  EXPECT_EQ(names(true, true), (std::vector<std::string>{"server-cpu", "mean", "p99"}));
  EXPECT_EQ(names(false, false), (std::vector<std::string>{"throughput", "p99"}));
}

TEST(RunFigures, ShareTheErrorAndTheFirstGetsHalf) {
  EXPECT_DOUBLE_EQ(ConfidenceOfFigure(0, 1, 0.95), 0.95);
  EXPECT_DOUBLE_EQ(ConfidenceOfFigure(0, 3, 0.95), 0.975);
  EXPECT_DOUBLE_EQ(ConfidenceOfFigure(1, 3, 0.95), 0.9875);
  EXPECT_DOUBLE_EQ(ConfidenceOfFigure(2, 3, 0.95), 0.9875);
  EXPECT_EQ(RoundsNeeded(1, 0.95), 6U);
  EXPECT_EQ(RoundsNeeded(2, 0.95), 7U);
  EXPECT_EQ(RoundsNeeded(3, 0.95), 8U);
  EXPECT_EQ(RoundsNeeded(7, 0.95), 9U);
}

TEST(RunFigures, WhatCouldHideInTheNoiseIsSaid) {
  const ComparisonVerdict verdict =
      JudgeComparison(CompareFigures(Rounds(10, 1, 3), BothFigures()), kAllValid);
  ASSERT_EQ(verdict.is, ComparedAs::kNoDifference);
  EXPECT_NE(verdict.because.find("could hide in the noise: throughput "), std::string::npos)
      << verdict.because;
}

TEST(RunFigures, RunsThatAreNotWhatTheyShouldBeAreNotCompared) {
  const std::vector<FigureComparison> compared = CompareFigures(Rounds(10, 2, 1), BothFigures());
  EXPECT_EQ(JudgeComparison(compared, {.runs = 20, .failing = 1}).is, ComparedAs::kNotComparable);
  EXPECT_EQ(JudgeComparison(compared, {.runs = 20, .saturated = 3}).is, ComparedAs::kNotComparable);
  EXPECT_EQ(JudgeComparison(compared, {.runs = 20, .saturated = 2}).is, ComparedAs::kSlower);
  const ComparisonVerdict limited =
      JudgeComparison(compared, {.runs = 20, .generator_limited = 11});
  EXPECT_EQ(limited.is, ComparedAs::kSlower);
  EXPECT_NE(limited.because.find("11 of 20 runs were limited"), std::string::npos);
}

TEST(RunFigures, RoundsThatStoodStillAreLeftOutAndSaid) {
  const auto compared = CompareFigures(Rounds(18, 2, 1), BothFigures());
  const ComparisonVerdict some =
      JudgeComparison(compared, {.runs = 36, .late = {.only_a = 0, .only_b = 2}});
  EXPECT_EQ(some.is, ComparedAs::kSlower);
  EXPECT_NE(some.because.find("Left out of 20 rounds, since answers did not come in time: 2 in "
                              "which B stood still, 0 in which A did."),
            std::string::npos)
      << some.because;
  EXPECT_EQ(JudgeComparison(compared, {.runs = 36, .late = {.only_a = 1, .both = 2}}).is,
            ComparedAs::kNotComparable);
  EXPECT_EQ(JudgeComparison({}, {.late = {.only_a = 1, .only_b = 2}}).is,
            ComparedAs::kNotComparable);
}

// A server that stands still in a tenth of the rounds is not compared by the others.
TEST(RunFigures, OneSideThatStandsStillIsNotComparable) {
  const auto compared = CompareFigures(Rounds(54, 1, 1), BothFigures());
  const auto judge = [&](LateRounds late) {
    return JudgeComparison(compared, {.runs = 2 * (60 - late.all()), .late = late});
  };
  EXPECT_EQ(judge({.only_b = 5}).is, ComparedAs::kNoDifference);
  EXPECT_EQ(judge({.only_a = 3, .only_b = 3}).is, ComparedAs::kNoDifference);
  EXPECT_EQ(judge({.only_a = 1, .only_b = 5}).is, ComparedAs::kNoDifference);
  EXPECT_EQ(judge({.both = 6}).is, ComparedAs::kNoDifference);
  const ComparisonVerdict b = judge({.only_b = 6});
  EXPECT_EQ(b.is, ComparedAs::kNotComparable);
  EXPECT_NE(b.because.find("6 in which B stood still, 0 in which A did. It is not the machine"),
            std::string::npos)
      << b.because;
  EXPECT_NE(b.because.find("B stands still at times"), std::string::npos) << b.because;
  const ComparisonVerdict a = judge({.only_a = 6});
  EXPECT_EQ(a.is, ComparedAs::kNotComparable);
  EXPECT_NE(a.because.find("A stands still at times"), std::string::npos) << a.because;
}

TEST(RunFigures, OnlyARunThatWasLateIsLeftOut) {
  Report report;
  OpFigures& reads = report.result.figures.Of(OpKind::kRead);
  reads.timeouts = 5;
  EXPECT_FALSE(WasOnlyLate(report));  // it is VALID
  report.judgement.verdict = RunVerdict::kFailing;
  EXPECT_TRUE(WasOnlyLate(report));
  for (uint64_t OpFigures::*const how : {&OpFigures::errors, &OpFigures::lost}) {
    reads.*how = 1;
    EXPECT_FALSE(WasOnlyLate(report));
    reads.*how = 0;
  }
  report.result.figures.verify.unswept = 1;
  EXPECT_FALSE(WasOnlyLate(report));
  report.result.figures.verify.unswept = 0;
  report.result.figures.verify.stale = 1;
  EXPECT_FALSE(WasOnlyLate(report));
}

TEST(RunFigures, WhoStoodStillIsTold) {
  Report late;
  late.result.figures.Of(OpKind::kRead).timeouts = 5;
  late.judgement.verdict = RunVerdict::kFailing;
  Report wrong;
  wrong.result.figures.Of(OpKind::kRead).errors = 5;
  wrong.judgement.verdict = RunVerdict::kFailing;
  const Report sound;
  EXPECT_EQ(WhoStoodStill(sound, sound), StoodStill::kNobody);
  EXPECT_EQ(WhoStoodStill(late, sound), StoodStill::kA);
  EXPECT_EQ(WhoStoodStill(sound, late), StoodStill::kB);
  EXPECT_EQ(WhoStoodStill(late, late), StoodStill::kBoth);
  // Errors are not excused by the other side's lateness.
  EXPECT_EQ(WhoStoodStill(wrong, late), StoodStill::kNobody);
  EXPECT_EQ(WhoStoodStill(late, wrong), StoodStill::kNobody);
  LateRounds rounds;
  for (const StoodStill who : {StoodStill::kNobody, StoodStill::kA, StoodStill::kB, StoodStill::kB,
                               StoodStill::kBoth, StoodStill::kBoth, StoodStill::kBoth}) {
    rounds.Add(who);
  }
  EXPECT_EQ(rounds.only_a, 1U);
  EXPECT_EQ(rounds.only_b, 2U);
  EXPECT_EQ(rounds.both, 3U);
}

TEST(RunFigures, OneThatARunLacksIsNotCompared) {
  std::vector<FigurePair> rounds = Rounds(10, 1, 1);
  rounds[3].b.pop_back();
  const auto compared = CompareFigures(rounds, BothFigures());
  ASSERT_EQ(compared.size(), 1U);
  EXPECT_EQ(compared[0].a.name, "throughput");
}

TEST(RunFigures, SpreadTellsWhereTheMedianLies) {
  std::vector<std::vector<RunFigure>> rounds;
  for (int i = 1; i <= 9; ++i) {
    rounds.push_back({{"p50", "us", FigureKind::kTime, static_cast<double>(i)}});
  }
  const auto spreads = SpreadsOf(rounds);
  ASSERT_EQ(spreads.size(), 1U);
  EXPECT_EQ(spreads[0].median, 5);
  EXPECT_EQ(spreads[0].least, 1);
  EXPECT_EQ(spreads[0].most, 9);
  // The 2nd and the 8th of nine: David and Nagaraja, 7.1, at 96 %.
  EXPECT_EQ(spreads[0].low, 2);
  EXPECT_EQ(spreads[0].high, 8);
  rounds.resize(3);
  EXPECT_EQ(SpreadsOf(rounds)[0].low, 0);  // three rounds tell nothing of it
  EXPECT_TRUE(SpreadsOf({}).empty());
}

}  // namespace
}  // namespace corelane::loadgen
