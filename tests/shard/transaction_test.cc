// Transactions, with lanes turned by hand: what MULTI and its family answer, and that what touches
// keys of several lanes is never interleaved with anybody else.

#include "shard/transaction.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/random.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class TransactionTest : public ::testing::Test {
 protected:
  // Sends, lets everything settle, returns the replies.
  std::string Ask(std::string_view lines, uint32_t lane = 0) { return Ask(client_, lines, lane); }
  std::string Ask(TestClient& client, std::string_view lines, uint32_t lane = 0) {
    client.Send(lanes_[lane], lines);
    lanes_.Settle();
    return client.Take();
  }

  Lanes lanes_{3};
  const std::string a_ = lanes_.KeyOn(0, "a");
  const std::string b_ = lanes_.KeyOn(1, "b");
  const std::string c_ = lanes_.KeyOn(2, "c");
  TestClient client_;
};

TEST_F(TransactionTest, ExecAnswersEveryCommandInOrder) {
  EXPECT_EQ(Ask("MULTI\r\nSET " + a_ + " 1\r\nINCR " + b_ + "\r\nPING\r\nMGET " + a_ + " " + b_ +
                "\r\nEXEC\r\nGET " + a_),
            "+OK +QUEUED +QUEUED +QUEUED +QUEUED *4 +OK :1 +PONG *2 $1 1 $1 1 $1 1 ");
}

TEST_F(TransactionTest, AnEmptyExecAnswersAnEmptyArray) {
  EXPECT_EQ(Ask("MULTI\r\nEXEC"), "+OK *0 ");
}

TEST_F(TransactionTest, ErrorsOfTheFamily) {
  EXPECT_EQ(Ask("EXEC"), "-ERR EXEC without MULTI ");
  EXPECT_EQ(Ask("DISCARD"), "-ERR DISCARD without MULTI ");
  EXPECT_EQ(Ask("MULTI\r\nMULTI\r\nWATCH x\r\nDISCARD"),
            "+OK -ERR MULTI calls can not be nested -ERR WATCH inside MULTI is not allowed +OK ");
  EXPECT_EQ(Ask("MULTI\r\nSET x\r\nSET " + a_ + " 1\r\nEXEC\r\nGET " + a_),
            "+OK -ERR wrong number of arguments for 'set' command +QUEUED "
            "-EXECABORT Transaction discarded because of previous errors. $-1 ");
  EXPECT_EQ(Ask("MULTI\r\nNOSUCH\r\nEXEC\r\nPING").substr(0, 25), "+OK -ERR unknown command ");
}

TEST_F(TransactionTest, AnErrorInsideDoesNotStopTheRest) {
  EXPECT_EQ(Ask("SET " + a_ + " x\r\nMULTI\r\nINCR " + a_ + "\r\nSET " + b_ + " y\r\nEXEC"),
            "+OK +OK +QUEUED +QUEUED *2 -ERR value is not an integer or out of range +OK ");
}

TEST_F(TransactionTest, DiscardForgetsTheQueue) {
  EXPECT_EQ(Ask("MULTI\r\nSET " + b_ + " 1\r\nDISCARD\r\nGET " + b_), "+OK +QUEUED +OK $-1 ");
}

TEST_F(TransactionTest, AWatchedKeyThatChangedStopsExec) {
  TestClient other;
  for (const std::string& key : {a_, b_, c_}) {
    EXPECT_EQ(Ask("WATCH " + key), "+OK ");
    EXPECT_EQ(Ask(other, "SET " + key + " theirs", 1), "+OK ");
    EXPECT_EQ(Ask("MULTI\r\nSET " + key + " mine\r\nEXEC\r\nGET " + key),
              "+OK +QUEUED *-1 $6 theirs ");
    // The watch has ended with EXEC.
    EXPECT_EQ(Ask("MULTI\r\nSET " + key + " mine\r\nEXEC"), "+OK +QUEUED *1 +OK ");
  }
}

TEST_F(TransactionTest, WhatDoesNotChangeAWatchedKeyLetsExecRun) {
  TestClient other;
  EXPECT_EQ(Ask("WATCH " + b_ + " " + c_ + " " + b_), "+OK ");
  EXPECT_EQ(Ask(other, "GET " + b_ + "\r\nDEL " + c_ + "\r\nSET " + a_ + " 1"), "$-1 :0 +OK ");
  EXPECT_EQ(Ask("MULTI\r\nSET " + b_ + " 1\r\nEXEC"), "+OK +QUEUED *1 +OK ");
}

