#include "loadgen/judgement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "loadgen/rate_profile.h"
#include "worker_run.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kMicro = 1'000;
constexpr int64_t kMilli = 1'000'000;

// So many answers of 1 ms, started 5 us late.
Figures Good(uint64_t answers) {
  Figures figures;
  OpFigures& reads = figures.Of(OpKind::kRead);
  reads.response_ns.RecordMany(kMilli, answers);
  reads.service_ns.RecordMany(kMilli, answers);
  figures.lag_ns.RecordMany(5 * kMicro, answers);
  return figures;
}

const JudgementInput kOpen = {.open_loop = true, .measured_s = 10};

TEST(Judgement, AnOpenLoopInTimeIsValid) {
  const Judgement judgement = Judge(Good(10'000), kOpen);
  EXPECT_EQ(judgement.verdict, RunVerdict::kValid);
  EXPECT_NE(judgement.reason.find("0.005 ms late at p99"), std::string::npos) << judgement.reason;
}

TEST(Judgement, NothingAnsweredIsAFailure) {
  EXPECT_EQ(Judge(Figures(), kOpen).verdict, RunVerdict::kFailing);
}

TEST(Judgement, OneFailureInAThousandIsBorne) {
  Figures figures = Good(10'000);
  figures.Of(OpKind::kRead).errors = 10;
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kValid);
  figures.first_error = "OOM command not allowed";
  figures.Of(OpKind::kRead).timeouts = 1;
  const Judgement judgement = Judge(figures, kOpen);
  EXPECT_EQ(judgement.verdict, RunVerdict::kFailing);
  EXPECT_NE(judgement.reason.find("OOM"), std::string::npos) << judgement.reason;
}

TEST(Judgement, OneWrongReadIsOneTooMany) {
  Figures figures = Good(10'000);
  figures.verify.verified = 9'999;
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kValid);
  figures.verify.vanished = 1;
  figures.verify.first_finding = "key k is lost";
  // More to the point than anything else.
  figures.held_back = 5'000;
  const Judgement judgement = Judge(figures, kOpen);
  EXPECT_EQ(judgement.verdict, RunVerdict::kFailing);
  EXPECT_NE(judgement.reason.find("of 9999 reads that were checked 0 were stale, 1 lost"),
            std::string::npos)
      << judgement.reason;
  EXPECT_NE(judgement.reason.find("key k is lost"), std::string::npos) << judgement.reason;
}

TEST(Judgement, WhatCouldNotBeReadBackIsAFailure) {
  Figures figures = Good(10'000);
  figures.verify.verified = 9'990;
  figures.verify.swept = 990;
  figures.verify.unswept = 10;
  const Judgement judgement = Judge(figures, kOpen);
  EXPECT_EQ(judgement.verdict, RunVerdict::kFailing);
  EXPECT_NE(judgement.reason.find("10 of 1000 keys could not be read back"), std::string::npos)
      << judgement.reason;
  figures.first_error = "ERR no more";
  EXPECT_NE(Judge(figures, kOpen).reason.find("ERR no more"), std::string::npos);
  // Who stops a run has not waited for that.
  JudgementInput stopped = kOpen;
  stopped.stopped = true;
  EXPECT_EQ(Judge(figures, stopped).verdict, RunVerdict::kValid);
  // What it did read back counts all the same.
  figures.verify.vanished = 1;
  EXPECT_EQ(Judge(figures, stopped).verdict, RunVerdict::kFailing);
}

TEST(Judgement, OperationsThatWaitForRoomAreTheServersDoing) {
  Figures figures = Good(10'000);
  figures.held_back = 100;  // of 10,100: just under one in a hundred
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kValid);
  figures.held_back = 103;
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kSaturated);
  figures.held_back = 0;
  figures.never_started = 103;
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kSaturated);
}

TEST(Judgement, OperationsThatStartLateAreTheGeneratorsDoing) {
  Figures figures = Good(10'000);
  figures.lag_ns.RecordMany(90 * kMicro, 200);  // under a tenth of the response time
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kValid);
  figures.lag_ns.RecordMany(150 * kMicro, 200);
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kGeneratorLimited);
}

TEST(Judgement, AShortLagIsNotHeldAgainstAQuickServer) {
  Figures figures;
  figures.Of(OpKind::kRead).response_ns.RecordMany(60 * kMicro, 1000);
  figures.Of(OpKind::kRead).service_ns.RecordMany(60 * kMicro, 1000);
  figures.lag_ns.RecordMany(40 * kMicro, 1000);
  EXPECT_EQ(Judge(figures, kOpen).verdict, RunVerdict::kValid);
}

