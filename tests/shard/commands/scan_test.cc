// SCAN, KEYS, RANDOMKEY, and cursors.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shard/cursor.h"
#include "shard/shard_harness.h"

namespace corelane::shard {
namespace {

class Scan : public testing::Test {
 protected:
  std::string Run(std::string_view lines) {
    client_.Send(lanes_[1], lines);
    lanes_.Settle();
    return client_.Take();
  }
  void Fill(int keys) {
    for (int i = 0; i < keys; ++i) client_.Send(lanes_[1], "SET key:" + std::to_string(i) + " v");
    lanes_.Settle();
    (void)client_.Take();
  }
  static std::vector<std::string> Words(std::string_view reply) {
    std::vector<std::string> words;
    for (size_t at = 0, end; (end = reply.find(' ', at)) != std::string::npos; at = end + 1) {
      words.emplace_back(reply.substr(at, end - at));
    }
    return words;
  }
  // The keys of a flat array of bulk strings, sorted.
  std::vector<std::string> Keys(std::string_view command) {
    const std::vector<std::string> words = Words(Run(command));
    std::vector<std::string> keys;
    for (size_t i = 2; i < words.size(); i += 2) keys.push_back(words[i]);
    EXPECT_EQ(words[0], "*" + std::to_string(keys.size()));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  Lanes lanes_{3};
  TestClient client_;
};

TEST_F(Scan, Errors) {
  EXPECT_EQ(Run("SCAN x"), "-ERR invalid cursor ");
  EXPECT_EQ(Run("SCAN 0 COUNT x foo"), "-ERR value is not an integer or out of range ");
  EXPECT_EQ(Run("SCAN 0 COUNT 0"), "-ERR syntax error ");
  EXPECT_EQ(Run("SCAN 0 COUNT"), "-ERR syntax error ");
  EXPECT_EQ(Run("SCAN 0 FOO 1"), "-ERR syntax error ");
  EXPECT_EQ(Run("SCAN"), "-ERR wrong number of arguments for 'scan' command ");
  EXPECT_EQ(Run("KEYS"), "-ERR wrong number of arguments for 'keys' command ");
}

TEST_F(Scan, TypesAndPatterns) {
  Run("SET a1 v\r\nSET b1 v");
  std::vector<std::string> found;
  std::string cursor = "0";
  for (int steps = 0; steps == 0 || cursor != "0"; ++steps) {
    ASSERT_LT(steps, 10);
    EXPECT_EQ(Run("SCAN " + cursor + " TYPE list COUNT 1000").find("a1"), std::string::npos);
    // *2 $n cursor *n $n key ...
    const std::vector<std::string> words =
        Words(Run("SCAN " + cursor + " MATCH a* TYPE STRING COUNT 1000"));
    cursor = words[2];
    for (size_t i = 5; i < words.size(); i += 2) found.push_back(words[i]);
  }
  EXPECT_EQ(found, std::vector<std::string>{"a1"});
}

TEST_F(Scan, KeysOfAllLanesThatLive) {
  Fill(300);
  EXPECT_EQ(Keys("KEYS *").size(), 300U);
  EXPECT_EQ(Keys("KEYS key:29?").size(), 10U);
  EXPECT_EQ(Run("KEYS nothing*"), "*0 ");
  Run("PEXPIRE key:7 5");
  lanes_.clock().AdvanceMillis(6);
  EXPECT_EQ(Keys("KEYS key:[7-8]"), std::vector<std::string>{"key:8"});
}

TEST_F(Scan, NoRandomKeyWithoutKeys) {
  EXPECT_EQ(Run("RANDOMKEY"), "$-1 ");
  Run("SET k v PX 5");
  EXPECT_EQ(Run("RANDOMKEY"), "$1 k ");
  lanes_.clock().AdvanceMillis(6);
  EXPECT_EQ(Run("RANDOMKEY"), "$-1 ");
}

TEST_F(Scan, RandomKeysAreAboutEquallyLikely) {
  constexpr int kKeys = 20;
  constexpr int kDraws = 4000;
  Fill(kKeys);
  std::map<std::string, int> drawn;
  for (int i = 0; i < kDraws; ++i) ++drawn[Run("RANDOMKEY")];
  ASSERT_EQ(drawn.size(), static_cast<size_t>(kKeys));
  // 200 each on average, with a standard deviation of 14; the draws are the same in every run.
  for (const auto& [key, times] : drawn) {
    EXPECT_GT(times, 120) << key;
    EXPECT_LT(times, 280) << key;
  }
}

// So many keys that stripes are drawn, and then so few that most stripes are empty.
TEST_F(Scan, RandomKeysOfABigTableAndOfOneThatWasBig) {
  constexpr int kKeys = 40'000;
  Fill(kKeys);
  std::map<char, int> by_last_digit;
  for (int i = 0; i < 1000; ++i) {
    const std::string reply = Run("RANDOMKEY");
    ++by_last_digit[reply[reply.size() - 2]];
  }
  EXPECT_EQ(by_last_digit.size(), 10U);
  for (const auto& [digit, times] : by_last_digit) EXPECT_LT(times, 160) << digit;
  for (int i = 1; i < kKeys; ++i) client_.Send(lanes_[1], "DEL key:" + std::to_string(i));
  lanes_.Settle();
  (void)client_.Take();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Run("RANDOMKEY"), "$5 key:0 ");
}

TEST(Cursor, ReadsWhatStrtoulReads) {
  EXPECT_EQ(ParseCursor("0"), std::optional<uint64_t>(0));
  EXPECT_EQ(ParseCursor(""), std::optional<uint64_t>(0));
  EXPECT_EQ(ParseCursor("+7"), std::optional<uint64_t>(7));
  EXPECT_EQ(ParseCursor("-1"), std::optional<uint64_t>(UINT64_MAX));
  EXPECT_EQ(ParseCursor("18446744073709551615"), std::optional<uint64_t>(UINT64_MAX));
  for (const std::string_view text : {"18446744073709551616", " 1", "1 ", "x", "+", "-", "--1"}) {
    EXPECT_EQ(ParseCursor(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace corelane::shard
