#include "shard/log_replay.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "env/clock.h"
#include "kv/value.h"
#include "storage/striped_engine.h"
#include "wal/format.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kSeed = 7;
constexpr int64_t kNowMs = 10'000;
constexpr int64_t kPastMs = 5'000;
constexpr int64_t kFutureMs = 20'000;

class LogReplayTest : public testing::Test {
 protected:
  void Put(std::string_view key, std::string_view value, kv::ExpiryMillis at = kv::kNoExpiry) {
    wal::Frame frame{.type = wal::FrameType::kPutExpiring, .key = key};
    frame.value.bytes = value;
    frame.value.expires_at = at;
    ASSERT_TRUE(replay_.OnFrame(frame).ok());
  }
  void Expire(std::string_view key, kv::ExpiryMillis at) {
    wal::Frame frame{.type = wal::FrameType::kExpiry, .key = key};
    frame.value.expires_at = at;
    ASSERT_TRUE(replay_.OnFrame(frame).ok());
  }
  // The value, or "(nil)".
  std::string Get(std::string_view key) {
    kv::ValueView value;
    if (!engine_.Get({key, base::KeyHash(key, kSeed)}, kNowMs, &value)) return "(nil)";
    return std::string(value.bytes);
  }

  env::ManualClock clock_{kNowMs};
  storage::StripedEngine engine_{kSeed};
  LogReplay replay_{engine_, kSeed, clock_, "lane"};
};

TEST_F(LogReplayTest, WhatHasExpiredDoesNotComeBack) {
  Put("gone", "v", kPastMs);
  Put("gone too", "v");
  Expire("gone too", kPastMs);
  Put("here", "v", kFutureMs);
  replay_.DropExpired();
  EXPECT_EQ(engine_.Stats().entries, 1U);
  EXPECT_EQ(Get("here"), "v");
}

// When the later frame was written the key was alive.
TEST_F(LogReplayTest, AKeyThatWasGivenALongerLifeInTimeLives) {
  Put("persisted", "v", kPastMs);
  Expire("persisted", kv::kNoExpiry);
  Put("prolonged", "w");
  Expire("prolonged", kPastMs);
  Expire("prolonged", kFutureMs);
  replay_.DropExpired();
  EXPECT_EQ(Get("persisted"), "v");
  EXPECT_EQ(Get("prolonged"), "w");
}

}  // namespace
}  // namespace corelane::shard
