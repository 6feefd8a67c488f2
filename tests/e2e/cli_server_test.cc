// Every operation of the client library, and with them the commands of corelane-cli, on the real
// server with two lanes. The path of the server comes in the environment variable CORELANE_SERVER.

#include <corelane/client.h>
#include <corelane/pipeline.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/words.h"
#include "server_process.h"

namespace corelane::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    server_.emplace(e2e::Flags(directory_, {"--shards=2", "--fsync=os"}), directory_ + "/stderr");
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }
  void TearDown() override {
    const std::optional<e2e::Ended> ended = server_->Terminate();
    EXPECT_TRUE(ended.has_value() && ended->exit_code == 0) << server_->Errors();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  [[nodiscard]] ClientOptions Options() const {
    ClientOptions options;
    options.port = server_->port();
    options.request_timeout_ms = 60'000;
    return options;
  }

  std::string directory_ = testing::TempDir() + "corelane-cli-XXXXXX";
  std::optional<e2e::ServerProcess> server_;
};

TEST_F(ServerTest, SingleOperations) {
  Client client = Client::Connect(Options()).value();
  EXPECT_TRUE(client.Ping().ok());
  EXPECT_FALSE(client.Get("k")->has_value());
  EXPECT_TRUE(client.Put("k", "v").ok());
  EXPECT_EQ(client.Get("k").value(), "v");
  EXPECT_TRUE(client.Contains("k").value());
  EXPECT_FALSE(client.Ttl("k").value()->left.has_value());
  EXPECT_TRUE(client.Expire("k", seconds(100)).value());
  EXPECT_GT(client.Ttl("k").value()->left, milliseconds(0));
  EXPECT_TRUE(client.GetTyped("k").value()->expires_at.has_value());
  EXPECT_TRUE(client.Persist("k").value());
  EXPECT_FALSE(client.Persist("k").value());
  EXPECT_TRUE(client.Put("gone", "v", milliseconds(0)).ok());
  EXPECT_FALSE(client.Contains("gone").value());
  EXPECT_FALSE(client.Ttl("gone")->has_value());
  EXPECT_EQ(client.Count().value(), 1u);
  EXPECT_TRUE(client.Delete("k").value());
  EXPECT_FALSE(client.Delete("k").value());
  EXPECT_EQ(client.Increment("n", 42).value(), 42);
  EXPECT_EQ(client.Increment("n", -50).value(), -8);
  for (const Value& value : std::array<Value, 4>{int64_t{-7}, 1.5, true, Binary{"\xff"}}) {
    ASSERT_TRUE(client.PutTyped("t", value).ok());
    EXPECT_EQ(client.GetTyped("t").value()->value, value) << ValueTypeName(value);
  }
  EXPECT_TRUE(client.Clear().ok());
  EXPECT_EQ(client.Count().value(), 0u);
}

TEST_F(ServerTest, ErrorsHaveTheirCodes) {
  Client client = Client::Connect(Options()).value();
  ASSERT_TRUE(client.PutTyped("n", int64_t{INT64_MAX}).ok());
  EXPECT_EQ(client.Increment("n").code(), StatusCode::kOverflow);
  // A client that believes in larger limits hears the server's, for a value of which the server
  // reads the header only.
  ClientOptions options = Options();
  options.key_bytes_max = kKeyBytesHardMax;
  options.value_bytes_max = kValueBytesHardMax;
  Client generous = Client::Connect(options).value();
  EXPECT_EQ(generous.Put(std::string(kKeyBytesDefault + 1, 'k'), "v").code(),
            StatusCode::kKeyTooLarge);
  EXPECT_EQ(generous.Get(std::string(kKeyBytesDefault + 1, 'k')).code(), StatusCode::kKeyTooLarge);
  EXPECT_EQ(generous.Put("k", std::string(kValueBytesDefault + 100, 'v')).code(),
            StatusCode::kValueTooLarge);
  EXPECT_TRUE(generous.Put("k", std::string(kValueBytesDefault, 'v')).ok());
  EXPECT_EQ(generous.Get("k").value()->size(), kValueBytesDefault);
}

TEST_F(ServerTest, ManyAtOnce) {
  constexpr size_t kKeys = 10'000;
  Client client = Client::Connect(Options()).value();
  const std::string value(1'024, 'v');
  std::vector<std::string> names;
  std::vector<KeyValue> entries;
  for (size_t i = 0; i < kKeys; ++i) names.push_back("key" + std::to_string(i));
  for (const std::string& name : names) entries.push_back({name, value});
  for (const Status& status : client.PutBatch(entries)) ASSERT_TRUE(status.ok());
  const std::vector<std::string_view> keys(names.begin(), names.end());
  for (const auto& got : client.GetBatch(keys)) ASSERT_EQ(got.value(), value);
  const auto values = client.MultiGet(keys);
  ASSERT_TRUE(values.ok()) << values.status().ToString();
  for (const auto& got : *values) ASSERT_EQ(got, value);
  EXPECT_EQ(client.MultiPut(entries).value(), kKeys);
  std::set<std::string> listed;
  uint64_t cursor = 0;
  do {
    const Result<ListPage> page = client.List(cursor);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    listed.insert(page->keys.begin(), page->keys.end());
    cursor = page->next_cursor;
  } while (cursor != 0);
  EXPECT_EQ(listed, std::set<std::string>(names.begin(), names.end()));
  const Result<ServerStats> stats = client.Stats();
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->entries, kKeys);
  EXPECT_GT(stats->data_bytes, kKeys * value.size());
  EXPECT_GT(stats->table_capacity, kKeys);
  EXPECT_GT(stats->load_factor, 0);
}

TEST_F(ServerTest, Pipelines) {
  Client client = Client::Connect(Options()).value();
  Pipeline pipeline;
  pipeline.PutTyped("n", int64_t{1});
  for (int i = 0; i < 100; ++i) pipeline.Increment("n");
  pipeline.Get("n");
  pipeline.Delete("n");
  pipeline.Contains("n");
  const std::vector<PipelineResult> results = client.Execute(pipeline);
  ASSERT_EQ(results.size(), 104u);
  EXPECT_EQ(results[100].integer, 101);
  EXPECT_EQ(results[101].value, "101");
  EXPECT_TRUE(results[102].found);
  EXPECT_FALSE(results[103].found);
}

TEST_F(ServerTest, TheCommandsOfTheCli) {
  const std::unique_ptr<Backend> backend = ConnectBackend(Options()).value();
  std::ostringstream out;
  Commands commands(*backend, out, out);
  for (const char* line : {"put k 'a b'", "get k", "get nobody", "count", "put t v ttl 100",
                           "expire t 0", "ttl t", "ttl k", "list", "incr n 5", "del k", "del k"}) {
    (void)commands.Run(SplitWords(line).value());
  }
  EXPECT_EQ(out.str(), "OK\na b\n(nil)\n1\nOK\n(1)\n(nil)\n(none)\nk\n5\n(1)\n(0)\n");
}

}  // namespace
}  // namespace corelane::cli
