#include "shard/checkpointer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "env/clock.h"
#include "kv/value.h"
#include "shard/shard_harness.h"
#include "storage/striped_engine.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kSeed = 7;

class CheckpointerTest : public testing::Test {
 protected:
  CheckpointerTest() { Make({}); }

  void Make(const Checkpointer::Start& start) {
    auto sink = std::make_unique<ScriptedSink>();
    sink_ = sink.get();
    checkpointer_ = std::make_unique<Checkpointer>(engine_, log_, std::move(sink), clock_, start);
  }

  void Put(const std::string& key, std::string_view text, kv::ExpiryMillis at = kv::kNoExpiry) {
    kv::ValueView value;
    value.bytes = text;
    value.expires_at = at;
    ASSERT_NE(engine_.Put({key, base::KeyHash(key, kSeed)}, value),
              storage::PutResult::kOutOfMemory);
    log_.AppendPut(key, value);
  }
  void Erase(const std::string& key) {
    ASSERT_TRUE(engine_.Erase({key, base::KeyHash(key, kSeed)}, clock_.WallMillis()));
    log_.AppendErase(key);
  }
  void Fill(int keys) {
    for (int i = 0; i < keys; ++i) Put("k" + std::to_string(i), "v" + std::to_string(i));
  }
  // Turns until there is nothing to do at once; returns how many it took.
  int RunOn() {
    int turns = 1;
    while (checkpointer_->RunTurn()) ++turns;
    return turns;
  }
  void SyncLog() { log_.durable = log_.last_seq(); }

  env::ManualClock clock_;
  storage::StripedEngine engine_{kSeed};
  ScriptedLog log_;
  ScriptedSink* sink_ = nullptr;
  std::unique_ptr<Checkpointer> checkpointer_;
};

TEST_F(CheckpointerTest, HasEveryEntryOnce) {
  Fill(2000);
  // Whether its time has passed is for the start to say: the clock may go back, and a frame behind
  // may give it more.
  Put("late", "v", clock_.WallMillis() - 1);
  Put("late and large", std::string(5000, 'x'), clock_.WallMillis() - 1);
  EXPECT_EQ(checkpointer_->Request(), 1U);
  // A stripe a turn, not everything at once.
  EXPECT_GT(RunOn(), 8);
  EXPECT_EQ(log_.syncs_asked, 1);
  EXPECT_EQ(sink_->state(), wal::CheckpointState::kWriting);
  EXPECT_EQ(checkpointer_->ended(), 0U);
  SyncLog();
  EXPECT_TRUE(checkpointer_->HasWork());
  RunOn();
  EXPECT_EQ(sink_->end_seq, log_.last_seq());
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 1U);
  EXPECT_TRUE(checkpointer_->last_status().ok());
  EXPECT_EQ(sink_->entries.size(), 2002U);
  EXPECT_EQ(sink_->entries_added, 2002U);
  EXPECT_EQ(sink_->entries.at("k77"), "v77");
  EXPECT_TRUE(sink_->entries.contains("late"));
  EXPECT_TRUE(sink_->entries.contains("late and large"));
  EXPECT_FALSE(checkpointer_->Active());
  EXPECT_EQ(checkpointer_->Stats().entries, 2002U);
}

// Together with the frames behind begun_seq the entries give the state at the end.
TEST_F(CheckpointerTest, WhatChangesOnTheWayIsThereOrInTheLogBehind) {
  Fill(2000);
  const uint64_t seq_before = log_.last_seq();
  checkpointer_->Request();
  for (int i = 0; checkpointer_->RunTurn(); ++i) {
    Put("new" + std::to_string(i), "x");
    Put("k" + std::to_string(i), "changed");
    Erase("k" + std::to_string(1000 + i));
  }
  EXPECT_EQ(sink_->begun_seq, seq_before);
  SyncLog();
  RunOn();
  EXPECT_EQ(sink_->end_seq, log_.last_seq());
  for (int i = 500; i < 1000; ++i) {
    EXPECT_EQ(sink_->entries.count("k" + std::to_string(i)), 1U) << i;
  }
}

TEST_F(CheckpointerTest, ManyEntriesThatAreNotSoLargeComeTogether) {
  // Some eight in each of 256 stripes.
  for (int i = 0; i < 2000; ++i) Put("large" + std::to_string(i), std::string(2000, 'x'));
  checkpointer_->Request();
  EXPECT_LT(RunOn(), 256 * 3);
  EXPECT_EQ(sink_->entries.size(), 2000U);
}

