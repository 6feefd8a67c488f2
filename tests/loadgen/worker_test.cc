// What a worker measures of servers that answer in a known way, in virtual time: nothing here
// depends on the machine.

#include "loadgen/worker.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "simulated_network.h"
#include "worker_run.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kMilli = 1'000'000;
constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kServiceNanos = 2 * kMilli;

class FixedDelay final : public Script {
 public:
  Answer AnswerTo(uint64_t /*number*/, int64_t now_ns) override {
    return {.at_ns = now_ns + kServiceNanos};
  }
};

// Stands still for the first 100 ms of every second.
class StallEachSecond final : public Script {
 public:
  Answer AnswerTo(uint64_t /*number*/, int64_t now_ns) override {
    constexpr int64_t kStallNanos = 100 * kMilli;
    const int64_t second_ns = now_ns - now_ns % kSecond;
    return {.at_ns = std::max(now_ns, second_ns + kStallNanos) + kServiceNanos};
  }
};

// One request in twenty takes ten times as long.
class Bimodal final : public Script {
 public:
  Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    return {.at_ns = now_ns + (number % 20 == 19 ? 10 : 1) * kServiceNanos};
  }
};

LoadOptions Options() {
  LoadOptions options;
  options.targets = {Target{.protocol = WireProtocol::kResp2, .endpoint = {"simulated", 1}}};
  options.connections = 50;
  options.duration_ns = 20 * kSecond;
  options.workload.keys = 1000;
  // A simulated sleeper wakes up in time; watching the clock is only slow to simulate.
  options.spin_ns = 0;
  return options;
}

LoadOptions OpenLoop(double per_s, Spacing spacing) {
  LoadOptions options = Options();
  options.pipeline = 64;
  options.spacing = spacing;
  options.rate = {{per_s, per_s, options.duration_ns}};
  return options;
}

// Three digits, and what one poll of the simulated loop takes.
void ExpectNear(int64_t seen_ns, double expected_ns) {
  EXPECT_NEAR(static_cast<double>(seen_ns), expected_ns, expected_ns * 0.01);
}

class BothSpacings : public testing::TestWithParam<Spacing> {};
INSTANTIATE_TEST_SUITE_P(Worker, BothSpacings,
                         testing::Values(Spacing::kConstant, Spacing::kPoisson));

