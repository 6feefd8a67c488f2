// Each operation of the client against a server that answers as it should.

#include <corelane/client.h>
#include <corelane/pipeline.h>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <set>
#include <string>

#include "test_server.h"
#include "test_store.h"

namespace corelane::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientTest : public testing::Test {
 protected:
  Client Connected() {
    Result<Client> client = Client::Connect(server_.Options());
    EXPECT_TRUE(client.ok()) << client.status().ToString();
    return std::move(*client);
  }

  TestStore store_;
  TestServer server_{[this](TestConnection& connection) { store_.Serve(connection); }};
};

TEST_F(ClientTest, PutGetDelete) {
  Client client = Connected();
  EXPECT_TRUE(client.Ping().ok());
  EXPECT_FALSE(client.Get("a")->has_value());
  EXPECT_TRUE(client.Put("a", "1").ok());
  EXPECT_TRUE(client.Put("a", "2").ok());
  EXPECT_EQ(**client.Get("a"), "2");
  EXPECT_TRUE(*client.Contains("a"));
  EXPECT_EQ(*client.Count(), 1u);
  EXPECT_TRUE(*client.Delete("a"));
  EXPECT_FALSE(*client.Delete("a"));
  EXPECT_FALSE(*client.Contains("a"));
  EXPECT_EQ(server_.accepted(), 1u);
}

TEST_F(ClientTest, AnyBytesAreAKeyOrAValue) {
  Client client = Connected();
  std::string all_bytes(256, '\0');
  for (size_t i = 0; i < all_bytes.size(); ++i) all_bytes[i] = static_cast<char>(i);
  EXPECT_TRUE(client.Put(all_bytes, all_bytes).ok());
  EXPECT_TRUE(client.Put("", "").ok());
  EXPECT_EQ(**client.Get(all_bytes), all_bytes);
  EXPECT_EQ(**client.Get(""), "");
}

TEST_F(ClientTest, ValuesUpToTheLimit) {
  Client client = Connected();
  const std::string largest(client.options().value_bytes_max, 'x');
  EXPECT_TRUE(client.Put("largest", largest).ok());
  EXPECT_EQ(**client.Get("largest"), largest);
}

