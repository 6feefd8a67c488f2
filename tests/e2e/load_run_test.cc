// The load generator against the real server, over real sockets: what it counts is what the server
// has done.

#include "loadgen/load_run.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "fault/temp_directory.h"
#include "loadgen/network.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

using loadgen::LoadOptions;
using loadgen::LoadResult;
using loadgen::OpKind;
using loadgen::WireProtocol;

class Quiet final : public loadgen::RunObserver {
 public:
  void OnPrefill(uint64_t /*done*/, uint64_t /*total*/) override {}
  void OnBegin(int64_t /*warmup_ns*/) override {}
  void OnWindow(const loadgen::WorkerNews& news) override { answered += news.answered; }
  [[nodiscard]] bool Stops() override { return stops; }

  uint64_t answered = 0;
  bool stops = false;
};

class LoadRunTest : public testing::Test {
 protected:
  LoadRunTest()
      : server_({"--listen=auto://127.0.0.1:0", "--listen=memcache://127.0.0.1:0", "--fsync=off",
                 "--shards=2", "--data-dir=" + dir_.path() + "/data"},
                dir_.path() + "/stderr") {}
  void SetUp() override { ASSERT_TRUE(server_.WaitReady()); }

  [[nodiscard]] LoadOptions Options(WireProtocol protocol) const {
    const bool memcache =
        protocol == WireProtocol::kMemcacheText || protocol == WireProtocol::kMemcacheMeta;
    LoadOptions options;
    options.targets = {{protocol, {"127.0.0.1", server_.ports()[memcache ? 1 : 0]}}};
    options.threads = 2;
    options.connections = 5;
    options.pipeline = 3;
    options.operations = 5'001;
    options.prefill = true;
    options.workload.keys = 1'000;
    options.workload.mix = {};
    Weigh(options, OpKind::kRead, 8);
    Weigh(options, OpKind::kUpdate, 2);
    Weigh(options, OpKind::kReadModifyWrite, 1);
    return options;
  }

  static void Weigh(LoadOptions& options, OpKind kind, double weight) {
    options.workload.mix[static_cast<size_t>(kind)] = weight;
  }

  Result<LoadResult> Run(const LoadOptions& options,
                         io::BackEndChoice choice = io::BackEndChoice::kAuto) {
    loadgen::SystemNetwork network(choice, clock_);
    loadgen::LoadRun run(options, network, clock_);
    return run.Run(observer_);
  }

  // What DBSIZE says.
  [[nodiscard]] std::string Keys() const { return RawClient(server_.port()).Ask(Resp({"DBSIZE"})); }

  const env::SystemClock clock_;
  fault::TempDirectory dir_;
  ServerProcess server_;
  Quiet observer_;
};

class EachProtocol
    : public LoadRunTest,
      public testing::WithParamInterface<std::tuple<WireProtocol, io::BackEndChoice>> {};

INSTANTIATE_TEST_SUITE_P(
    LoadRun, EachProtocol,
    testing::Combine(testing::Values(WireProtocol::kNative, WireProtocol::kResp2,
                                     WireProtocol::kResp3, WireProtocol::kMemcacheText,
                                     WireProtocol::kMemcacheMeta, WireProtocol::kJson),
                     testing::Values(io::BackEndChoice::kAuto, io::BackEndChoice::kEpoll)),
    [](const auto& param) {
      std::string name(loadgen::WireScheme(std::get<0>(param.param)));
      std::erase(name, '-');
      return name + (std::get<1>(param.param) == io::BackEndChoice::kEpoll ? "_epoll" : "_auto");
    });

