// What a verified run finds in servers that go wrong in a known way, and that it accuses no sound
// one; in virtual time.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "loadgen/judgement.h"
#include "loadgen/verifier.h"
#include "simulated_store.h"
#include "worker_run.h"

namespace corelane::loadgen {
namespace {

using Fault = SimulatedStore::Fault;

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint64_t kSeed = 7;

double& Weight(LoadOptions& options, OpKind kind) {
  return options.workload.mix[static_cast<size_t>(kind)];
}

// Deletes and inserts are left out: with them a wrong answer may happen to be a right one.
LoadOptions Options() {
  LoadOptions options;
  options.targets = {Target{.protocol = WireProtocol::kResp2, .endpoint = {"simulated", 1}}};
  options.connections = 20;
  options.duration_ns = 5 * kSecond;
  options.workload.keys = 1000;
  options.workload.mix = {};
  Weight(options, OpKind::kRead) = 5;
  Weight(options, OpKind::kUpdate) = 3;
  Weight(options, OpKind::kReadModifyWrite) = 2;
  options.verify = true;
  options.spin_ns = 0;
  return options;
}

LoadOptions AllKinds() {
  LoadOptions options = Options();
  Weight(options, OpKind::kInsert) = 1;
  Weight(options, OpKind::kDelete) = 2;
  options.pipeline = 8;
  options.workload.chooser.distribution = KeyDistribution::kZipfian;
  return options;
}

VerifyFigures Figures(const LoadOptions& options, Script& store) {
  WorkerRun run(options, store);
  EXPECT_TRUE(run.worker().status().ok()) << run.worker().status().ToString();
  return run.worker().figures().verify;
}

// Goes wrong once in a hundred times from when the run begins.
SimulatedStore WrongStore(Fault fault) {
  return {{.fault = fault, .begin_ns = WorkerRun::kBeginNanos}, kSeed};
}

TEST(Verify, ASoundServerIsNotAccused) {
  SimulatedStore store({}, kSeed);
  LoadOptions options = AllKinds();
  options.duration_ns = 3 * kSecond;
  const VerifyFigures figures = Figures(options, store);
  EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
  EXPECT_GT(figures.verified, 60'000U);
  EXPECT_EQ(figures.untracked, 0U);
}

// What was under way on a connection that broke may have taken effect, or do so later.
TEST(Verify, ASoundServerIsNotAccusedOfConnectionsThatBreak) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SimulatedStore store({.breaks_every = 97, .begin_ns = WorkerRun::kBeginNanos}, seed);
    LoadOptions options = AllKinds();
    options.duration_ns = 2 * kSecond;
    WorkerRun run(options, store);
    EXPECT_GT(run.network().connects(), 200U);  // of 20 connections
    const VerifyFigures& figures = run.worker().figures().verify;
    EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
    EXPECT_GT(figures.verified, 20'000U);
    EXPECT_GE(figures.swept, 1000U);
    EXPECT_EQ(figures.unswept, 0U);
  }
}

TEST(Verify, AnOpenLoopIsVerifiedAsWell) {
  SimulatedStore store({}, kSeed);
  LoadOptions options = AllKinds();
  options.connections = 50;
  options.duration_ns = 20 * kSecond;
  options.rate = {{1000, 1000, options.duration_ns}};
  const VerifyFigures figures = Figures(options, store);
  EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
  EXPECT_GT(figures.verified, 8'000U);
}

TEST(Verify, WritesThatAreRefusedNeedNotBeThere) {
  SimulatedStore store = WrongStore(Fault::kRefuses);
  const VerifyFigures figures = Figures(Options(), store);
  EXPECT_GT(store.faults(), 30U);
  EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
}

TEST(Verify, AWriteThatWasDroppedMakesReadsStale) {
  SimulatedStore store = WrongStore(Fault::kDropsWrite);
  const VerifyFigures figures = Figures(Options(), store);
  // Each until the key is written again, in half of the cases before it is read.
  EXPECT_GT(figures.stale, store.faults() / 4);
  EXPECT_EQ(figures.findings(), figures.stale);
  EXPECT_NE(figures.first_finding.find("is stale"), std::string::npos) << figures.first_finding;
}

TEST(Verify, AnOlderValueIsStale) {
  SimulatedStore store = WrongStore(Fault::kOlderValue);
  const VerifyFigures figures = Figures(Options(), store);
  EXPECT_GT(store.faults(), 30U);
  EXPECT_EQ(figures.stale, store.faults());
  EXPECT_EQ(figures.findings(), figures.stale);
}

TEST(Verify, ChangedAndCutAndOtherKeysValuesAreCorrupt) {
  for (const Fault fault : {Fault::kFlipsBit, Fault::kCutsValue, Fault::kOtherKey}) {
    SimulatedStore store = WrongStore(fault);
    const VerifyFigures figures = Figures(Options(), store);
    EXPECT_GT(store.faults(), 30U);
    EXPECT_EQ(figures.corrupt, store.faults());
    EXPECT_EQ(figures.findings(), figures.corrupt);
    EXPECT_EQ(figures.first_finding.find("key key:0000"), 0U) << figures.first_finding;
  }
}

TEST(Verify, AKeyThatIsGoneIsLost) {
  SimulatedStore store = WrongStore(Fault::kForgets);
  const VerifyFigures figures = Figures(Options(), store);
  EXPECT_GT(store.faults(), 30U);
  EXPECT_EQ(figures.vanished, store.faults());
  EXPECT_EQ(figures.findings(), figures.vanished);
}

// Deletes excuse the misses that they cause, and no others.
TEST(Verify, AKeyThatIsGoneIsLostAlsoWhereKeysAreDeleted) {
  SimulatedStore store = WrongStore(Fault::kForgets);
  LoadOptions options = Options();
  Weight(options, OpKind::kDelete) = 2;
  const VerifyFigures figures = Figures(options, store);
  EXPECT_GT(store.faults(), 30U);
  EXPECT_EQ(figures.vanished, store.faults());
  EXPECT_EQ(figures.findings(), figures.vanished);
}

TEST(Verify, AValueThatNobodyWroteWasNeverSent) {
  SimulatedStore store = WrongStore(Fault::kNeverWritten);
  const VerifyFigures figures = Figures(Options(), store);
  EXPECT_GT(store.faults(), 30U);
  EXPECT_EQ(figures.never_sent, store.faults());
  EXPECT_EQ(figures.findings(), figures.never_sent);
}

// A server that does not write what it is told, and still has all of an earlier run.
TEST(Verify, AnEarlierRunsValuesAreNotTakenForThisOnes) {
  SimulatedStore store({.fault = Fault::kDropsWrite, .fault_every = 1, .begin_ns = 0}, kSeed);
  LoadOptions options = Options();
  options.workload.mix = {1};
  options.duration_ns = kSecond;
  EXPECT_EQ(Figures(options, store).findings(), 0U);
  EXPECT_EQ(store.faults(), 0U);
  options.workload.seed = 2;
  const VerifyFigures figures = Figures(options, store);
  EXPECT_EQ(store.faults(), 1000U);
  EXPECT_EQ(figures.never_sent, figures.verified);
  EXPECT_EQ(figures.findings(), figures.never_sent);
}

TEST(Verify, EachConnectionWritesKeysOfItsOwnBeforeTheRun) {
  SimulatedStore store({}, kSeed);
  LoadOptions options = Options();
  options.workload.mix = {1};
  options.duration_ns = 0;
  options.operations = 500;
  WorkerRun run(options, store);
  // And reads all of them back after it.
  EXPECT_EQ(run.network().requests(), 1000U + 500 + 1000);
  EXPECT_EQ(run.total().hits, 500U);
  EXPECT_EQ(run.worker().figures().verify.verified, 500U + 1000);
  EXPECT_EQ(run.worker().figures().verify.swept, 1000U);
}

// ---- What is read back after the run ----

// Hardly anything is read in the run, and what goes wrong does so when it is over.
LoadOptions FewReads() {
  LoadOptions options = Options();
  options.workload.mix = {};
  Weight(options, OpKind::kRead) = 1;
  Weight(options, OpKind::kUpdate) = 9;
  options.duration_ns = kSecond;
  return options;
}

TEST(VerifySweep, FindsWhatTheRunDidNotReadAgain) {
  const int64_t over_ns = WorkerRun::kBeginNanos + kSecond;
  SimulatedStore lost({.fault = Fault::kForgets, .fault_every = 50, .begin_ns = over_ns}, kSeed);
  const VerifyFigures figures = Figures(FewReads(), lost);
  EXPECT_EQ(lost.faults(), 1000U / 50);
  EXPECT_EQ(figures.vanished, 1000U / 50);
  EXPECT_EQ(figures.swept, 1000U);
  EXPECT_EQ(figures.unswept, 0U);
  EXPECT_NE(figures.first_finding.find("is lost"), std::string::npos) << figures.first_finding;
  SimulatedStore stale({.fault = Fault::kOlderValue, .fault_every = 50, .begin_ns = over_ns},
                       kSeed);
  EXPECT_EQ(Figures(FewReads(), stale).stale, 1000U / 50);
  EXPECT_EQ(stale.faults(), 1000U / 50);
}

TEST(VerifySweep, KeysThatAreDeletedOrInsertedAreInItAndSoundOnesAreNotAccused) {
  LoadOptions options = AllKinds();
  options.duration_ns = kSecond;
  SimulatedStore store({}, kSeed);
  WorkerRun run(options, store);
  const VerifyFigures& figures = run.worker().figures().verify;
  const auto& inserts = run.worker().figures().by_kind[static_cast<size_t>(OpKind::kInsert)];
  ASSERT_NE(inserts, nullptr);
  EXPECT_GE(figures.swept, 1000U + inserts->answered());
  EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
}

// Its reads are in no latency and no second of the run, which ends when it did before.
TEST(VerifySweep, IsNoPartOfWhatIsMeasured) {
  SimulatedStore store({}, kSeed);
  WorkerRun run(FewReads(), store);
  EXPECT_EQ(run.worker().measured_ns(), kSecond);
  uint64_t answered = 0;
  for (const WindowFigures& window : run.worker().figures().windows) answered += window.answered;
  EXPECT_EQ(answered, run.total().answered());
  EXPECT_EQ(run.network().requests(), 1000U + run.total().answered() + 1000U);
}

TEST(VerifySweep, WhatBreaksOffIsReadAgain) {
  SimulatedStore store({.breaks_every = 97, .begin_ns = WorkerRun::kBeginNanos + kSecond}, kSeed);
  const VerifyFigures figures = Figures(FewReads(), store);
  EXPECT_EQ(figures.swept, 1000U);
  EXPECT_EQ(figures.unswept, 0U);
  EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
}

// As a store, until the run is over.
class EndingStore final : public Script {
 public:
  enum class End : uint8_t { kErrors, kSilence, kHangsUp };
  explicit EndingStore(End end) : end_(end) {}
  [[nodiscard]] Answer AnswerTo(uint64_t number, int64_t now_ns) override {
    return store_.AnswerTo(number, now_ns);
  }
  [[nodiscard]] Answer AnswerTo(uint64_t number, int64_t now_ns,
                                const kv::Request& request) override {
    Answer answer = store_.AnswerTo(number, now_ns, request);
    if (now_ns < WorkerRun::kBeginNanos + kSecond) return answer;
    if (end_ == End::kErrors) answer.bytes = "-ERR no more\r\n";
    if (end_ == End::kSilence) answer.at_ns = INT64_MAX;
    if (end_ == End::kHangsUp) answer.closes = true;
    return answer;
  }

 private:
  const End end_;
  SimulatedStore store_{{}, kSeed};
};

TEST(VerifySweep, WhatCannotBeReadBackIsCountedAndNoFinding) {
  for (const auto end :
       {EndingStore::End::kErrors, EndingStore::End::kSilence, EndingStore::End::kHangsUp}) {
    EndingStore store(end);
    const WorkerRun run(FewReads(), store);
    const VerifyFigures& figures = run.figures().verify;
    EXPECT_EQ(figures.unswept, 1000U);
    EXPECT_EQ(figures.swept, 0U);
    EXPECT_EQ(figures.findings(), 0U) << figures.first_finding;
    // Nobody knows whether they are there, so that nothing is VALID.
    JudgementInput input = {.measured_s = 1};
    EXPECT_EQ(Judge(run.figures(), input).verdict, RunVerdict::kFailing);
    input.stopped = true;
    EXPECT_EQ(Judge(run.figures(), input).verdict, RunVerdict::kValid);
  }
}

TEST(VerifySweep, ARunThatIsStoppedSaysThatItDidNotReadBack) {
  SimulatedStore store({}, kSeed);
  const WorkerRun run(FewReads(), store, 0, WorkerOrder::Kind::kStop);
  const VerifyFigures& figures = run.figures().verify;
  EXPECT_EQ(figures.swept, 0U);
  EXPECT_EQ(figures.unswept, 1000U);
}

TEST(Verify, WithoutItNothingIsCounted) {
  SimulatedStore store = WrongStore(Fault::kFlipsBit);
  LoadOptions options = Options();
  options.verify = false;
  options.prefill = true;
  const VerifyFigures figures = Figures(options, store);
  EXPECT_EQ(figures.verified, 0U);
  EXPECT_EQ(figures.findings(), 0U);
}

// ---- What cannot be verified ----

TEST(Verify, RefusesWhatItCannotCheck) {
  EXPECT_TRUE(CheckVerified(AllKinds()).ok());
  const auto refuses = [](const auto& change) {
    LoadOptions options = Options();
    change(options);
    const Status status = CheckVerified(options);
    EXPECT_EQ(status.code(), StatusCode::kBadArgument);
    return status.message();
  };
  for (const OpKind kind : {OpKind::kReadMulti, OpKind::kWriteMulti, OpKind::kExpire}) {
    const std::string said = refuses([&](LoadOptions& options) { Weight(options, kind) = 1; });
    EXPECT_NE(said.find(OpName(kind)), std::string::npos) << said;
  }
  const auto expect_named = [](const std::string& said, const std::string& flag) {
    EXPECT_NE(said.find(flag), std::string::npos) << said;
  };
  expect_named(refuses([](LoadOptions& options) { options.workload.write_ttl = {1, 1}; }), "--ttl");
  expect_named(refuses([](LoadOptions& options) { options.workload.hit_rate = 0.5; }),
               "--hit-rate");
  expect_named(refuses([](LoadOptions& options) { options.workload.value_sizes = ValueSizes(23); }),
               "--value-bytes");
  expect_named(refuses([](LoadOptions& options) { options.workload.keys = 19; }), "--keys");
  expect_named(refuses([](LoadOptions& options) {
                 options.workload.mix = {};
                 Weight(options, OpKind::kUpdate) = 1;
               }),
               "reads nothing");
}

}  // namespace
}  // namespace corelane::loadgen
