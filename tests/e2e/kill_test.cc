// kill -9 at any moment loses nothing that was acknowledged, and invents nothing: writers on keys
// of their own, a SIGKILL at a random moment, a restart (with another number of lanes now and
// then), and an audit of every key. Again and again on the same data directory.
//
// Meanwhile checkpoints are taken one after the other, and some starts are killed as well.
//
// The moments depend on the machine, the requests on the seed alone; it is printed, and
// CORELANE_TEST_SEED=N sets it. CORELANE_KILL_CYCLES=N makes it so many kills for each mode.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "fault/temp_directory.h"
#include "key_history.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

int Cycles() {
  const char* const given = std::getenv("CORELANE_KILL_CYCLES");
  if (given != nullptr) return static_cast<int>(std::strtol(given, nullptr, 10));
  return kSanitized ? 15 : 100;
}

constexpr size_t kWriters = 3;
constexpr size_t kValueKeys = 48;
constexpr size_t kCounterKeys = 8;
constexpr size_t kKeys = kValueKeys + kCounterKeys;
constexpr size_t kPipelineMax = 16;
constexpr uint64_t kLoadMillisMax = 120;
constexpr uint64_t kStartMicrosMax = 20'000;
// A few segment changes a cycle.
constexpr const char* kSegmentFlag = "--wal-segment-bytes=256kb";