TEST_F(ClientTest, WhatExceedsTheLimitsIsNotSent) {
  Client client = Connected();
  const std::string long_key(client.options().key_bytes_max + 1, 'k');
  const std::string long_value(client.options().value_bytes_max + 1, 'v');
  EXPECT_EQ(client.Put(long_key, "").code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(client.Get(long_key).code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(client.Delete(long_key).code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(client.Put("k", long_value).code(), StatusCode::kValueTooLarge);
  EXPECT_EQ(client.Put("k", "v", milliseconds(-1)).code(), StatusCode::kBadArgument);
  EXPECT_EQ(client.Expire("k", milliseconds(-1)).code(), StatusCode::kBadArgument);
  EXPECT_EQ(store_.executed(), 0u);
  EXPECT_TRUE(client.Ping().ok());
  EXPECT_EQ(server_.accepted(), 1u);
}

TEST_F(ClientTest, TypedValuesComeBackAsTheyWere) {
  Client client = Connected();
  const std::array<Value, 8> values = {std::string("text"),
                                       int64_t{-7},
                                       int64_t{INT64_MAX},
                                       1.5,
                                       INFINITY,
                                       true,
                                       false,
                                       Binary{std::string("\x00\xff", 2)}};
  for (const Value& value : values) {
    ASSERT_TRUE(client.PutTyped("k", value).ok());
    const Result<std::optional<StoredValue>> stored = client.GetTyped("k");
    ASSERT_TRUE(stored.ok() && stored->has_value()) << ValueTypeName(value);
    EXPECT_EQ((*stored)->value, value) << ValueTypeName(value);
    EXPECT_EQ((*stored)->created_at.time_since_epoch(), seconds(TestStore::kCreatedAtS));
    EXPECT_FALSE((*stored)->expires_at.has_value());
  }
  EXPECT_FALSE(client.GetTyped("nobody")->has_value());
  ASSERT_TRUE(client.PutTyped("k", 0.1).ok());
  EXPECT_EQ(**client.Get("k"), "0.1");
}

TEST_F(ClientTest, TimesToLive) {
  Client client = Connected();
  ASSERT_TRUE(client.Put("k", "v", seconds(5)).ok());
  EXPECT_EQ((*client.Ttl("k"))->left, milliseconds(5'000));
  EXPECT_EQ((*client.GetTyped("k"))->expires_at,
            UnixMillis(milliseconds(TestStore::kNowMs + 5'000)));
  EXPECT_TRUE(*client.Persist("k"));
  EXPECT_FALSE(*client.Persist("k"));
  EXPECT_FALSE((*client.Ttl("k"))->left.has_value());
  EXPECT_TRUE(*client.Expire("k", milliseconds(7)));
  EXPECT_EQ((*client.Ttl("k"))->left, milliseconds(7));
  EXPECT_FALSE(client.Ttl("nobody")->has_value());
  EXPECT_FALSE(*client.Expire("nobody", seconds(1)));
  ASSERT_TRUE(client.PutTyped("n", int64_t{1}, milliseconds(0)).ok());
  EXPECT_FALSE(*client.Contains("n"));
}

TEST_F(ClientTest, IncrementsAndItsErrors) {
  Client client = Connected();
  EXPECT_EQ(*client.Increment("n"), 1);
  EXPECT_EQ(*client.Increment("n", 41), 42);
  EXPECT_EQ(*client.Increment("n", -50), -8);
  ASSERT_TRUE(client.PutTyped("n", int64_t{INT64_MAX}).ok());
  EXPECT_EQ(client.Increment("n").code(), StatusCode::kOverflow);
  ASSERT_TRUE(client.Put("n", "text").ok());
  EXPECT_EQ(client.Increment("n").code(), StatusCode::kWrongType);
  EXPECT_EQ(server_.accepted(), 1u);
}

TEST_F(ClientTest, ErrorsOfTheServerHaveTheirOwnCodes) {
  Client client = Connected();
  const Status status = client.Put("full", "v");
  EXPECT_EQ(status.code(), StatusCode::kDiskFull);
  EXPECT_EQ(status.message(), "no room for the log");
  EXPECT_TRUE(client.Ping().ok());
  EXPECT_EQ(server_.accepted(), 1u);
}

TEST_F(ClientTest, Version1Only) {
  ClientOptions options = server_.Options();
  options.version_1_only = true;
  Client client = Client::Connect(options).value();
  EXPECT_TRUE(client.Put("a", "1").ok());
  EXPECT_EQ(**client.Get("a"), "1");
  EXPECT_TRUE(*client.Delete("a"));
  EXPECT_FALSE(*client.Delete("a"));
}

TEST_F(ClientTest, ListsAllKeysPageByPage) {
  Client client = Connected();
  std::set<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    expected.insert("key" + std::to_string(i));
    ASSERT_TRUE(client.Put("key" + std::to_string(i), "v").ok());
  }
  std::set<std::string> listed;
  uint64_t cursor = 0;
  int pages = 0;
  do {
    const Result<ListPage> page = client.List(cursor, 10);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    listed.insert(page->keys.begin(), page->keys.end());
    cursor = page->next_cursor;
    ++pages;
  } while (cursor != 0);
  EXPECT_EQ(listed, expected);
  EXPECT_EQ(pages, 3);
}

TEST_F(ClientTest, Stats) {
  Client client = Connected();
  ASSERT_TRUE(client.Put("k", "v").ok());
  const Result<ServerStats> stats = client.Stats();
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->entries, 1u);
  EXPECT_EQ(stats->data_bytes, 12u);
  EXPECT_EQ(stats->table_capacity, 448u);
  EXPECT_EQ(stats->load_factor, 0.25);
  ASSERT_EQ(stats->all.size(), 5u);
  EXPECT_EQ(stats->all.back(), std::pair(std::string("version"), std::string("0.1.0")));
}

TEST_F(ClientTest, ManyInOneMessage) {
  Client client = Connected();
  const std::array<KeyValue, 3> entries = {{{"a", "1"}, {"b", ""}, {"c", "3"}}};
  EXPECT_EQ(*client.MultiPut(entries), 3u);
  const std::array<std::string_view, 4> keys = {"c", "nobody", "b", "a"};
  const auto values = client.MultiGet(keys);
  ASSERT_TRUE(values.ok());
  const std::vector<std::optional<std::string>> expected = {"3", std::nullopt, "", "1"};
  EXPECT_EQ(*values, expected);
  EXPECT_EQ(store_.executed(), 2u);
  EXPECT_TRUE(client.MultiGet({})->empty());
  EXPECT_EQ(*client.MultiPut({}), 0u);
  const std::vector<std::string_view> too_many(kRequestArgsMax + 1, "k");
  EXPECT_EQ(client.MultiGet(too_many).code(), StatusCode::kBadArgument);
  EXPECT_EQ(store_.executed(), 2u);
  EXPECT_TRUE(client.Save().ok());
  EXPECT_TRUE(client.Clear().ok());
  EXPECT_EQ(*client.Count(), 0u);
}

TEST_F(ClientTest, PipelineOfEverything) {
  Client client = Connected();
  Pipeline pipeline;
  pipeline.Ping();
  pipeline.Put("a", "1");
  pipeline.Put("b", "2", seconds(3));
  pipeline.PutTyped("n", int64_t{41});
  pipeline.Put(std::string(2'000, 'k'), "too long");
  pipeline.Get("a");
  pipeline.Get("nobody");
  pipeline.Increment("n");
  pipeline.Put("full", "");
  pipeline.Ttl("a");
  pipeline.Ttl("b");
  pipeline.Persist("b");
  pipeline.Expire("nobody", seconds(1));
  pipeline.Contains("b");
  pipeline.Delete("b");
  pipeline.Delete("b");
  pipeline.Count();
  ASSERT_EQ(pipeline.size(), 17u);
  const std::vector<PipelineResult> results = client.Execute(pipeline);
  ASSERT_EQ(results.size(), 17u);
  EXPECT_EQ(results[4].status.code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(results[8].status.code(), StatusCode::kDiskFull);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].status.ok(), i != 4 && i != 8) << i;
  }
  EXPECT_TRUE(results[5].found);
  EXPECT_EQ(results[5].value, "1");
  EXPECT_FALSE(results[6].found);
  EXPECT_EQ(results[7].integer, 42);
  EXPECT_EQ(results[9].integer, PipelineResult::kNoTtl);
  EXPECT_EQ(results[10].integer, 3'000);
  EXPECT_TRUE(results[11].found);
  EXPECT_FALSE(results[12].found);
  EXPECT_TRUE(results[13].found);
  EXPECT_TRUE(results[14].found);
  EXPECT_FALSE(results[15].found);
  EXPECT_EQ(results[16].integer, 2);
  // It can be run again, and started afresh.
  EXPECT_EQ(client.Execute(pipeline)[7].integer, 42);
  pipeline.Clear();
  EXPECT_TRUE(client.Execute(pipeline).empty());
}

TEST_F(ClientTest, CloseAndReconnect) {
  Client client = Connected();
  ASSERT_TRUE(client.Put("a", "1").ok());
  client.Close();
  client.Close();
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(client.Get("a").code(), StatusCode::kClosed);
  EXPECT_EQ(client.Ping().code(), StatusCode::kClosed);
  ASSERT_TRUE(client.Reconnect().ok());
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(**client.Get("a"), "1");
  ASSERT_TRUE(client.Reconnect().ok());
  EXPECT_EQ(**client.Get("a"), "1");
  EXPECT_EQ(server_.accepted(), 3u);
}

TEST_F(ClientTest, MovesKeepTheConnection) {
  Client first = Connected();
  ASSERT_TRUE(first.Put("a", "1").ok());
  Client second = std::move(first);
  EXPECT_EQ(**second.Get("a"), "1");
  EXPECT_EQ(server_.accepted(), 1u);
}

TEST_F(ClientTest, HostNames) {
  ClientOptions options = server_.Options();
  // The name may have an IPv6 address as well, on which nobody listens.
  options.host = "localhost";
  Result<Client> client = Client::Connect(options);
  ASSERT_TRUE(client.ok()) << client.status().ToString();
  EXPECT_TRUE(client->Ping().ok());
}

}  // namespace
}  // namespace corelane::client