TEST_F(TransactionTest, WatchSeesExpiryFlushAndUnwatch) {
  EXPECT_EQ(Ask("SET " + b_ + " 1 PX 10\r\nWATCH " + b_), "+OK +OK ");
  lanes_.clock().AdvanceMillis(20);
  EXPECT_EQ(Ask("MULTI\r\nPING\r\nEXEC"), "+OK +QUEUED *-1 ");
  EXPECT_EQ(Ask("SET " + b_ + " 1\r\nWATCH " + b_ + "\r\nFLUSHALL\r\nMULTI\r\nPING\r\nEXEC"),
            "+OK +OK +OK +OK +QUEUED *-1 ");
  EXPECT_EQ(Ask("WATCH " + b_ + "\r\nSET " + b_ + " 2\r\nUNWATCH\r\nMULTI\r\nPING\r\nEXEC"),
            "+OK +OK +OK +OK +QUEUED *1 +PONG ");
}

TEST_F(TransactionTest, CommandsBetweenKeysOfDifferentLanes) {
  EXPECT_EQ(Ask("SET " + a_ + " v PX 5000\r\nRENAME " + a_ + " " + b_ + "\r\nEXISTS " + a_ +
                "\r\nGET " + b_),
            "+OK +OK :0 $1 v ");
  EXPECT_EQ(Ask("TTL " + b_), ":5 ");
  EXPECT_EQ(Ask("COPY " + b_ + " " + c_ + "\r\nCOPY " + b_ + " " + c_ + "\r\nCOPY " + b_ + " " +
                c_ + " REPLACE\r\nMGET " + a_ + " " + b_ + " " + c_),
            ":1 :0 :1 *3 $-1 $1 v $1 v ");
  EXPECT_EQ(Ask("RENAME " + a_ + " " + c_), "-ERR no such key ");
  EXPECT_EQ(Ask("RENAMENX " + b_ + " " + c_ + "\r\nRENAMENX " + b_ + " " + a_), ":0 :1 ");
  EXPECT_EQ(Ask("RENAME " + c_ + " " + c_ + "\r\nRENAMENX " + c_ + " " + c_), "+OK :0 ");
}

TEST_F(TransactionTest, InsideExecTheyCompose) {
  EXPECT_EQ(Ask("MULTI\r\nSET " + a_ + " 1\r\nRENAME " + a_ + " " + b_ + "\r\nINCR " + b_ +
                "\r\nCOPY " + b_ + " " + c_ + "\r\nMGET " + a_ + " " + b_ + " " + c_ +
                "\r\nFLUSHALL\r\nDBSIZE\r\nEXEC"),
            "+OK +QUEUED +QUEUED +QUEUED +QUEUED +QUEUED +QUEUED +QUEUED "
            "*7 +OK +OK :2 :1 *3 $-1 $1 2 $1 2 +OK :0 ");
}

TEST_F(TransactionTest, AClientSeesItsOwnWritesInAPipeline) {
  EXPECT_EQ(Ask("MSET " + a_ + " 1 " + b_ + " 2 " + c_ + " 3\r\nGET " + c_ + "\r\nGET " + a_ +
                "\r\nDEL " + a_ + " " + b_ + "\r\nGET " + b_ + "\r\nMGET " + a_ + " " + c_ +
                "\r\nSET " + c_ + " 4\r\nPING"),
            "+OK $1 3 $1 1 :2 $-1 *2 $-1 $1 3 +OK +PONG ");
}

TEST_F(TransactionTest, HeldKeysHoldUpNobodyElse) {
  TestClient other;
  const std::string d = lanes_.KeyOn(1, "d");
  client_.Send(lanes_[0], "MSET " + b_ + " 1 " + c_ + " 2");
  lanes_.Turn(0);
  lanes_.Turn(1);  // lane 1's key is held now; lane 2 has not been asked
  other.Send(lanes_[1], "SET " + d + " x\r\nGET " + d + "\r\nGET " + b_);
  EXPECT_EQ(other.Take(), "+OK $1 x ");
  lanes_.Settle();
  EXPECT_EQ(other.Take(), "$1 1 ");
  EXPECT_EQ(client_.Take(), "+OK ");
}