uint64_t Seed() {
  const char* const given = std::getenv("CORELANE_TEST_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

enum class Protocol : uint8_t { kResp, kNative };

// One client with its own keys.
class Writer {
 public:
  Writer(size_t number, uint64_t seed)
      : name_("w" + std::to_string(number) + ":"), random_(seed + number) {}

  // Sends pipelines until the connection ends.
  void Run(uint16_t port, Protocol protocol) {
    RawClient client(port);
    protocol_ = protocol;
    pending_.clear();
    while (client.connected() && OnePipeline(client)) pipelines_.fetch_add(1);
  }

  // Compares all keys with what they may hold; returns how many exist.
  size_t Audit(RawClient& client) {
    size_t present = 0;
    std::string requests;
    for (size_t key = 0; key < kKeys; ++key) requests += Resp({"GET", Name(key)});
    EXPECT_TRUE(client.Send(requests));
    for (size_t key = 0; key < kKeys; ++key) {
      const std::string reply = client.ReadResp();
      const int64_t state = StateOf(key, reply);
      EXPECT_TRUE(histories_[key].Allows(state))
          << Name(key) << " holds " << reply.substr(0, 60) << "; " << histories_[key].ToString();
      histories_[key].Settle(state);
      present += state != KeyHistory::kAbsent;
    }
    return present;
  }

  [[nodiscard]] uint64_t pipelines() const { return pipelines_.load(); }
  [[nodiscard]] uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Pending {
    std::string expected;
    std::vector<size_t> changed;  // keys, each with one change
  };

  [[nodiscard]] std::string Name(size_t key) const { return name_ + std::to_string(key); }

  // Every byte follows from the key and the version, so that the audit sees a mixed-up one.
  [[nodiscard]] std::string Value(size_t key, int64_t version) const {
    const std::string unit = Name(key) + "=" + std::to_string(version) + ";";
    const auto number = static_cast<size_t>(version);
    const size_t repeats = number % 61 == 0 ? 600 : 1 + number % 12;
    std::string value;
    for (size_t i = 0; i < repeats; ++i) value += unit;
    return value;
  }

  // kAbsent, a version or a count; another negative number for what this key never held.
  [[nodiscard]] int64_t StateOf(size_t key, const std::string& reply) const {
    constexpr int64_t kNonsense = -2;
    if (reply == "$-1\r\n") return KeyHistory::kAbsent;
    const size_t begin = reply.find('\n') + 1;
    if (key >= kValueKeys) return ParseNumber(std::string_view(reply).substr(begin));
    const size_t sign = reply.find('=', begin);
    if (sign == std::string::npos) return kNonsense;
    const int64_t version = ParseNumber(std::string_view(reply).substr(sign + 1));
    return reply == Bulk(Value(key, version)) ? version : kNonsense;
  }

  bool OnePipeline(RawClient& client) {
    std::string requests;
    const uint64_t count = 1 + random_.Uniform(kPipelineMax);
    for (uint64_t i = 0; i < count; ++i) requests += OneRequest();
    if (!client.Send(requests)) return false;
    for (const Pending& pending : pending_) {
      const std::string reply =
          protocol_ == Protocol::kResp ? client.ReadResp() : client.ReadNative();
      if (reply.empty()) return false;
      EXPECT_EQ(reply, pending.expected);
      if (reply != pending.expected) return false;
      for (const size_t key : pending.changed) histories_[key].Acknowledged();
      acknowledged_ += pending.changed.size();
    }
    pending_.clear();
    return true;
  }

  std::string OneRequest() {
    const uint64_t kind = random_.Uniform(10);
    const size_t key = random_.Uniform(kValueKeys);
    if (protocol_ == Protocol::kNative) return kind < 2 ? NativeDelete(key) : NativePut(key);
    if (kind == 0) return RespDelete(key);
    if (kind < 4) return Increment(kValueKeys + random_.Uniform(kCounterKeys));
    if (kind == 4) return SetMany(key);
    if (kind == 5) return ReadBack(key);
    pending_.push_back({"+OK\r\n", {key}});
    return Resp({"SET", Name(key), NewValue(key)});
  }

  std::string NewValue(size_t key) {
    const int64_t version = histories_[key].NextVersion();
    histories_[key].Sent(version);
    return Value(key, version);
  }

  bool NoteDelete(size_t key) {
    const bool existed = histories_[key].newest() != KeyHistory::kAbsent;
    histories_[key].Sent(KeyHistory::kAbsent);
    return existed;
  }

  std::string NativePut(size_t key) {
    pending_.push_back({NativeReply(0), {key}});
    return Native(kPut, Name(key), NewValue(key));
  }

  std::string NativeDelete(size_t key) {
    pending_.push_back({NativeReply(NoteDelete(key) ? 0 : 1), {key}});
    return Native(kDelete, Name(key));
  }

  std::string RespDelete(size_t key) {
    pending_.push_back({NoteDelete(key) ? ":1\r\n" : ":0\r\n", {key}});
    return Resp({"DEL", Name(key)});
  }

  std::string Increment(size_t key) {
    const int64_t count = std::max<int64_t>(histories_[key].newest(), 0) + 1;
    histories_[key].Sent(count);
    pending_.push_back({":" + std::to_string(count) + "\r\n", {key}});
    return Resp({"INCR", Name(key)});
  }

  // Keys that live on different lanes as a rule.
  std::string SetMany(size_t first) {
    std::vector<std::string> words = {"MSET"};
    Pending pending{"+OK\r\n", {}};
    for (size_t i = 0; i < 4; ++i) {
      const size_t key = (first + i) % kValueKeys;
      words.push_back(Name(key));
      words.push_back(NewValue(key));
      pending.changed.push_back(key);
    }
    pending_.push_back(std::move(pending));
    return Resp(words);
  }

  std::string ReadBack(size_t key) {
    const int64_t version = histories_[key].newest();
    pending_.push_back(
        {version == KeyHistory::kAbsent ? "$-1\r\n" : Bulk(Value(key, version)), {}});
    return Resp({"GET", Name(key)});
  }

  const std::string name_;
  base::Random random_;
  Protocol protocol_ = Protocol::kResp;
  std::array<KeyHistory, kKeys> histories_;
  std::vector<Pending> pending_;
  std::atomic<uint64_t> pipelines_{0};
  uint64_t acknowledged_ = 0;
};

// Asks for checkpoints until the connection ends; returns how many there were.
uint64_t TakeCheckpoints(uint16_t port) {
  RawClient client(port);
  uint64_t taken = 0;
  while (client.connected() && client.Ask(Resp({"SAVE"})) == "+OK\r\n") ++taken;
  return taken;
}

// --fsync, and how it is served.
using Setting = std::pair<const char*, const char*>;

class KillTest : public testing::TestWithParam<Setting> {
 protected:
  void SetUp() override {
    seed_ = Seed();
    std::printf("seed %llu (CORELANE_TEST_SEED)\n", static_cast<unsigned long long>(seed_));
    for (size_t i = 0; i < kWriters; ++i) {
      writers_.push_back(std::make_unique<Writer>(i, seed_ + 1000));
    }
  }

  // The number of lanes changes every fourth cycle, the back end every second.
  [[nodiscard]] std::vector<std::string> CycleFlags(int cycle) const {
    static constexpr std::array kLanes = {"1", "2", "4", "3"};
    const auto turn = static_cast<size_t>(cycle);
    std::vector<std::string> flags = {std::string("--fsync=") + GetParam().first, kSegmentFlag,
                                      std::string("--shards=") + kLanes[turn / 4 % kLanes.size()],
                                      turn / 2 % 2 == 0 ? "--io=auto" : "--io=epoll",
                                      std::string("--engine=") + GetParam().second};
    if (GetParam().second == std::string("rocksdb")) {
      flags.push_back("--rocksdb-cache-bytes=32mb");
    }
    return Flags(directory_.Sub("data"), flags);
  }

  [[nodiscard]] uint64_t Pipelines() const {
    uint64_t sum = 0;
    for (const auto& writer : writers_) sum += writer->pipelines();
    return sum;
  }

  void Audit(uint16_t port) {
    RawClient client(port);
    ASSERT_TRUE(client.connected());
    size_t present = 0;
    for (const auto& writer : writers_) present += writer->Audit(client);
    EXPECT_EQ(client.Ask(Resp({"DBSIZE"})), ":" + std::to_string(present) + "\r\n")
        << "there are keys that nobody wrote";
  }

  // Load from all writers, and the end in the middle of it.
  void LoadAndKill(ServerProcess& server, int cycle) {
    const uint64_t before = Pipelines();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < writers_.size(); ++i) {
      const bool native = i == 1 || (i == 2 && cycle % 2 == 1);
      threads.emplace_back(&Writer::Run, writers_[i].get(), server.port(),
                           native ? Protocol::kNative : Protocol::kResp);
    }
    threads.emplace_back([&] { checkpoints_ += TakeCheckpoints(server.port()); });
    EXPECT_TRUE(Eventually([&] { return Pipelines() > before + kWriters; }));
    const auto load_ms = static_cast<int64_t>(random_.Uniform(kLoadMillisMax));
    // lint:allow(sleep) the random moment is the test.
    std::this_thread::sleep_for(std::chrono::milliseconds(load_ms));
    server.Kill();
    for (std::thread& thread : threads) thread.join();
  }

  // A start that ends before it serves, most of the time in the middle of its recovery.
  void KillAStart(int cycle) {
    ServerProcess server(CycleFlags(cycle), directory_.Sub("errors"));
    const auto lives_us = static_cast<int64_t>(random_.Uniform(kStartMicrosMax));
    // lint:allow(sleep) the random moment is the test.
    std::this_thread::sleep_for(std::chrono::microseconds(lives_us));
    server.Kill();
  }

  uint64_t seed_ = 0;
  uint64_t checkpoints_ = 0;  // acknowledged SAVEs
  base::Random random_{0};
  fault::TempDirectory directory_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

TEST_P(KillTest, LosesNothingAcknowledgedAndInventsNothing) {
  random_ = base::Random(seed_);
  // A database takes its time to start.
  const int cycles = Cycles() / (GetParam().second == std::string("rocksdb") ? 5 : 1);
  for (int cycle = 0; cycle <= cycles; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle) + ", seed " + std::to_string(seed_));
    if (cycle % 3 == 0) KillAStart(cycle);
    ServerProcess server(CycleFlags(cycle), directory_.Sub("errors"));
    ASSERT_TRUE(server.WaitReady()) << server.Errors();
    Audit(server.port());
    if (HasFailure()) FAIL() << server.Errors();
    if (cycle == cycles) break;
    LoadAndKill(server, cycle);
  }
  uint64_t acknowledged = 0;
  for (const auto& writer : writers_) acknowledged += writer->acknowledged();
  // A database waits for the disk, and may not come to an end of one before the kill.
  if (GetParam().second == std::string("memory")) {
    EXPECT_GT(checkpoints_, 0U);
  }
  std::printf("%d kills, %llu changes acknowledged, %llu checkpoints\n", cycles,
              static_cast<unsigned long long>(acknowledged),
              static_cast<unsigned long long>(checkpoints_));
}

std::vector<Setting> Settings() {
  std::vector<Setting> settings = {{"always", "memory"}, {"everysec", "memory"}, {"os", "memory"}};
  if (kHasRocksDb) settings.insert(settings.end(), {{"always", "rocksdb"}, {"os", "rocksdb"}});
  return settings;
}

INSTANTIATE_TEST_SUITE_P(Fsync, KillTest, testing::ValuesIn(Settings()), [](const auto& setting) {
  return std::string(setting.param.first) + "_" + setting.param.second;
});

}  // namespace
}  // namespace corelane::e2e
