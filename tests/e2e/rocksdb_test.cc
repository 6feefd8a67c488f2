// --engine=rocksdb: data larger than the memory it was given, restarts, changes of the engine, and
// a database that cannot be read.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

constexpr int kTogether = 500;

class RocksDbTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> EngineFlags(const std::string& engine,
                                                     int lanes = 2) const {
    std::vector<std::string> flags = {"--engine=" + engine, "--shards=" + std::to_string(lanes),
                                      "--fsync=os", "--wal-segment-bytes=1mb"};
    if (engine == "rocksdb") {
      flags.push_back("--rocksdb-cache-bytes=" + std::to_string(8 * lanes) + "mb");
    }
    return Flags(data(), flags);
  }

  void Start(const std::string& engine = "rocksdb", int lanes = 2) {
    server_ = std::make_unique<ServerProcess>(EngineFlags(engine, lanes), directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  void Stop() {
    const auto ended = server_->Terminate();
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->exit_code, 0) << server_->Errors();
  }

  // The server ends by itself with this code, and says so.
  void ExpectRefusal(const std::vector<std::string>& flags, int code, const std::string& word) {
    ServerProcess server(flags, directory_.Sub("errors"));
    const auto ended = server.Wait();
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->exit_code, code);
    EXPECT_NE(server.Errors().find(word), std::string::npos) << server.Errors();
  }

  [[nodiscard]] std::string data() const { return directory_.Sub("data"); }

  [[nodiscard]] static std::string Key(int number) { return "key" + std::to_string(number); }
  [[nodiscard]] static std::string Value(int number, size_t bytes) {
    std::string value = std::to_string(number) + ":";
    value.resize(bytes, static_cast<char>('a' + number % 26));
    return value;
  }

  static void SetAll(RawClient& client, int count, size_t bytes) {
    for (int begin = 0; begin < count; begin += kTogether) {
      std::string requests;
      std::string replies;
      for (int i = begin; i < std::min(count, begin + kTogether); ++i) {
        requests += Resp({"SET", Key(i), Value(i, bytes)});
        replies += "+OK\r\n";
      }
      ASSERT_TRUE(client.Send(requests));
      ASSERT_EQ(client.Read(replies.size()), replies);
    }
  }

  static void ExpectAll(RawClient& client, int count, size_t bytes) {
    for (int begin = 0; begin < count; begin += kTogether) {
      std::string requests;
      std::string replies;
      for (int i = begin; i < std::min(count, begin + kTogether); ++i) {
        requests += Resp({"GET", Key(i)});
        replies += Bulk(Value(i, bytes));
      }
      ASSERT_TRUE(client.Send(requests));
      ASSERT_TRUE(client.Read(replies.size()) == replies) << "from " << begin;
    }
    EXPECT_EQ(client.Ask(Resp({"DBSIZE"})), ":" + std::to_string(count) + "\r\n");
  }

  // All files of the data directory with this ending.
  [[nodiscard]] std::vector<std::filesystem::path> Files(const std::string& extension) const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::recursive_directory_iterator(data())) {
      if (file.path().extension() == extension) files.push_back(file.path());
    }
    return files;
  }

  void DamageTables() const {
    const auto tables = Files(".sst");
    EXPECT_FALSE(tables.empty());
    for (const auto& path : tables) {
      std::fstream table(path, std::ios::binary | std::ios::in | std::ios::out);
      table.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
      table << std::string(100, '#');
    }
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(RocksDbTest, WhatABuildWithoutItSays) {
  if (kHasRocksDb) GTEST_SKIP() << "this build has RocksDB";
  ExpectRefusal(EngineFlags("rocksdb"), 1, "left out of this build");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

class WithRocksDb : public RocksDbTest {
 protected:
  void SetUp() override {
    if (!kHasRocksDb) GTEST_SKIP() << "this build has no RocksDB";
  }
};

TEST_F(WithRocksDb, WithoutALogItIsRefused) {
  ExpectRefusal(Flags(data(), {"--engine=rocksdb", "--fsync=off"}), 2, "--fsync=off");
  ExpectRefusal(EngineFlags("rockets"), 2, "--engine");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(RocksDbTest, FlagsThatDoNothingAreRefused) {
  ExpectRefusal(Flags(data(), {"--rocksdb-cache-bytes=64mb"}), 2, "--engine=rocksdb");
  ExpectRefusal(Flags(data(), {"--recover=salvage", "--fsync=off"}), 2, "--fsync=off");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(WithRocksDb, LessMemoryThanTheLanesNeedIsRefused) {
  ExpectRefusal(Flags(data(), {"--engine=rocksdb", "--shards=4", "--rocksdb-cache-bytes=31mb"}), 1,
                "4 lanes need 32mb");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(WithRocksDb, MoreThanTheMemoryItHas) {
  constexpr int kCount = 40'000;
  constexpr size_t kBytes = 1'000;
  Start();
  {
    RawClient client(server_->port());
    SetAll(client, kCount, kBytes);
    ExpectAll(client, kCount, kBytes);
  }
  Stop();
  EXPECT_FALSE(Files(".sst").empty());
  Start();
  RawClient client(server_->port());
  ExpectAll(client, kCount, kBytes);
  EXPECT_EQ(client.Ask(Resp({"FLUSHALL"})), "+OK\r\n");
  ExpectAll(client, 0, kBytes);
  SetAll(client, 10, kBytes);
  server_->Kill();
  Start();
  RawClient again(server_->port());
  ExpectAll(again, 10, kBytes);
}

// The database has what went with the log, for the same lanes and for others.
TEST_F(WithRocksDb, ACheckpointTakesTheLogAndAKillTakesNothing) {
  constexpr int kCount = 10'000;
  constexpr size_t kBytes = 1'000;
  Start();
  {
    RawClient client(server_->port());
    SetAll(client, kCount / 2, kBytes);
    EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
    for (const auto& segment : Files(".wal")) EXPECT_NE(segment.stem(), "000000000001");
    SetAll(client, kCount, kBytes);
  }
  for (const int lanes : {2, 3, 1}) {
    server_->Kill();
    Start("rocksdb", lanes);
    RawClient client(server_->port());
    ExpectAll(client, kCount, kBytes);
    EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  }
}

TEST_F(WithRocksDb, ExpiriesGoOnAfterAKill) {
  Start();
  {
    RawClient client(server_->port());
    EXPECT_EQ(client.Ask(Resp({"SET", "short", "v", "PX", "300"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"SET", "long", "v", "PXAT", "99999999999999"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"SET", "kept", "v", "PX", "300"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"PERSIST", "kept"})), ":1\r\n");
  }
  server_->Kill();
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"PEXPIRETIME", "long"})), ":99999999999999\r\n");
  EXPECT_EQ(client.Ask(Resp({"TTL", "kept"})), ":-1\r\n");
  // Nobody reads it: the sweep takes it.
  EXPECT_TRUE(Eventually([&] { return client.Ask(Resp({"DBSIZE"})) == ":2\r\n"; }));
  EXPECT_EQ(client.Ask(Resp({"GET", "short"})), "$-1\r\n");
}

TEST_F(WithRocksDb, FromMemoryToRocksDbAndNotBack) {
  Start("memory");
  {
    RawClient client(server_->port());
    SetAll(client, 1'000, 20);
  }
  Stop();
  Start();
  {
    RawClient client(server_->port());
    ExpectAll(client, 1'000, 20);
    EXPECT_EQ(client.Ask(Resp({"DEL", Key(999)})), ":1\r\n");
  }
  Stop();
  ExpectRefusal(EngineFlags("memory"), 1, "--engine=rocksdb");
  Start();
  RawClient client(server_->port());
  ExpectAll(client, 999, 20);
}

// The log is put in over the database at a start, which then cannot be done.
TEST_F(WithRocksDb, ADamagedDatabaseUnderItsLogIsNotStarted) {
  Start();
  {
    RawClient client(server_->port());
    SetAll(client, 5'000, 100);
  }
  Stop();
  DamageTables();
  ExpectRefusal(EngineFlags("rocksdb"), 1, "checksum mismatch");
  ExpectRefusal(EngineFlags("rocksdb"), 1, "salvage does not repair databases");
}

// With no log to put in over it, after a checkpoint: a server finds out when a client asks.
TEST_F(WithRocksDb, AKeyThatCannotBeReadIsAnErrorAndNotNil) {
  constexpr int kCount = 5'000;
  Start();
  {
    RawClient client(server_->port());
    SetAll(client, kCount, 100);
    EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  }
  Stop();
  DamageTables();
  Start();
  RawClient client(server_->port());
  int unreadable = 0;
  std::string bad_key;
  for (int i = 0; i < kCount; ++i) {
    const std::string reply = client.Ask(Resp({"GET", Key(i)}));
    if (reply == Bulk(Value(i, 100))) continue;
    ASSERT_EQ(reply[0], '-') << reply;
    EXPECT_NE(reply.find("checksum mismatch"), std::string::npos) << reply;
    bad_key = Key(i);
    ++unreadable;
  }
  EXPECT_GT(unreadable, 0);
  EXPECT_LT(unreadable, kCount / 2);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"EXISTS", bad_key},
           {"MGET", Key(0), bad_key},
           {"APPEND", bad_key, "x"},
           {"SETNX", bad_key, "x"},
           {"LCS", Key(0), bad_key},
           {"BITOP", "OR", "dest", Key(0), Key(1), Key(2), bad_key},
           {"RENAME", bad_key, "other"},
           {"KEYS", "*"}}) {
    EXPECT_EQ(client.Ask(Resp(words))[0], '-') << words[0];
  }
  EXPECT_EQ(client.Ask(Resp({"EXISTS", "dest", "other"})), ":0\r\n");
  const std::string info = client.Ask(Resp({"INFO", "persistence"}));
  EXPECT_NE(info.find("aof_last_write_status:err"), std::string::npos) << info;
  EXPECT_NE(info.find("the database in "), std::string::npos) << info;
  // Neither in a transaction.
  EXPECT_TRUE(client.Send(Resp({"WATCH", bad_key}) + Resp({"MULTI"}) + Resp({"GET", bad_key}) +
                          Resp({"EXEC"})));
  EXPECT_EQ(client.ReadResp(), "+OK\r\n");
  EXPECT_EQ(client.ReadResp(), "+OK\r\n");
  EXPECT_EQ(client.ReadResp(), "+QUEUED\r\n");
  EXPECT_NE(client.ReadResp().find("checksum mismatch"), std::string::npos);
  EXPECT_EQ(client.Ask(Resp({"PING"})), "+PONG\r\n");
}

}  // namespace
}  // namespace corelane::e2e