TEST_P(EachProtocol, EveryOperationIsAnsweredOnce) {
  const auto [protocol, choice] = GetParam();
  const Result<LoadResult> result = Run(Options(protocol), choice);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const loadgen::OpFigures total = result->figures.Total();
  EXPECT_EQ(total.answered(), 5'001U);
  EXPECT_EQ(total.failed(), 0U) << result->figures.first_error;
  EXPECT_EQ(observer_.answered, 5'001U);
  // All keys were written before, and none is taken away.
  EXPECT_EQ(total.misses, 0U);
  EXPECT_GT(total.hits, 3'000U);
  EXPECT_EQ(Keys(), ":1000\r\n");
}

TEST_P(EachProtocol, WhatIsReadIsWhatWasWritten) {
  const auto [protocol, choice] = GetParam();
  LoadOptions options = Options(protocol);
  Weigh(options, OpKind::kInsert, 1);
  Weigh(options, OpKind::kDelete, 1);
  options.workload.value_sizes = *loadgen::ValueSizes::Parse("24-2kb");
  options.verify = true;
  const Result<LoadResult> result = Run(options, choice);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->figures.Total().failed(), 0U) << result->figures.first_error;
  EXPECT_GT(result->figures.Total().misses, 0U);  // where there were deletes
  const loadgen::VerifyFigures& verify = result->figures.verify;
  EXPECT_GT(verify.verified, 3'000U);
  EXPECT_EQ(verify.findings(), 0U) << verify.first_finding;
  EXPECT_EQ(verify.untracked, 0U);
}

TEST_F(LoadRunTest, InsertsAndDeletesAreTheServers) {
  LoadOptions options = Options(WireProtocol::kResp2);
  options.workload.mix = {};
  Weigh(options, OpKind::kInsert, 1);
  options.operations = 500;
  ASSERT_TRUE(Run(options).ok());
  EXPECT_EQ(Keys(), ":1500\r\n");
}

TEST_F(LoadRunTest, SeveralKeysInOneRequest) {
  LoadOptions options = Options(WireProtocol::kResp3);
  options.workload.mix = {};
  Weigh(options, OpKind::kReadMulti, 1);
  Weigh(options, OpKind::kWriteMulti, 1);
  Weigh(options, OpKind::kExpire, 1);
  options.workload.multi_keys_min = options.workload.multi_keys_max = 7;
  const Result<LoadResult> result = Run(options);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const auto& reads = result->figures.by_kind[static_cast<size_t>(OpKind::kReadMulti)];
  ASSERT_NE(reads, nullptr);
  EXPECT_EQ(reads->hits, 7 * reads->answered());
}

TEST_F(LoadRunTest, RecordedCommandsAreSentOnceEach) {
  for (const WireProtocol protocol : {WireProtocol::kResp2, WireProtocol::kResp3}) {
    std::string text = "FLUSHALL\n";
    for (int i = 0; i < 500; ++i) {
      text += "SET key:" + std::to_string(i) + " \"a value\"\nINCRBY sum " + std::to_string(i) +
              "\nMGET key:1 sum nothing\nNO-SUCH-COMMAND\n";
    }
    LoadOptions options = Options(protocol);
    options.prefill = false;
    auto commands = loadgen::RecordedCommands::Parse(text);
    ASSERT_TRUE(commands.ok()) << commands.status().ToString();
    options.replay = std::make_shared<const loadgen::RecordedCommands>(std::move(*commands));
    options.operations = options.replay->size();
    // So that nothing overtakes the FLUSHALL.
    options.threads = options.connections = 1;
    const Result<LoadResult> result = Run(options);
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_EQ(result->figures.Total().answered(), 1'501U);
    EXPECT_EQ(result->figures.Total().errors, 500U);
    EXPECT_EQ(result->figures.Total().failed(), 500U);
    EXPECT_EQ(Keys(), ":501\r\n");
    EXPECT_EQ(RawClient(server_.port()).Ask(Resp({"INCRBY", "sum", "0"})), ":124750\r\n");
  }
}

TEST_F(LoadRunTest, AnOpenLoopStartsWhatItsScheduleSays) {
  LoadOptions options = Options(WireProtocol::kResp2);
  options.operations = 0;
  options.duration_ns = 500'000'000;
  options.pipeline = 64;
  options.spacing = loadgen::Spacing::kConstant;
  options.rate = {{2000, 2000, options.duration_ns}};
  const Result<LoadResult> result = Run(options);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->figures.Total().response_ns.count(), 1000U);
  EXPECT_EQ(result->figures.lag_ns.count() + result->figures.held_back, 1000U);
  EXPECT_EQ(result->measured_ns, options.duration_ns);
}

TEST_F(LoadRunTest, AServerThatGoesAwayIsNotTakenForAQuickOne) {
  LoadOptions options = Options(WireProtocol::kResp2);
  options.operations = 0;
  options.duration_ns = 2'000'000'000;
  options.timeout_ns = 200'000'000;
  options.spacing = loadgen::Spacing::kConstant;
  options.rate = {{2000, 2000, options.duration_ns}};
  // Killed after the first second.
  class Killer final : public loadgen::RunObserver {
   public:
    explicit Killer(ServerProcess& server) : server_(server) {}
    void OnPrefill(uint64_t /*done*/, uint64_t /*total*/) override {}
    void OnBegin(int64_t /*warmup_ns*/) override {}
    void OnWindow(const loadgen::WorkerNews& news) override {
      if (news.window == 0) server_.Kill();
    }
    [[nodiscard]] bool Stops() override { return false; }

   private:
    ServerProcess& server_;
  } killer(server_);
  loadgen::SystemNetwork network(io::BackEndChoice::kAuto, clock_);
  loadgen::LoadRun run(options, network, clock_);
  const Result<LoadResult> result = run.Run(killer);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const loadgen::Figures& figures = result->figures;
  const uint64_t failed = figures.Total().failed() + figures.never_started;
  EXPECT_EQ(figures.Total().answered() + failed, 4'000U);
  EXPECT_GT(failed, 500U);
  EXPECT_FALSE(figures.first_error.empty());
}

TEST_F(LoadRunTest, NobodyThereIsAnErrorThatNamesTheAddress) {
  LoadOptions options = Options(WireProtocol::kResp2);
  server_.Kill();
  const Result<LoadResult> result = Run(options);
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("onnection refused"), std::string::npos)
      << result.status().message();
  EXPECT_NE(result.status().message().find("127.0.0.1:"), std::string::npos)
      << result.status().message();
}

TEST_F(LoadRunTest, AWrongProtocolIsAnErrorAndNotAHang) {
  LoadOptions options = Options(WireProtocol::kMemcacheText);
  options.targets[0].endpoint.port = server_.port();  // the auto listener knows no memcache
  const Result<LoadResult> result = Run(options);
  ASSERT_FALSE(result.ok());
  EXPECT_FALSE(result.status().message().empty());
}

TEST_F(LoadRunTest, StopsWhenItIsTold) {
  LoadOptions options = Options(WireProtocol::kNative);
  options.operations = 0;
  options.duration_ns = int64_t{3600} * 1'000'000'000;
  class StopsAfterAWindow final : public loadgen::RunObserver {
   public:
    void OnPrefill(uint64_t /*done*/, uint64_t /*total*/) override {}
    void OnBegin(int64_t /*warmup_ns*/) override {}
    void OnWindow(const loadgen::WorkerNews& /*news*/) override { seen_ = true; }
    [[nodiscard]] bool Stops() override { return seen_; }

   private:
    bool seen_ = false;
  } observer;
  loadgen::SystemNetwork network(io::BackEndChoice::kAuto, clock_);
  loadgen::LoadRun run(options, network, clock_);
  const Result<LoadResult> result = run.Run(observer);
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_GT(result->figures.Total().answered(), 0U);
  EXPECT_LT(result->measured_ns, options.duration_ns / 10);
}

// Counted from 100 to 200: the second half of it was seen, and what came after the end is nothing.
TEST(LoadRunProcesses, UsedAllTheTimeAsTheyDidWhileTheyWereRead) {
  const env::ProcessStat used{
      .cpu_s = 3, .user_s = 1, .system_s = 2, .resident_bytes = 7, .minor_faults = 5};
  const auto counted = [&](int64_t first_ns, int64_t last_ns) {
    return loadgen::UsedWhileCounted(used, {.first_ns = first_ns,
                                            .last_ns = last_ns,
                                            .counted_from_ns = 100,
                                            .counted_until_ns = 200});
  };
  EXPECT_EQ(counted(150, 240).cpu_s, 6);
  EXPECT_EQ(counted(150, 240).user_s, 2);
  EXPECT_EQ(counted(150, 240).system_s, 4);
  EXPECT_EQ(counted(150, 240).resident_bytes, 7U);
  EXPECT_EQ(counted(150, 240).minor_faults, 5U);
  EXPECT_EQ(counted(100, 200).cpu_s, 3);
  EXPECT_EQ(counted(150, 175).cpu_s, 12);
  // Nothing that was counted was seen: there is nothing to go by.
  EXPECT_EQ(counted(200, 240).cpu_s, 3);
}

}  // namespace
}  // namespace corelane::e2e