TEST(Judgement, AClosedLoopIsLimitedByItsOwnCpu) {
  JudgementInput input = {.measured_s = 10, .threads = 2, .generator_cpu_s = 18};
  EXPECT_EQ(Judge(Good(10'000), input).verdict, RunVerdict::kValid);
  input.generator_cpu_s = 19.5;
  EXPECT_EQ(Judge(Good(10'000), input).verdict, RunVerdict::kGeneratorLimited);
}

// ---- By the seconds of a run ----

constexpr size_t kSeconds = 20;
constexpr double kAsked = 1000;

// An open loop of 1000 operations a second for 20 s, each answered at once.
JudgementInput AskedEvenly() {
  return {.open_loop = true,
          .measured_s = static_cast<double>(kSeconds),
          .asked_by_second = std::vector<double>(kSeconds, kAsked)};
}

Figures AnsweredEvenly() {
  Figures figures = Good(20'000);
  figures.windows.resize(kSeconds);
  for (WindowFigures& window : figures.windows) {
    window.answered = 1000;
    window.under_way = 10;
  }
  return figures;
}

// Around `mean`, as Poisson arrivals are: by about the square root.
uint64_t Noisy(base::Random& random, int64_t mean, int64_t around) {
  return static_cast<uint64_t>(random.Between(mean - around, mean + around));
}

TEST(Judgement, AnEvenRunIsValid) {
  EXPECT_EQ(Judge(AnsweredEvenly(), AskedEvenly()).verdict, RunVerdict::kValid);
}

TEST(Judgement, ANoisyRunThatIsStableIsValid) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    base::Random random(seed);
    Figures figures = AnsweredEvenly();
    for (WindowFigures& window : figures.windows) {
      window.answered = Noisy(random, 1000, 90);
      window.under_way = Noisy(random, 250, 250);
      window.behind_ns = random.Between(0, 20) * kMilli;
    }
    const Judgement judgement = Judge(figures, AskedEvenly());
    ASSERT_EQ(judgement.verdict, RunVerdict::kValid) << "seed " << seed << judgement.reason;
  }
}

TEST(Judgement, AStallAtTheEndIsNoTrend) {
  Figures figures = AnsweredEvenly();
  figures.windows.back().under_way = 900;
  figures.windows.back().answered = 110;
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kValid);
}

TEST(Judgement, ABacklogUnderWayThatGrowsIsSaturation) {
  base::Random random(1);
  Figures figures = AnsweredEvenly();
  for (size_t second = 0; second < kSeconds; ++second) {
    // A server that is 2 % too slow, in noise.
    figures.windows[second].answered = Noisy(random, 980, 20);
    figures.windows[second].under_way = 10 + 20 * second + Noisy(random, 20, 20);
  }
  const Judgement judgement = Judge(figures, AskedEvenly());
  EXPECT_EQ(judgement.verdict, RunVerdict::kSaturated);
  EXPECT_NE(judgement.reason.find("backlog grew by"), std::string::npos) << judgement.reason;
  EXPECT_NE(judgement.reason.find("while 1000 a second"), std::string::npos) << judgement.reason;
}

TEST(Judgement, ABacklogThatHasNotStartedCountsAsWell) {
  Figures figures = AnsweredEvenly();
  for (size_t second = 0; second < kSeconds; ++second) {
    figures.windows[second].behind_ns = static_cast<int64_t>(second) * 15 * kMilli;
  }
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kSaturated);
  // One that goes down is what is left of something else.
  for (size_t second = 0; second < kSeconds; ++second) {
    figures.windows[second].behind_ns = static_cast<int64_t>(kSeconds - second) * 15 * kMilli;
  }
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kValid);
}

TEST(Judgement, ASlowGrowthIsBorne) {
  Figures figures = AnsweredEvenly();
  // Half a percent of what is asked for.
  for (size_t second = 0; second < kSeconds; ++second)
    figures.windows[second].under_way = 5 * second;
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kValid);
}

TEST(Judgement, LessThanWhatIsAskedForIsSaturation) {
  Figures figures = AnsweredEvenly();
  for (WindowFigures& window : figures.windows) window.answered = 960;
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kValid);
  for (WindowFigures& window : figures.windows) window.answered = 930;
  const Judgement judgement = Judge(figures, AskedEvenly());
  EXPECT_EQ(judgement.verdict, RunVerdict::kSaturated);
  EXPECT_NE(judgement.reason.find("1000 operations a second were asked for and 930 were answered"),
            std::string::npos)
      << judgement.reason;
}

TEST(Judgement, TheFirstSecondMayAnswerLess) {
  Figures figures = AnsweredEvenly();
  figures.windows[0].answered = 0;  // answers take a second and a half
  figures.windows[0].under_way = 1000;
  for (size_t second = 1; second < kSeconds; ++second) figures.windows[second].under_way = 1500;
  EXPECT_EQ(Judge(figures, AskedEvenly()).verdict, RunVerdict::kValid);
}

