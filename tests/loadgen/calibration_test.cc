// Calibration in virtual time, where the figures are known, and once on this machine, where only
// their sense is.

#include "loadgen/calibration.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "simulated_network.h"

namespace corelane::loadgen {
namespace {

constexpr int64_t kMicro = 1'000;

LoadOptions OneRun() {
  LoadOptions options;
  options.targets = {Target{.protocol = WireProtocol::kResp3, .endpoint = {"host", 6379}}};
  options.threads = 2;
  options.connections = 40;
  options.pipeline = 8;
  options.workload.keys = 1000;
  options.workload.mix[static_cast<size_t>(OpKind::kUpdate)] = 1;
  options.prefill = true;
  options.duration_ns = 10'000'000'000;
  return options;
}

class FixedDelay final : public Script {
 public:
  explicit FixedDelay(int64_t delay_ns) : delay_ns_(delay_ns) {}
  Answer AnswerTo(uint64_t /*number*/, int64_t now_ns) override {
    return {.at_ns = now_ns + delay_ns_};
  }

 private:
  const int64_t delay_ns_;
};

// Tells the time of a clock that is always so late.
class LateSleeper final : public env::Clock {
 public:
  LateSleeper(const VirtualClock& clock, int64_t late_ns) : clock_(clock), late_ns_(late_ns) {}
  // Only where time has passed: who looks twice sees the same.
  [[nodiscard]] int64_t MonotonicNanos() const override {
    if (clock_.MonotonicNanos() != seen_ns_) {
      seen_ns_ = clock_.MonotonicNanos();
      late_in_all_ns_ += late_ns_;
    }
    return seen_ns_ + late_in_all_ns_;
  }
  [[nodiscard]] int64_t WallMillis() const override { return MonotonicNanos() / 1'000'000; }

 private:
  const VirtualClock& clock_;
  const int64_t late_ns_;
  mutable int64_t seen_ns_ = 0;
  mutable int64_t late_in_all_ns_ = 0;
};

TEST(Calibration, ASleeperIsAsLateAsTheClockSays) {
  VirtualClock clock;
  FixedDelay script(0);
  SimulatedNetwork network(clock, script);
  const LateSleeper late(clock, 7 * kMicro);
  Calibration calibration;
  ASSERT_TRUE(MeasureTimers(network, late, calibration).ok());
  EXPECT_NEAR(static_cast<double>(calibration.timer_late_p50_ns), 7e3, 10);
  EXPECT_NEAR(static_cast<double>(calibration.timer_late_p99_ns), 7e3, 10);
}

TEST(Calibration, ARoundTripIsWhatTheServerTakes) {
  VirtualClock clock;
  FixedDelay script(30 * kMicro);
  SimulatedNetwork network(clock, script);
  Calibration calibration;
  const Status status =
      MeasureRoundTrip(RoundTripLoad(OneRun(), {"simulated", 1}), network, clock, calibration);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_NEAR(static_cast<double>(calibration.round_trip_p50_ns), 30e3, 1.1e3);
  EXPECT_NEAR(static_cast<double>(calibration.round_trip_p99_ns), 30e3, 1.1e3);
  EXPECT_EQ(network.connects(), 1U);
}

TEST(Calibration, TheCeilingIsWhatIsAnsweredInTheTime) {
  VirtualClock clock;
  FixedDelay script(1'000 * kMicro);
  SimulatedNetwork network(clock, script);
  Calibration calibration;
  const Status status =
      MeasureCeiling(CeilingLoad(OneRun(), {"simulated", 1}), network, clock, calibration);
  ASSERT_TRUE(status.ok()) << status.ToString();
  // Half of the connections, each with eight requests under way, for a millisecond each.
  EXPECT_NEAR(calibration.requests_per_s, 20 * 8 * 1000, 5000);
  EXPECT_EQ(network.connects(), 20U);
  EXPECT_GT(calibration.cpu_us_per_request, 0);
}

TEST(Calibration, AServerThatNeverAnswersIsAnError) {
  VirtualClock clock;
  FixedDelay script(INT64_MAX / 2);
  SimulatedNetwork network(clock, script);
  Calibration calibration;
  EXPECT_FALSE(
      MeasureRoundTrip(RoundTripLoad(OneRun(), {"simulated", 1}), network, clock, calibration)
          .ok());
}

TEST(Calibration, AsksForReadsWhateverTheRunDoes) {
  LoadOptions run = OneRun();
  run.rate = {{1000, 1000, run.duration_ns}};
  run.verify = true;
  auto commands = RecordedCommands::Parse("ping\n");
  ASSERT_TRUE(commands.ok());
  run.replay = std::make_shared<const RecordedCommands>(std::move(*commands));
  const LoadOptions load = CeilingLoad(run, {"127.0.0.1", 1});
  EXPECT_FALSE(load.open_loop());
  EXPECT_FALSE(load.prefills());
  EXPECT_EQ(load.replay, nullptr);
  EXPECT_EQ(load.pipeline, 1U);
  EXPECT_EQ(load.threads, 1U);
  EXPECT_EQ(load.workload.weight(OpKind::kUpdate), 0);
  EXPECT_EQ(load.workload.weight(OpKind::kRead), 1);
  EXPECT_EQ(load.targets[0].protocol, WireProtocol::kResp2);
  EXPECT_EQ(load.targets[0].endpoint.port, 1);
  run.rate.clear();
  EXPECT_EQ(CeilingLoad(run, {}).pipeline, 8U);
  EXPECT_EQ(RoundTripLoad(run, {}).pipeline, 1U);
  run.connections = run.threads = 1;
  EXPECT_EQ(CeilingLoad(run, {}).connections, 1U);
}

TEST(Calibration, ShortRunsAreNotWorthIt) {
  LoadOptions run = OneRun();
  EXPECT_TRUE(WorthCalibrating(run));
  run.duration_ns = 1'999'999'999;
  EXPECT_FALSE(WorthCalibrating(run));
  run.duration_ns = 0;
  run.operations = 5;
  EXPECT_TRUE(WorthCalibrating(run));
}

TEST(Calibration, TheCeilingIsTheBetterOfTwoFigures) {
  EXPECT_EQ(Calibration{.requests_per_s = 100}.CeilingPerSecond(), 100);
  EXPECT_DOUBLE_EQ(
      (Calibration{.requests_per_s = 100'000, .cpu_us_per_request = 5}.CeilingPerSecond()),
      200'000);
}

// No thresholds here: how quick this machine is is nobody's business.
TEST(Calibration, OnThisMachineEveryFigureIsThere) {
  const env::SystemClock clock;
  SystemNetwork network(io::BackEndChoice::kAuto, clock);
  const Result<Calibration> calibration = Calibrate(OneRun(), network, clock);
  ASSERT_TRUE(calibration.ok()) << calibration.status().ToString();
  EXPECT_GT(calibration->timer_late_p50_ns, 0);
  EXPECT_GE(calibration->timer_late_p99_ns, calibration->timer_late_p50_ns);
  EXPECT_GT(calibration->round_trip_p50_ns, 0);
  EXPECT_GE(calibration->round_trip_p99_ns, calibration->round_trip_p50_ns);
  EXPECT_GT(calibration->requests_per_s, 0);
  EXPECT_GT(calibration->cpu_us_per_request, 0);
  EXPECT_GE(calibration->CeilingPerSecond(), calibration->requests_per_s);
}

}  // namespace
}  // namespace corelane::loadgen