TEST_P(BothSpacings, AFixedDelayIsWhatEveryPercentileSays) {
  FixedDelay script;
  WorkerRun run(OpenLoop(1000, GetParam()), script);
  ASSERT_TRUE(run.worker().status().ok()) << run.worker().status().ToString();
  const OpFigures total = run.total();
  EXPECT_NEAR(static_cast<double>(total.answered()), 20'000, 600);
  for (const double percent : {1.0, 50.0, 99.0, 99.99, 100.0}) {
    ExpectNear(total.response_ns.ValueAtPercentile(percent), kServiceNanos);
  }
  EXPECT_EQ(total.failed(), 0U);
  EXPECT_EQ(run.worker().measured_ns(), 20 * kSecond);
}

TEST_P(BothSpacings, AStallIsSeenByAllWhoWouldHaveWaited) {
  StallEachSecond script;
  WorkerRun run(OpenLoop(2000, GetParam()), script);
  ASSERT_TRUE(run.worker().status().ok());
  const base::Histogram response_ns = run.total().response_ns;
  // A tenth of the operations falls into stalls, evenly: so many percent from the top wait so many
  // tenths of 100 ms.
  ExpectNear(response_ns.ValueAtPercentile(50), kServiceNanos);
  for (const double percent : {95.0, 99.0, 99.9}) {
    const double into_stall = (percent - 90) / 10;
    const double tolerance = GetParam() == Spacing::kConstant ? 0.01 : 0.03;  // of the draw
    const double expected_ns = kServiceNanos + into_stall * 100 * kMilli;
    EXPECT_NEAR(static_cast<double>(response_ns.ValueAtPercentile(percent)), expected_ns,
                expected_ns * tolerance)
        << percent;
  }
}

TEST(Worker, AClosedLoopHidesTheStall) {
  StallEachSecond script;
  LoadOptions options = Options();
  options.connections = 10;
  WorkerRun run(options, script);
  const base::Histogram service_ns = run.total().service_ns;
  // Only the ten requests that were under way see it, of 4,500 in a second.
  ExpectNear(service_ns.ValueAtPercentile(99), kServiceNanos);
  ExpectNear(service_ns.Max(), 102 * kMilli);
  EXPECT_EQ(run.total().response_ns.count(), 0U);
}

TEST_P(BothSpacings, TwoModesStandWhereTheyAre) {
  Bimodal script;
  WorkerRun run(OpenLoop(1000, GetParam()), script);
  const base::Histogram response_ns = run.total().response_ns;
  ExpectNear(response_ns.ValueAtPercentile(50), kServiceNanos);
  ExpectNear(response_ns.ValueAtPercentile(94), kServiceNanos);
  ExpectNear(response_ns.ValueAtPercentile(96), 10 * kServiceNanos);
}

TEST(Worker, AClosedLoopKeepsItsDepthUnderWay) {
  FixedDelay script;
  LoadOptions options = Options();
  options.connections = 4;
  options.pipeline = 8;
  WorkerRun run(options, script);
  // 32 under way, 2 ms each.
  EXPECT_NEAR(static_cast<double>(run.total().answered()), 20 * 32 * 500.0, 320);
}

TEST(Worker, ThinkingConnectionsAskLessOften) {
  FixedDelay script;
  LoadOptions options = Options();
  options.think_ns = 8 * kMilli;
  WorkerRun run(options, script);
  EXPECT_NEAR(static_cast<double>(run.total().answered()), 20 * 50 * 100.0, 100);
  ExpectNear(run.total().service_ns.Max(), kServiceNanos);
}

TEST(Worker, SaturationMakesResponsesLateAndIsNotTheGenerators) {
  FixedDelay script;
  LoadOptions options = OpenLoop(1000, Spacing::kConstant);
  options.pipeline = 1;
  options.connections = 1;  // 500 a second at best
  options.timeout_ns = 60 * kSecond;
  WorkerRun run(options, script);
  const Figures& figures = run.worker().figures();
  // All that was due is answered in the end, the last of it as late as all before it took.
  EXPECT_EQ(run.total().answered(), 20'000U);
  ExpectNear(run.total().response_ns.Max(), 20 * kSecond);
  ExpectNear(run.total().service_ns.Max(), kServiceNanos);
  EXPECT_GT(figures.held_back, 19'900U);
  EXPECT_GT(figures.windows[9].behind_ns, 4 * kSecond);
}

TEST(Worker, CountsSoManyOperationsAndEnds) {
  FixedDelay script;
  LoadOptions options = Options();
  options.duration_ns = 0;
  options.operations = 1234;
  WorkerRun run(options, script);
  EXPECT_EQ(run.total().answered(), 1234U);
}

TEST(Worker, AnOpenLoopEndsWithItsLastOperation) {
  FixedDelay script;
  LoadOptions options = OpenLoop(1000, Spacing::kConstant);
  options.duration_ns = 0;
  options.operations = 500;
  WorkerRun run(options, script);
  EXPECT_EQ(run.total().answered(), 500U);
  EXPECT_EQ(run.worker().figures().never_started, 0U);
  ExpectNear(run.worker().measured_ns(), 500 * kMilli);
}

TEST(Worker, WhatIsWarmUpIsNotCounted) {
  FixedDelay script;
  LoadOptions options = OpenLoop(1000, Spacing::kConstant);
  options.warmup_ns = 5 * kSecond;
  options.rate[0].duration_ns += options.warmup_ns;
  WorkerRun run(options, script);
  EXPECT_EQ(run.total().answered(), 20'000U);
  EXPECT_NEAR(static_cast<double>(run.network().requests()), 25'000, 1);
}

TEST(Worker, AReadModifyWriteIsTwoRequestsAndOneOperation) {
  FixedDelay script;
  LoadOptions options = OpenLoop(1000, Spacing::kConstant);
  options.workload.mix = {};
  options.workload.mix[static_cast<size_t>(OpKind::kReadModifyWrite)] = 1;
  WorkerRun run(options, script);
  EXPECT_EQ(run.total().answered(), 20'000U);
  EXPECT_NEAR(static_cast<double>(run.network().requests()), 40'000, 10);
  ExpectNear(run.total().response_ns.ValueAtPercentile(50), 2 * kServiceNanos);
  EXPECT_EQ(run.total().misses, 20'000U);
}

TEST(Worker, PrefillWritesEachKeyOnceBeforeAnythingCounts) {
  FixedDelay script;
  LoadOptions options = Options();
  options.prefill = true;
  options.duration_ns = 0;
  options.operations = 10;
  WorkerRun run(options, script);
  EXPECT_EQ(run.network().requests(), 1000U + 10);
  EXPECT_EQ(run.total().answered(), 10U);
}

TEST(Worker, TheSameSeedStartsTheSameOperations) {
  FixedDelay script;
  LoadOptions options = OpenLoop(1000, Spacing::kPoisson);
  options.workload.mix = {1, 1};
  const auto reads = [&] {
    WorkerRun run(options, script);
    return run.worker().figures().by_kind[0]->answered();
  };
  EXPECT_EQ(reads(), reads());
}

// ---- What goes wrong ----

class ErrorEachTenth final : public Script {
 public:
  Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    if (number % 10 != 9) return {.at_ns = now_ns + kServiceNanos};
    return {.at_ns = now_ns + 1, .bytes = "-ERR quick and wrong\r\n"};
  }
};

TEST(Worker, AnErrorIsNoFastAnswer) {
  ErrorEachTenth script;
  WorkerRun run(OpenLoop(1000, Spacing::kConstant), script);
  EXPECT_EQ(run.total().errors, 2000U);
  EXPECT_EQ(run.total().answered(), 18'000U);
  ExpectNear(run.total().response_ns.Min(), kServiceNanos);
  EXPECT_EQ(run.worker().figures().first_error, "ERR quick and wrong");
}

// Never answers the request with this number, nor what is behind it on its connection.
class SilentOnce final : public Script {
 public:
  Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    return {.at_ns = number == 1000 ? INT64_MAX : now_ns + kServiceNanos};
  }
};

TEST(Worker, AReplyThatDoesNotComeIsATimeout) {
  SilentOnce script;
  LoadOptions options = OpenLoop(1000, Spacing::kConstant);
  options.timeout_ns = kSecond;
  WorkerRun run(options, script);
  // 20 a second go over each of the 50 connections; one of them is given up after a second.
  EXPECT_NEAR(static_cast<double>(run.total().timeouts), 21, 1);
  EXPECT_EQ(run.total().answered() + run.total().timeouts, 20'000U);
  ExpectNear(run.total().response_ns.Max(), kServiceNanos);
  EXPECT_EQ(run.network().connects(), 51U);
}

// Accepts connections and says nothing.
class Silent final : public Script {
 public:
  Answer AnswerTo(uint64_t /*number*/, int64_t /*now_ns*/) override { return {.at_ns = INT64_MAX}; }
};

TEST(Worker, AServerThatNeverAnswersIsNotWaitedForForEver) {
  for (const WireProtocol protocol : {WireProtocol::kResp2, WireProtocol::kResp3}) {
    Silent script;
    LoadOptions options = Options();
    options.targets[0].protocol = protocol;  // RESP3 waits for its HELLO, RESP2 for a prefill
    options.prefill = true;
    options.timeout_ns = 3 * kSecond;
    WorkerRun run(options, script);
    EXPECT_EQ(run.worker().status().code(), StatusCode::kTimeout);
    EXPECT_LT(run.now_ns(), 10 * kSecond);
  }
}

class ClosesOnce final : public Script {
 public:
  Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    return {.at_ns = now_ns + kServiceNanos, .closes = number == 1000};
  }
};

// Closes every connection from request 1000 on, before anything is answered.
class ClosesForGood final : public Script {
 public:
  Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    return {.at_ns = now_ns + kServiceNanos, .closes = number >= 1000};
  }
};

TEST(Worker, ARunThatCountsOperationsEndsWhenTheServerIsGone) {
  ClosesForGood script;
  LoadOptions options = Options();
  options.duration_ns = 0;
  options.operations = 5000;
  options.timeout_ns = 3 * kSecond;
  WorkerRun run(options, script);
  EXPECT_EQ(run.total().answered(), 1000U);
  EXPECT_GT(run.total().lost, 100U);
  EXPECT_LT(run.now_ns(), 10 * kSecond);
}

TEST(Worker, AConnectionThatBreaksIsOpenedAgain) {
  ClosesOnce script;
  WorkerRun run(OpenLoop(1000, Spacing::kConstant), script);
  EXPECT_EQ(run.total().lost, 1U);
  EXPECT_EQ(run.total().answered(), 19'999U);
  EXPECT_EQ(run.network().connects(), 51U);
  EXPECT_EQ(run.worker().figures().first_error, "the server closed the connection");
}

}  // namespace
}  // namespace corelane::loadgen