TEST_F(CheckpointerTest, LargeEntriesComeOneATurn) {
  const std::string large(100'000, 'x');
  for (int i = 0; i < 20; ++i) Put("large" + std::to_string(i), large);
  Put("gone", large);
  checkpointer_->Request();
  checkpointer_->RunTurn();  // begins
  checkpointer_->RunTurn();  // the one stripe
  EXPECT_EQ(sink_->entries_added, 0U);
  Erase("gone");
  EXPECT_GE(RunOn(), 20);
  EXPECT_EQ(sink_->entries.size(), 20U);
  EXPECT_EQ(sink_->entries.at("large7"), large);
}

TEST_F(CheckpointerTest, WaitsForRoom) {
  Fill(2000);
  checkpointer_->Request();
  checkpointer_->RunTurn();
  sink_->has_room = false;
  EXPECT_FALSE(checkpointer_->RunTurn());
  EXPECT_FALSE(checkpointer_->HasWork());
  EXPECT_EQ(sink_->entries_added, 0U);
  sink_->has_room = true;
  EXPECT_TRUE(checkpointer_->HasWork());
  RunOn();
  EXPECT_EQ(sink_->entries_added, 2000U);
}

TEST_F(CheckpointerTest, AFailureIsTheEndOfTheAttemptOnly) {
  Fill(2000);
  checkpointer_->Request();
  checkpointer_->RunTurn();
  sink_->Fail(Status(StatusCode::kDiskFull, "no room"));
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 0U);  // who waits for it also waits for the log
  SyncLog();
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 1U);
  EXPECT_EQ(checkpointer_->last_status().code(), StatusCode::kDiskFull);
  EXPECT_TRUE(checkpointer_->Stats().last_failed);

  sink_->outcome = Status(StatusCode::kIoError, "sync failed");
  EXPECT_EQ(checkpointer_->Request(), 2U);
  RunOn();
  SyncLog();
  RunOn();
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 2U);
  EXPECT_EQ(checkpointer_->last_status().code(), StatusCode::kIoError);

  sink_->outcome = OkStatus();
  EXPECT_EQ(checkpointer_->Request(), 3U);
  RunOn();
  SyncLog();
  RunOn();
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 3U);
  EXPECT_TRUE(checkpointer_->last_status().ok());
  EXPECT_FALSE(checkpointer_->Stats().last_failed);
}

TEST_F(CheckpointerTest, ALogThatFailsEndsTheAttempt) {
  Fill(10);
  checkpointer_->Request();
  RunOn();
  log_.admission = wal::Admission::kFailed;
  EXPECT_TRUE(checkpointer_->HasWork());
  RunOn();
  EXPECT_EQ(sink_->abandoned, 1);
  // Not before the sink has let go of it.
  EXPECT_EQ(checkpointer_->ended(), 0U);
  EXPECT_FALSE(checkpointer_->HasWork());
  sink_->ObeyAbandon();
  EXPECT_TRUE(checkpointer_->HasWork());
  RunOn();
  EXPECT_EQ(checkpointer_->ended(), 1U);
  EXPECT_EQ(checkpointer_->last_status().code(), StatusCode::kWalWriteFailed);
}

TEST_F(CheckpointerTest, ARequestOnTheWayJoinsTheWalkButNotWhatFollowsIt) {
  Fill(2000);
  checkpointer_->Request();
  checkpointer_->RunTurn();
  checkpointer_->RunTurn();
  EXPECT_EQ(checkpointer_->Request(), 1U);
  RunOn();
  // The log's end was taken already.
  EXPECT_EQ(checkpointer_->Request(), 2U);
  EXPECT_EQ(checkpointer_->Request(), 2U);
  SyncLog();
  RunOn();
  RunOn();
  EXPECT_EQ(sink_->begun, 2);
}

TEST_F(CheckpointerTest, ThePolicyAsksByTheGrowthOfTheLog) {
  Make({.policy = {.log_bytes = 1000, .log_share = 1.0}, .log_bytes = 900});
  Fill(10);
  checkpointer_->Consider();
  EXPECT_FALSE(checkpointer_->Active());
  log_.appended_bytes = 100;
  checkpointer_->Consider();
  EXPECT_TRUE(checkpointer_->Active());
  RunOn();
  SyncLog();
  RunOn();
  RunOn();
  EXPECT_EQ(checkpointer_->Stats().taken, 1U);
  // From here on, counted from where that one began.
  log_.appended_bytes = 1099;
  checkpointer_->Consider();
  EXPECT_FALSE(checkpointer_->Active());
  // Enough by itself, but little beside the data.
  Put("large", std::string(5000, 'x'));
  log_.appended_bytes = 1100;
  checkpointer_->Consider();
  EXPECT_FALSE(checkpointer_->Active());
  log_.appended_bytes = 6000;
  checkpointer_->Consider();
  EXPECT_TRUE(checkpointer_->Active());
}

TEST_F(CheckpointerTest, ThePolicyAsksByTimeWhenSomethingHasChanged) {
  Make({.policy = {.log_bytes = 0, .interval_ms = 1000}, .log_bytes = 0});
  clock_.AdvanceMillis(5000);
  checkpointer_->Consider();
  EXPECT_FALSE(checkpointer_->Active());
  Fill(1);
  checkpointer_->Consider();
  EXPECT_TRUE(checkpointer_->Active());
  RunOn();
  SyncLog();
  RunOn();
  RunOn();
  Put("k", "v");
  clock_.AdvanceMillis(999);
  checkpointer_->Consider();
  EXPECT_FALSE(checkpointer_->Active());
  clock_.AdvanceMillis(1);
  checkpointer_->Consider();
  EXPECT_TRUE(checkpointer_->Active());
}

TEST_F(CheckpointerTest, AfterAFailureThePolicyWaits) {
  Make({.policy = {.log_bytes = 1000}, .log_bytes = 1000});
  sink_->outcome = Status(StatusCode::kDiskFull, "no room");
  for (const int64_t wait_ms : {5'000, 10'000, 20'000}) {
    checkpointer_->Consider();
    ASSERT_TRUE(checkpointer_->Active());
    RunOn();
    RunOn();
    RunOn();
    EXPECT_TRUE(checkpointer_->Stats().last_failed);
    clock_.AdvanceMillis(wait_ms - 1);
    checkpointer_->Consider();
    EXPECT_FALSE(checkpointer_->Active());
    clock_.AdvanceMillis(1);
  }
}

}  // namespace
}  // namespace corelane::shard
