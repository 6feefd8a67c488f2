#pragma once

// A fixture for tests of commands on one lane with a log: lines in, replies out, and a look at what
// is stored and logged.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "shard/command_table.h"
#include "shard/shard_harness.h"

namespace corelane::shard {

inline constexpr std::string_view kSyntaxError = "-ERR syntax error ";
inline constexpr std::string_view kNotAnInteger = "-ERR value is not an integer or out of range ";
inline constexpr std::string_view kOverOurLimit = "-ERR value exceeds maximum size ";
inline constexpr std::string_view kOverTheLimitOfRedis =
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ";

class CommandFixture : public ::testing::Test {
 protected:
  // What PutTyped() gives its values besides type and bytes.
  static constexpr uint32_t kCreatedAt = 77;
  static constexpr int64_t kTtlMs = 60'000;

  CommandFixture() : lanes_(1, true) {}

  // Sends lines and takes the replies.
  std::string Ask(std::string_view lines) {
    client_.Send(lanes_[0], lines);
    return client_.Take();
  }
  static storage::HashedKey Hashed(std::string_view key) {
    return {key, base::KeyHash(key, Lanes::kSeed)};
  }
  void PutTyped(std::string_view key, kv::ValueType type, std::string_view bytes) {
    kv::ValueView value;
    value.type = type;
    value.bytes = bytes;
    value.created_at_s = kCreatedAt;
    value.expires_at = lanes_.clock().WallMillis() + kTtlMs;
    lanes_[0].slice().set_now_ms(lanes_.clock().WallMillis());
    ASSERT_TRUE(lanes_[0].slice().Put(Hashed(key), value));
  }
  kv::ValueView Stored(std::string_view key) {
    kv::ValueView value;
    EXPECT_TRUE(lanes_[0].slice().Get(Hashed(key), &value)) << key;
    return value;
  }
  // The key has the type, and is as old as PutTyped() made it and lives as long.
  void ExpectKept(std::string_view key, kv::ValueType type) {
    SCOPED_TRACE(key);
    const kv::ValueView value = Stored(key);
    EXPECT_EQ(value.type, type);
    EXPECT_EQ(value.created_at_s, kCreatedAt);
    EXPECT_EQ(value.expires_at, lanes_.clock().WallMillis() + kTtlMs);
  }
  // What the command's row says about the length of the value that it may write.
  static uint64_t ValueBytes(std::string_view word, const std::vector<std::string_view>& args) {
    return CommandIndex().Find(word)->value_bytes(args);
  }
  std::vector<std::string>& frames() { return lanes_.log(0).frames; }

  Lanes lanes_;
  TestClient client_;
};

}  // namespace corelane::shard
