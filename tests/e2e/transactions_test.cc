// Transactions between lanes that really run beside each other: clients on their own threads fight
// for a few keys of all lanes. What one of them writes together nobody sees apart, no money is
// lost, and everybody finishes.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

constexpr int kRounds = kSanitized ? 150 : 600;
constexpr int kAccounts = 6;
constexpr int kAccountStart = 1000;
constexpr int kPairs = 3;

std::string Account(int number) { return "account:" + std::to_string(number % kAccounts); }
std::string Left(int number) { return "left:" + std::to_string(number % kPairs); }
std::string Right(int number) { return "right:" + std::to_string(number % kPairs); }

// The payload lines of a reply with bulk strings and integers in it.
std::vector<std::string> Values(std::string_view reply) {
  std::vector<std::string> values;
  while (!reply.empty()) {
    const size_t end = reply.find("\r\n");
    const std::string_view line = reply.substr(0, end);
    reply.remove_prefix(end + 2);
    if (line[0] == '$' && line != "$-1") {
      const auto bytes = static_cast<size_t>(ParseNumber(line.substr(1)));
      values.emplace_back(reply.substr(0, bytes));
      reply.remove_prefix(bytes + 2);
    } else if (line[0] != '*') {
      values.emplace_back(line);
    }
  }
  return values;
}

class TransactionsTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    server_ = std::make_unique<ServerProcess>(
        Flags(directory_.Sub("data"), {VariantFlag(GetParam()), "--shards=3"}),
        directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
    RawClient client(server_->port());
    std::vector<std::string> setup = {"MSET"};
    for (int i = 0; i < kAccounts; ++i) {
      setup.push_back(Account(i));
      setup.push_back(std::to_string(kAccountStart));
    }
    for (int i = 0; i < kPairs; ++i) {
      setup.insert(setup.end(), {Left(i), "0", Right(i), "0"});
    }
    ASSERT_EQ(client.Ask(Resp(setup)), "+OK\r\n");
  }

  // Runs `round(client, number)` kRounds times on each of `count` threads with a connection each.
  void Run(std::vector<std::thread>& threads, int count,
           const std::function<void(RawClient&, int)>& round) {
    for (int thread = 0; thread < count; ++thread) {
      threads.emplace_back([this, round, thread] {
        RawClient client(server_->port());
        for (int i = 0; i < kRounds && !failed_; ++i) round(client, thread * 7919 + i);
      });
    }
  }

  void Expect(bool good, const std::string& what) {
    if (good || failed_.exchange(true)) return;
    ADD_FAILURE() << what;
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
  std::atomic<bool> failed_{false};
};

// One connection moves money in a transaction; another does it by WATCH and tries again if it lost.
void MoveWatched(RawClient& client, int number) {
  const std::string from = Account(number);
  const std::string to = Account(number + 1 + number % (kAccounts - 1));
  for (;;) {
    static_cast<void>(client.Ask(Resp({"WATCH", from, to})));
    const int64_t had = ParseNumber(Values(client.Ask(Resp({"GET", from})))[0]);
    const int64_t has = ParseNumber(Values(client.Ask(Resp({"GET", to})))[0]);
    client.Send(Resp({"MULTI"}) + Resp({"SET", from, std::to_string(had - 1)}) +
                Resp({"SET", to, std::to_string(has + 1)}) + Resp({"EXEC"}));
    std::string reply;
    for (int i = 0; i < 4; ++i) reply = client.ReadResp();
    if (reply != "*-1\r\n") return;
  }
}

TEST_P(TransactionsTest, NothingIsSeenInHalves) {
  std::vector<std::thread> threads;
  Run(threads, 2, [](RawClient& client, int number) {
    const std::string value = std::to_string(number);
    static_cast<void>(client.Ask(Resp({"MSET", Left(number), value, Right(number), value})));
  });
  Run(threads, 1, [](RawClient& client, int number) {
    static_cast<void>(client.Ask(Resp({"COPY", Left(number), Right(number), "REPLACE"})));
  });
  Run(threads, 2, [this](RawClient& client, int number) {
    const std::vector<std::string> pair =
        Values(client.Ask(Resp({"MGET", Right(number), Left(number)})));
    Expect(pair.size() == 2 && pair[0] == pair[1], "a pair was read apart");
  });
  Run(threads, 1, [](RawClient& client, int number) {
    client.Send(Resp({"MULTI"}) + Resp({"DECRBY", Account(number), "5"}) +
                Resp({"INCRBY", Account(number + 2), "5"}) + Resp({"EXEC"}));
    for (int i = 0; i < 4; ++i) static_cast<void>(client.ReadResp());
  });
  Run(threads, 2, MoveWatched);
  Run(threads, 1, [this](RawClient& client, int) {
    std::vector<std::string> words = {"MGET"};
    for (int i = 0; i < kAccounts; ++i) words.push_back(Account(i));
    int64_t sum = 0;
    for (const std::string& value : Values(client.Ask(Resp(words)))) sum += ParseNumber(value);
    Expect(sum == int64_t{kAccounts} * kAccountStart, "money was lost or made");
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(failed_);
}

// Whoever has seen one half of a change sees the other from then on.
TEST_P(TransactionsTest, OnceSeenItIsThereEverywhere) {
  std::vector<std::thread> threads;
  Run(threads, 1, [](RawClient& client, int number) {
    const std::string value = std::to_string(number);
    static_cast<void>(client.Ask(Resp({"MSET", "left:0", value, "right:0", value})));
  });
  Run(threads, 3, [this](RawClient& client, int number) {
    const std::string first = number % 2 == 0 ? "left:0" : "right:0";
    const std::string second = number % 2 == 0 ? "right:0" : "left:0";
    const int64_t seen = ParseNumber(Values(client.Ask(Resp({"GET", first})))[0]);
    const int64_t then = ParseNumber(Values(client.Ask(Resp({"GET", second})))[0]);
    Expect(then >= seen, "the second half was older than the first");
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(failed_);
}

INSTANTIATE_TEST_SUITE_P(Io, TransactionsTest, testing::ValuesIn(Variants()),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace corelane::e2e
