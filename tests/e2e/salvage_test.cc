// Damaged logs as a user meets them: refused by default, with a message that says what to do about
// it, and salvaged when asked for.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

constexpr int kKeys = 200;

class SalvageTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<ServerProcess> Server(const std::vector<std::string>& more = {}) {
    std::vector<std::string> flags = {"--shards=1", "--fsync=os"};
    flags.insert(flags.end(), more.begin(), more.end());
    return std::make_unique<ServerProcess>(Flags(data_, flags), directory_.Sub("errors"));
  }
  // key0 to key199 are there, in files of an orderly shutdown; with a checkpoint of the first half.
  void Fill(bool checkpoint) {
    const auto server = Server();
    ASSERT_TRUE(server->WaitReady()) << server->Errors();
    RawClient client(server->port());
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_EQ(client.Ask(Resp({"SET", Key(i), Value(i)})), "+OK\r\n");
      if (checkpoint && i == kKeys / 2 - 1) {
        ASSERT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
      }
    }
    ASSERT_TRUE(server->Terminate().has_value());
  }
  static std::string Key(int i) { return "key" + std::to_string(i); }
  static std::string Value(int i) { return "value of key " + std::to_string(i) + ";"; }

  // Of the only file with that ending: changes the first byte of `text`, which stands in it.
  void Damage(const std::string& ending, const std::string& text) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
      if (entry.path().extension() != ending) continue;
      std::string bytes = ReadFile(entry.path().string());
      const size_t at = bytes.find(text);
      if (at == std::string::npos) continue;
      bytes[at] = '#';
      std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << bytes;
      damaged_ = entry.path().string();
      return;
    }
    FAIL() << text << " is in no file " << ending;
  }
  // The server does not start, and says which file and what to do.
  void ExpectRefused() {
    const auto server = Server();
    EXPECT_FALSE(server->WaitReady());
    const std::string errors = server->Errors();
    EXPECT_NE(errors.find(damaged_), std::string::npos) << errors;
    EXPECT_NE(errors.find("--recover=salvage"), std::string::npos) << errors;
  }
  // All keys but those in `lost`.
  void ExpectAllBut(ServerProcess& server, const std::vector<int>& lost) {
    RawClient client(server.port());
    EXPECT_EQ(client.Ask(Resp({"DBSIZE"})),
              ":" + std::to_string(kKeys - static_cast<int>(lost.size())) + "\r\n");
    for (const int i : lost) EXPECT_EQ(client.Ask(Resp({"EXISTS", Key(i)})), ":0\r\n");
    EXPECT_EQ(client.Ask(Resp({"GETRANGE", Key(0), "0", "4"})), "$5\r\nvalue\r\n");
  }

  fault::TempDirectory directory_;
  const std::string data_ = directory_.Sub("data");
  std::string damaged_;
};

TEST_F(SalvageTest, WhatIsSoundIsKeptAndTheDamagedFilesAreKeptAside) {
  ASSERT_NO_FATAL_FAILURE(Fill(false));
  ASSERT_NO_FATAL_FAILURE(Damage(".wal", Value(17)));
  const std::string bytes = ReadFile(damaged_);
  ExpectRefused();
  EXPECT_TRUE(ReadFile(damaged_) == bytes);
  {
    const auto server = Server({"--recover=salvage"});
    ASSERT_TRUE(server->WaitReady()) << server->Errors();
    const std::string errors = server->Errors();
    EXPECT_NE(errors.find(damaged_ + " at offset "), std::string::npos) << errors;
    EXPECT_NE(errors.find(": frame 1"), std::string::npos) << errors;
    EXPECT_NE(errors.find("kept in " + data_ + "/gen-000001.damaged"), std::string::npos) << errors;
    ExpectAllBut(*server, {17});
    RawClient client(server->port());
    EXPECT_EQ(client.Ask(Resp({"SET", Key(17), "again"})), "+OK\r\n");
    ASSERT_TRUE(server->Terminate().has_value());
  }
  EXPECT_TRUE(ReadFile(data_ + "/gen-000001.damaged/lane-0000/000000000001.wal") == bytes);
  const auto server = Server();
  ASSERT_TRUE(server->WaitReady()) << server->Errors();
  ExpectAllBut(*server, {});
  EXPECT_TRUE(std::filesystem::exists(data_ + "/gen-000001.damaged"));
}

TEST_F(SalvageTest, ADamagedCheckpointLeavesWhatIsBehindIt) {
  ASSERT_NO_FATAL_FAILURE(Fill(true));
  ASSERT_NO_FATAL_FAILURE(Damage(".ckpt", "CORELCKP"));
  ExpectRefused();
  const auto server = Server({"--recover=salvage"});
  ASSERT_TRUE(server->WaitReady()) << server->Errors();
  // Its header is no more than bytes that it begins with: all blocks are there.
  ExpectAllBut(*server, {});
}

TEST_F(SalvageTest, ASoundDirectoryStartsAsAlways) {
  ASSERT_NO_FATAL_FAILURE(Fill(true));
  const auto server = Server({"--recover=salvage"});
  ASSERT_TRUE(server->WaitReady()) << server->Errors();
  EXPECT_EQ(server->Errors().find("salvage"), std::string::npos) << server->Errors();
  ExpectAllBut(*server, {});
  EXPECT_TRUE(std::filesystem::exists(data_ + "/gen-000001"));
}

TEST_F(SalvageTest, AnotherWordIsAWrongFlag) {
  const auto server = Server({"--recover=maybe"});
  EXPECT_FALSE(server->WaitReady());
  EXPECT_NE(server->Errors().find("--recover"), std::string::npos) << server->Errors();
}

}  // namespace
}  // namespace corelane::e2e
