#include "loadgen/judgement.h"

#include <gtest/gtest.h>

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

constexpr JudgementInput kOpen = {.open_loop = true, .measured_s = 10};

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

}  // namespace
}  // namespace corelane::loadgen