TEST(Judgement, AFewOperationsLessAreChance) {
  // 20 a second: 361 of 380 asked for would be no wonder, nor are 355.
  JudgementInput input = AskedEvenly();
  input.asked_by_second.assign(kSeconds, 20);
  Figures figures = AnsweredEvenly();
  for (WindowFigures& window : figures.windows) window.answered = 17;
  EXPECT_EQ(Judge(figures, input).verdict, RunVerdict::kValid);
  for (WindowFigures& window : figures.windows) window.answered = 14;
  EXPECT_EQ(Judge(figures, input).verdict, RunVerdict::kSaturated);
}

TEST(Judgement, WhatIsAskedForMayChange) {
  JudgementInput input = AskedEvenly();
  Figures figures = AnsweredEvenly();
  for (size_t second = 0; second < kSeconds; ++second) {
    const uint64_t rate = 100 * (second + 1);
    input.asked_by_second[second] = static_cast<double>(rate);
    figures.windows[second].answered = rate;
    figures.windows[second].under_way = rate / 100;  // each takes 10 ms
  }
  EXPECT_EQ(Judge(figures, input).verdict, RunVerdict::kValid);
}

// ---- By what was calibrated ----

TEST(Judgement, AnOpenLoopNearItsCeilingIsLimitedByIt) {
  JudgementInput input = AskedEvenly();
  input.ceiling_per_s = 1500;
  EXPECT_EQ(Judge(AnsweredEvenly(), input).verdict, RunVerdict::kValid);
  input.ceiling_per_s = 1400;
  const Judgement judgement = Judge(AnsweredEvenly(), input);
  EXPECT_EQ(judgement.verdict, RunVerdict::kGeneratorLimited);
  EXPECT_NE(judgement.reason.find("1000 operations a second were asked for"), std::string::npos);
  EXPECT_NE(judgement.reason.find("manages 1400"), std::string::npos) << judgement.reason;
}

TEST(Judgement, AClosedLoopNearItsCeilingIsLimitedByIt) {
  JudgementInput input = {.measured_s = 10, .generator_cpu_s = 1, .ceiling_per_s = 1300};
  EXPECT_EQ(Judge(Good(10'000), input).verdict, RunVerdict::kValid);
  input.ceiling_per_s = 1200;
  const Judgement judgement = Judge(Good(10'000), input);
  EXPECT_EQ(judgement.verdict, RunVerdict::kGeneratorLimited);
  EXPECT_NE(judgement.reason.find("manages 1200"), std::string::npos) << judgement.reason;
}

// ---- What a worker measures, judged ----

// Serves one request after the other, each for so long.
class OneByOne final : public Script {
 public:
  explicit OneByOne(int64_t service_ns) : service_ns_(service_ns) {}
  Answer AnswerTo(uint64_t /*number*/, int64_t now_ns) override {
    free_at_ns_ = std::max(free_at_ns_, now_ns) + service_ns_;
    return {.at_ns = free_at_ns_};
  }

 private:
  const int64_t service_ns_;
  int64_t free_at_ns_ = 0;
};

// A Poisson run of 20 s at 1000 operations a second, with room for 3200 of them.
Judgement JudgeServerOf(int64_t service_ns) {
  LoadOptions options;
  options.targets = {Target{.protocol = WireProtocol::kResp2, .endpoint = {"simulated", 1}}};
  options.connections = 50;
  options.pipeline = 64;
  options.rate = {{kAsked, kAsked, kSeconds * 1'000 * kMilli}};
  options.duration_ns = kSeconds * 1'000 * kMilli;
  options.workload.keys = 1000;
  options.spin_ns = 0;
  OneByOne script(service_ns);
  WorkerRun run(options, script);
  JudgementInput input = AskedEvenly();
  input.asked_by_second = ExpectedArrivalsBySecond(options.rate, 0, kSeconds);
  return Judge(run.worker().figures(), input);
}

TEST(Judgement, AServerThatIsALittleTooSlowIsFoundOut) {
  // 960 a second: by the end there are some 800 operations under way, and room for 3200.
  const Judgement judgement = JudgeServerOf(kMilli * 1000 / 960);
  EXPECT_EQ(judgement.verdict, RunVerdict::kSaturated) << judgement.reason;
  EXPECT_NE(judgement.reason.find("backlog grew"), std::string::npos) << judgement.reason;
}

TEST(Judgement, AServerThatIsBusyForMostOfTheTimeIsNot) {
  // 1110 a second: a queue of ten or so, now more, now less.
  const Judgement judgement = JudgeServerOf(kMilli * 1000 / 1110);
  EXPECT_EQ(judgement.verdict, RunVerdict::kValid) << judgement.reason;
}

}  // namespace
}  // namespace corelane::loadgen