TEST_F(TransactionTest, AReadThatATransactionOvertakesIsDoneAgain) {
  EXPECT_EQ(Ask("MSET " + a_ + " old " + c_ + " old"), "+OK ");
  TestClient reader;
  reader.Send(lanes_[0], "MGET " + a_ + " " + c_);  // reads a here and now
  EXPECT_EQ(Ask("PING"), "+PONG ");
  EXPECT_EQ(reader.Take(), "*2 $3 old $3 old ");

  reader.Send(lanes_[0], "MGET " + a_ + " " + c_);
  // The other client's transaction is complete before the read reaches lane 2.
  client_.Send(lanes_[2], "MSET " + a_ + " new " + c_ + " new");
  for (int i = 0; i < 10; ++i) {
    lanes_.Turn(2);
    lanes_[0].RunTurn();
    lanes_[0].EndTurn();
  }
  lanes_.Settle();
  EXPECT_EQ(reader.Take(), "*2 $3 new $3 new ");
  EXPECT_EQ(lanes_.counters(0).reads_overtaken, 1U);
}

TEST_F(TransactionTest, AConnectionThatGoesAwayLeavesNothingBehind) {
  auto leaving = std::make_unique<TestClient>();
  leaving->Send(lanes_[0], "WATCH " + b_ + "\r\nWATCH " + c_ + " " + a_);
  lanes_[0].Forget(*leaving);
  leaving = std::make_unique<TestClient>();
  leaving->Send(lanes_[1], "WATCH " + b_ + "\r\nMULTI\r\nSET " + b_ + " 1");
  lanes_.Settle();
  lanes_[1].Forget(*leaving);
  leaving = std::make_unique<TestClient>();
  leaving->Send(lanes_[2], "MSET " + a_ + " 1 " + c_ + " 1\r\nGET " + a_);
  lanes_[2].Forget(*leaving);
  lanes_.Settle();
  for (uint32_t lane = 0; lane < 3; ++lane) EXPECT_TRUE(lanes_[lane].Idle());
  // What was begun was finished.
  EXPECT_EQ(Ask("MGET " + a_ + " " + b_ + " " + c_), "*3 $1 1 $-1 $1 1 ");
}

TEST(TransactionLog, WaitsForRoomWithItsKeysHeld) {
  Lanes lanes(2, true);
  const std::string here = lanes.KeyOn(0);
  const std::string there = lanes.KeyOn(1);
  TestClient client;
  TestClient reader;
  client.Send(lanes[0], "MULTI\r\nSET " + here + " 1\r\nSET " + there + " 1\r\nEXEC");
  lanes.log(1).admission = wal::Admission::kWait;
  lanes.Settle();
  EXPECT_EQ(client.Take(), "+OK +QUEUED +QUEUED ");
  reader.Send(lanes[1], "GET " + here + "\r\nGET " + there);
  lanes.Settle();
  EXPECT_EQ(reader.Take(), "");
  lanes.log(1).admission = wal::Admission::kOk;
  lanes.Settle();
  EXPECT_EQ(client.Take(), "*2 +OK +OK ");
  EXPECT_EQ(reader.Take(), "$1 1 $1 1 ");
}

TEST(TransactionLog, AFullDiskIsToldAndTheKeysAreGivenBack) {
  Lanes lanes(2, true);
  const std::string here = lanes.KeyOn(0);
  const std::string there = lanes.KeyOn(1);
  TestClient client;
  lanes.log(1).admission = wal::Admission::kDiskFull;
  client.Send(lanes[0], "MSET " + here + " 1 " + there + " 1\r\nGET " + there);
  lanes.Settle();
  EXPECT_EQ(client.Take(), "-MISCONF no space $-1 ");
}

