// Batches: all requests leave before a response is read, and neither side ever waits for the other.

#include <corelane/client.h>
#include <corelane/pipeline.h>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "test_server.h"
#include "test_store.h"

namespace corelane::client {
namespace {

constexpr size_t kBatchRequests = 10'000;

class Entries {
 public:
  explicit Entries(size_t value_bytes) {
    keys_.reserve(kBatchRequests);
    values_.reserve(kBatchRequests);
    for (size_t i = 0; i < kBatchRequests; ++i) {
      keys_.push_back("key" + std::to_string(i));
      values_.push_back(std::to_string(i));
      values_.back().resize(value_bytes, '.');
    }
  }
  [[nodiscard]] std::vector<KeyValue> pairs() const {
    std::vector<KeyValue> pairs;
    for (size_t i = 0; i < kBatchRequests; ++i) pairs.push_back({keys_[i], values_[i]});
    return pairs;
  }
  [[nodiscard]] std::vector<std::string_view> keys() const { return {keys_.begin(), keys_.end()}; }
  [[nodiscard]] const std::string& value(size_t index) const { return values_[index]; }

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> values_;
};

TEST(BatchTest, PutsAndGetsInOrder) {
  TestStore store;
  TestServer server([&](TestConnection& connection) { store.Serve(connection); });
  Client client = Client::Connect(server.Options()).value();
  const Entries entries(1'024);
  const std::vector<Status> puts = client.PutBatch(entries.pairs());
  ASSERT_EQ(puts.size(), kBatchRequests);
  for (const Status& status : puts) ASSERT_TRUE(status.ok()) << status.ToString();
  std::vector<std::string_view> keys = entries.keys();
  keys.push_back("nobody");
  const auto gets = client.GetBatch(keys);
  ASSERT_EQ(gets.size(), kBatchRequests + 1);
  for (size_t i = 0; i < kBatchRequests; ++i) ASSERT_EQ(**gets[i], entries.value(i));
  EXPECT_FALSE(gets.back()->has_value());
  const std::vector<std::string_view> few = {keys[1], "nobody", keys[0]};
  const auto typed = client.GetTypedBatch(few);
  ASSERT_EQ(typed.size(), few.size());
  EXPECT_EQ(typed[0].value()->value, Value(entries.value(1)));
  EXPECT_EQ(typed[0].value()->created_at.time_since_epoch().count(), TestStore::kCreatedAtS);
  EXPECT_FALSE(typed[1]->has_value());
  EXPECT_EQ(typed[2].value()->value, Value(entries.value(0)));
  EXPECT_EQ(server.accepted(), 1u);
  EXPECT_TRUE(client.PutBatch({}).empty());
}

// A server that handles one request at a time and does not read on until its answer is written: 1
// KiB in and 1 KiB out each, so that both directions' buffers fill up unless the client reads while
// it sends.
TEST(BatchTest, ServerThatWritesBeforeItReads) {
  const std::string answer(1'024, 'a');
  TestServer server([&](TestConnection& connection) {
    while (connection.ReadRequest().has_value()) {
      if (!connection.SendReply(0, answer)) return;
    }
  });
  Client client = Client::Connect(server.Options()).value();
  Pipeline pipeline;
  // The keys are what fills the way there.
  const std::string key(1'024, 'k');
  for (size_t i = 0; i < kBatchRequests; ++i) pipeline.Get(key);
  const std::vector<PipelineResult> results = client.Execute(pipeline);
  ASSERT_EQ(results.size(), kBatchRequests);
  for (const PipelineResult& result : results) ASSERT_EQ(result.value, answer);
}

// The other way about: nothing is answered until all is read. A client that waits for a reply
// before all is sent waits for ever.
TEST(BatchTest, ServerThatReadsEverythingFirst) {
  TestServer server([](TestConnection& connection) {
    for (size_t i = 0; i < kBatchRequests; ++i) {
      if (!connection.ReadRequest().has_value()) return;
    }
    for (size_t i = 0; i < kBatchRequests; ++i) {
      if (!connection.SendReply(0, "")) return;
    }
    connection.ReadToEnd();
  });
  Client client = Client::Connect(server.Options()).value();
  const Entries entries(1'024);
  const std::vector<Status> puts = client.PutBatch(entries.pairs());
  ASSERT_EQ(puts.size(), kBatchRequests);
  for (const Status& status : puts) ASSERT_TRUE(status.ok()) << status.ToString();
}

TEST(BatchTest, OneResultEachEvenForTheRefused) {
  TestStore store;
  TestServer server([&](TestConnection& connection) { store.Serve(connection); });
  Client client = Client::Connect(server.Options()).value();
  const std::string long_key(2'000, 'k');
  const std::vector<KeyValue> pairs = {{long_key, "v"}, {"a", "1"},      {"full", "v"},
                                       {long_key, ""},  {"b", long_key}, {long_key, ""}};
  const std::vector<Status> puts = client.PutBatch(pairs);
  ASSERT_EQ(puts.size(), 6u);
  EXPECT_EQ(puts[0].code(), StatusCode::kKeyTooLarge);
  EXPECT_TRUE(puts[1].ok());
  EXPECT_EQ(puts[2].code(), StatusCode::kDiskFull);
  EXPECT_EQ(puts[3].code(), StatusCode::kKeyTooLarge);
  EXPECT_TRUE(puts[4].ok());
  EXPECT_EQ(puts[5].code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(store.executed(), 3u);
}

// The first connection answers two of four and breaks: the other two are sent again, and only they.
TEST(BatchTest, ResumesWhereTheConnectionBroke) {
  std::vector<std::string> second_connection_keys;
  auto server = std::make_unique<TestServer>([&](TestConnection& connection) {
    if (connection.index() == 0) {
      for (int i = 0; i < 4; ++i) (void)connection.ReadRequest();
      (void)connection.SendReply(0, "0");
      (void)connection.SendReply(0, "1");
      (void)connection.Send(std::string_view("\0\x05\0", 3));
      return;
    }
    while (const std::optional<RawRequest> request = connection.ReadRequest()) {
      second_connection_keys.push_back(request->key);
      if (!connection.SendReply(0, "again " + request->key)) return;
    }
  });
  Client client = Client::Connect(server->Options()).value();
  const std::vector<std::string_view> keys = {"k0", "k1", "k2", "k3"};
  const auto gets = client.GetBatch(keys);
  ASSERT_EQ(gets.size(), 4u);
  for (const auto& get : gets) ASSERT_TRUE(get.ok()) << get.status().ToString();
  EXPECT_EQ(**gets[0], "0");
  EXPECT_EQ(**gets[1], "1");
  EXPECT_EQ(**gets[2], "again k2");
  EXPECT_EQ(**gets[3], "again k3");
  // Its threads have ended then.
  server.reset();
  EXPECT_EQ(second_connection_keys, (std::vector<std::string>{"k2", "k3"}));
}

// With something in what is left that must not be done twice, nothing is.
TEST(BatchTest, DoesNotRepeatAPipelineThatMustNotBe) {
  TestServer server([](TestConnection& connection) {
    (void)connection.ReadRequest();
    (void)connection.SendReply(0, "");
  });
  Client client = Client::Connect(server.Options()).value();
  Pipeline pipeline;
  pipeline.Put("a", "1");
  pipeline.Increment("n");
  pipeline.Get("a");
  const std::vector<PipelineResult> results = client.Execute(pipeline);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_TRUE(results[0].status.ok());
  EXPECT_EQ(results[1].status.code(), StatusCode::kConnectionLost);
  EXPECT_EQ(results[2].status.code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 1u);
}

}  // namespace
}  // namespace corelane::client
