// hiredis, the C client, at work on the real server: one request at a time, pipelined, with binary
// keys, in transactions, scanning, and over a restart of the server. Debian's hiredis is older than
// RESP3; redis-cli carries a newer one and is tested with it.

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "fault/temp_directory.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

constexpr int kKeys = 1000;
constexpr timeval kTimeout = {kDeadlineMillis / 1000, 0};

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view TextOf(const redisReply* reply) {
  return reply == nullptr || reply->str == nullptr ? std::string_view()
                                                   : std::string_view(reply->str, reply->len);
}

class Hiredis : public testing::Test {
 protected:
  void SetUp() override {
    StartServer("resp://127.0.0.1:0");
    context_.reset(redisConnectWithTimeout("127.0.0.1", server_->port(), kTimeout));
    ASSERT_NE(context_, nullptr);
    ASSERT_EQ(context_->err, 0) << context_->errstr;
    ASSERT_EQ(redisSetTimeout(context_.get(), kTimeout), REDIS_OK);
  }

  void StartServer(const std::string& listen) {
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"--listen=" + listen, "--no-pin", "--shards=2", "--fsync=os",
                                 "--data-dir=" + directory_.Sub("data")},
        directory_.Sub("stderr"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  template <typename... Args>
  Reply Ask(const char* format, Args... args) {
    return Reply(static_cast<redisReply*>(redisCommand(context_.get(), format, args...)));
  }

  Reply Next() {
    void* reply = nullptr;
    EXPECT_EQ(redisGetReply(context_.get(), &reply), REDIS_OK) << context_->errstr;
    return Reply(static_cast<redisReply*>(reply));
  }

  const fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<redisContext, FreeContext> context_;
};

TEST_F(Hiredis, RepliesOfEachType) {
  const Reply status = Ask("SET %s %s", "k", "v");
  ASSERT_NE(status, nullptr);
  EXPECT_EQ(status->type, REDIS_REPLY_STATUS);
  EXPECT_EQ(TextOf(status.get()), "OK");
  const Reply text = Ask("GET %s", "k");
  EXPECT_EQ(text->type, REDIS_REPLY_STRING);
  EXPECT_EQ(TextOf(text.get()), "v");
  EXPECT_EQ(Ask("GET missing")->type, REDIS_REPLY_NIL);
  const Reply number = Ask("INCRBY n %lld", int64_t{1} << 40);
  EXPECT_EQ(number->type, REDIS_REPLY_INTEGER);
  EXPECT_EQ(number->integer, int64_t{1} << 40);
  const Reply error = Ask("INCR k");
  EXPECT_EQ(error->type, REDIS_REPLY_ERROR);
  EXPECT_EQ(TextOf(error.get()), "ERR value is not an integer or out of range");
  const Reply array = Ask("MGET k missing n");
  ASSERT_EQ(array->type, REDIS_REPLY_ARRAY);
  ASSERT_EQ(array->elements, 3U);
  EXPECT_EQ(TextOf(array->element[0]), "v");
  EXPECT_EQ(array->element[1]->type, REDIS_REPLY_NIL);
}

TEST_F(Hiredis, BinaryKeysAndValues) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  std::string big;
  while (big.size() < 500'000) big += bytes;
  EXPECT_EQ(TextOf(Ask("SET %b %b", bytes.data(), bytes.size(), big.data(), big.size()).get()),
            "OK");
  EXPECT_EQ(TextOf(Ask("GET %b", bytes.data(), bytes.size()).get()), big);
  EXPECT_EQ(Ask("STRLEN %b", bytes.data(), bytes.size())->integer,
            static_cast<int64_t>(big.size()));
}

TEST_F(Hiredis, APipelineIsAnsweredInOrder) {
  for (int i = 0; i < kKeys; ++i) {
    redisAppendCommand(context_.get(), "SET key:%d %d", i, i);
    redisAppendCommand(context_.get(), "GET key:%d", i);
  }
  redisAppendCommand(context_.get(), "NOSUCH");
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(TextOf(Next().get()), "OK");
    ASSERT_EQ(TextOf(Next().get()), std::to_string(i));
  }
  EXPECT_EQ(Next()->type, REDIS_REPLY_ERROR);
  EXPECT_EQ(Ask("DBSIZE")->integer, kKeys);
}

TEST_F(Hiredis, ScanReturnsEveryKey) {
  for (int i = 0; i < kKeys; ++i) redisAppendCommand(context_.get(), "SET key:%d v", i);
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(TextOf(Next().get()), "OK");
  std::set<std::string> keys;
  std::string cursor = "0";
  do {
    const Reply reply = Ask("SCAN %s MATCH key:* COUNT 100", cursor.c_str());
    ASSERT_EQ(reply->type, REDIS_REPLY_ARRAY) << TextOf(reply.get());
    cursor = TextOf(reply->element[0]);
    for (size_t i = 0; i < reply->element[1]->elements; ++i) {
      keys.emplace(TextOf(reply->element[1]->element[i]));
    }
  } while (cursor != "0");
  EXPECT_EQ(keys.size(), static_cast<size_t>(kKeys));
}

TEST_F(Hiredis, ATransactionAndAWatchedKey) {
  EXPECT_EQ(TextOf(Ask("MULTI").get()), "OK");
  EXPECT_EQ(TextOf(Ask("SET k 1").get()), "QUEUED");
  EXPECT_EQ(TextOf(Ask("INCR k").get()), "QUEUED");
  const Reply done = Ask("EXEC");
  ASSERT_EQ(done->type, REDIS_REPLY_ARRAY);
  ASSERT_EQ(done->elements, 2U);
  EXPECT_EQ(done->element[1]->integer, 2);
  EXPECT_EQ(TextOf(Ask("WATCH k").get()), "OK");
  EXPECT_EQ(TextOf(Ask("SET k changed").get()), "OK");
  EXPECT_EQ(TextOf(Ask("MULTI").get()), "OK");
  EXPECT_EQ(TextOf(Ask("GET k").get()), "QUEUED");
  EXPECT_EQ(Ask("EXEC")->type, REDIS_REPLY_NIL);
}

TEST_F(Hiredis, AKeyExpires) {
  EXPECT_EQ(TextOf(Ask("SET k v PX 20").get()), "OK");
  EXPECT_TRUE(Eventually([this] { return Ask("GET k")->type == REDIS_REPLY_NIL; }));
  EXPECT_EQ(Ask("PTTL k")->integer, -2);
}

TEST_F(Hiredis, ReconnectsToARestartedServer) {
  EXPECT_EQ(TextOf(Ask("SET kept value").get()), "OK");
  const std::string listen = "resp://127.0.0.1:" + std::to_string(server_->port());
  ASSERT_TRUE(server_->Terminate().has_value());
  EXPECT_EQ(Ask("GET kept"), nullptr);
  StartServer(listen);
  ASSERT_EQ(redisReconnect(context_.get()), REDIS_OK) << context_->errstr;
  EXPECT_EQ(TextOf(Ask("GET kept").get()), "value");
}

}  // namespace
}  // namespace corelane::e2e