// Many clients on all lanes, lanes turned in any order, everybody on the same few keys. What must
// hold: a pair that is only ever written together is never read apart, moving money keeps the sum,
// and everything is answered.
class Contention {
 public:
  Contention(uint32_t lanes, uint64_t seed) : lanes_(lanes), random_(seed) {
    for (uint32_t i = 0; i < kAccounts; ++i) accounts_.push_back("account" + std::to_string(i));
    for (uint32_t i = 0; i < kPairs; ++i) {
      pairs_.push_back({"left" + std::to_string(i), "right" + std::to_string(i)});
    }
    std::string setup = "MSET";
    for (const std::string& account : accounts_) setup += " " + account + " 1000";
    clients_[0].client.Send(lanes_[0], setup);
    lanes_.Settle();
    EXPECT_EQ(clients_[0].client.Take(), "+OK ");
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      if (random_.Uniform(3) == 0) Submit();
      lanes_.Turn(static_cast<uint32_t>(random_.Uniform(lanes_.count())));
      for (OneClient& client : clients_) Check(client);
    }
    lanes_.Settle();
    for (OneClient& client : clients_) {
      Check(client);
      EXPECT_TRUE(client.expected.empty());
    }
    for (uint32_t lane = 0; lane < lanes_.count(); ++lane) EXPECT_TRUE(lanes_[lane].Idle());
  }

  [[nodiscard]] int checked() const { return checked_; }

 private:
  static constexpr uint32_t kAccounts = 5;
  static constexpr uint32_t kPairs = 3;
  static constexpr uint32_t kClients = 9;
  enum class Expect { kAny, kPair, kSum };

  struct OneClient {
    TestClient client;
    std::string text;
    std::deque<Expect> expected;
  };

  void Submit() {
    const auto index = static_cast<uint32_t>(random_.Uniform(kClients));
    OneClient& client = clients_[index];
    if (client.expected.size() > 4) return;
    const auto& [left, right] = pairs_[random_.Uniform(kPairs)];
    const std::string& from = accounts_[random_.Uniform(kAccounts)];
    const std::string& to = accounts_[random_.Uniform(kAccounts)];
    const std::string value = std::to_string(random_.Uniform(1000));
    std::string lines;
    switch (random_.Uniform(7)) {
      case 0:
        lines = "MSET " + left + " " + value + " " + right + " " + value;
        client.expected.push_back(Expect::kAny);
        break;
      case 1:
        lines = "DEL " + right + " " + left;
        client.expected.push_back(Expect::kAny);
        break;
      case 2:
        lines = "MGET " + left + " " + right;
        client.expected.push_back(Expect::kPair);
        break;
      case 3:
        lines = "MULTI\r\nGET " + left + "\r\nGET " + right + "\r\nEXEC";
        client.expected.insert(client.expected.end(),
                               {Expect::kAny, Expect::kAny, Expect::kAny, Expect::kPair});
        break;
      case 4:
        lines = "MULTI\r\nDECRBY " + from + " 7\r\nINCRBY " + to + " 7\r\nEXEC";
        client.expected.insert(client.expected.end(),
                               {Expect::kAny, Expect::kAny, Expect::kAny, Expect::kAny});
        break;
      case 5:
        lines = "MGET";
        for (const std::string& account : accounts_) lines += " " + account;
        client.expected.push_back(Expect::kSum);
        break;
      default:
        // Copying one side over the other, of equals, changes nothing.
        lines = "COPY " + left + " " + right + " REPLACE";
        client.expected.push_back(Expect::kAny);
        break;
    }
    client.client.Send(lanes_[index % lanes_.count()], lines);
  }

  // Takes apart what has come, reply by reply.
  void Check(OneClient& client) {
    client.text += client.client.Take();
    std::vector<std::string> words = absl::StrSplit(client.text, ' ', absl::SkipEmpty());
    size_t at = 0;
    while (at < words.size()) {
      ASSERT_FALSE(client.expected.empty());
      const size_t begin = at;
      Skip(words, at);
      std::vector<std::string> values;
      for (size_t i = begin + 1; i < at; ++i) {
        if (words[i] == "$-1") values.emplace_back("none");
        if (words[i][0] != '$') values.push_back(words[i]);
      }
      const Expect expect = client.expected.front();
      client.expected.pop_front();
      if (expect == Expect::kPair) {
        ASSERT_EQ(values.size(), 2U);
        EXPECT_EQ(values[0], values[1]);
        ++checked_;
      } else if (expect == Expect::kSum) {
        int64_t sum = 0;
        for (const std::string& value : values) sum += std::stoll(value);
        EXPECT_EQ(sum, 1000 * kAccounts);
        ++checked_;
      }
    }
    client.text.clear();
  }

  static void Skip(const std::vector<std::string>& words, size_t& at) {
    const std::string& word = words[at++];
    if (word[0] == '$' && word != "$-1") ++at;
    if (word[0] != '*') return;
    for (int left = std::stoi(word.substr(1)); left > 0; --left) Skip(words, at);
  }

  Lanes lanes_;
  base::Random random_;
  std::vector<std::string> accounts_;
  std::vector<std::pair<std::string, std::string>> pairs_;
  std::array<OneClient, kClients> clients_;
  int checked_ = 0;
};

TEST(TransactionContention, NothingIsSeenInHalvesAndNothingHangs) {
  for (uint32_t lanes = 1; lanes <= 4; ++lanes) {
    for (uint64_t seed = 1; seed <= 25; ++seed) {
      SCOPED_TRACE("lanes " + std::to_string(lanes) + ", seed " + std::to_string(seed));
      Contention contention(lanes, seed);
      contention.Run(3000);
      EXPECT_GT(contention.checked(), 100);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace corelane::shard
