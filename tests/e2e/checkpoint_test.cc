// Checkpoints as a user meets them: asked for and taken by themselves, with what they leave on the
// disk, over restarts, and when the disk has no room for one.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  void TearDown() override {
    server_.reset();
    if (mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }

  [[nodiscard]] std::string disk() const { return directory_.Sub("disk"); }

  void Start(const std::vector<std::string>& flags) {
    server_ =
        std::make_unique<ServerProcess>(Flags(disk() + "/data", flags), directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  // Files of the data directory with that ending, and their bytes together.
  struct Found {
    size_t files = 0;
    uintmax_t bytes = 0;
  };
  [[nodiscard]] Found Find(const std::string& ending) const {
    Found found;
    std::error_code gone;  // files come and go while the server runs
    for (std::filesystem::recursive_directory_iterator at(disk() + "/data", gone), end; at != end;
         at.increment(gone)) {
      if (at->path().extension() != ending) continue;
      const uintmax_t bytes = at->file_size(gone);
      if (gone) continue;
      ++found.files;
      found.bytes += bytes;
    }
    return found;
  }

  // Bytes that no codec makes smaller.
  [[nodiscard]] std::string Noise(size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.Next());
    return bytes;
  }

  [[nodiscard]] static std::string Info(RawClient& client, const std::string& name) {
    const std::string info = client.Ask(Resp({"INFO", "persistence"}));
    const size_t at = info.find("\n" + name + ":");
    if (at == std::string::npos) return "";
    const size_t begin = at + name.size() + 2;
    return info.substr(begin, info.find('\r', begin) - begin);
  }

  fault::TempDirectory directory_;
  base::Random random_{11};
  bool mounted_ = false;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(CheckpointTest, SaveKeepsEverythingThereIsAboutAKey) {
  const std::string any = "--listen=auto://127.0.0.1:0";
  const std::string memcache = "--listen=memcache://127.0.0.1:0";
  Start({"--shards=2", "--checkpoint-wal-bytes=0", any, memcache});
  {
    RawClient client(server_->port());
    EXPECT_EQ(client.Ask(Resp({"SET", "plain", "v"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"SET", "dying", "v", "PX", "1"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"SET", "later", "v", "EX", "1000"})), "+OK\r\n");
    EXPECT_EQ(client.Ask(Resp({"INCRBY", "number", "41"})), ":41\r\n");
    EXPECT_EQ(client.Ask(Resp({"SET", "large", std::string(500'000, 'x')})), "+OK\r\n");
    EXPECT_EQ(Info(client, "rdb_saves"), "0");
    EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
    EXPECT_EQ(Info(client, "rdb_saves"), "1");
    EXPECT_EQ(Info(client, "rdb_changes_since_last_save"), "0");
    EXPECT_EQ(Find(".ckpt").files, 2U);
    EXPECT_EQ(Find(".tmp").files, 0U);
    // Behind the checkpoint.
    EXPECT_EQ(client.Ask(Resp({"INCR", "number"})), ":42\r\n");
    EXPECT_EQ(client.Ask(Resp({"DEL", "plain"})), ":1\r\n");
  }
  {
    RawClient flags(server_->ports()[1]);
    EXPECT_TRUE(flags.Send("set flags 77 0 1\r\nm\r\n"));
    EXPECT_EQ(flags.Read(8), "STORED\r\n");
    RawClient client(server_->port());
    EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  }
  for (const std::string shards : {"--shards=2", "--shards=3"}) {
    server_->Kill();
    Start({shards, any, memcache});
    RawClient client(server_->port());
    EXPECT_EQ(client.Ask(Resp({"GET", "plain"})), "$-1\r\n");
    EXPECT_EQ(client.Ask(Resp({"GET", "dying"})), "$-1\r\n");
    EXPECT_EQ(client.Ask(Resp({"GET", "number"})), Bulk("42"));
    EXPECT_EQ(client.Ask(Resp({"GET", "large"})), Bulk(std::string(500'000, 'x')));
    const int64_t ttl = ParseNumber(client.Ask(Resp({"TTL", "later"})).substr(1));
    EXPECT_GT(ttl, 900);
    EXPECT_LE(ttl, 1000);
    EXPECT_EQ(client.Ask(Resp({"DBSIZE"})), ":4\r\n");
    RawClient flags(server_->ports()[1]);
    EXPECT_TRUE(flags.Send("get flags\r\n"));
    EXPECT_EQ(flags.Read(18), "VALUE flags 77 1\r\n");
  }
}

// Ten times what the keys take goes through the log, and little of it stays.
TEST_F(CheckpointTest, TheLogDoesNotGrowForEver) {
  Start({"--shards=2", "--wal-segment-bytes=256kb", "--checkpoint-wal-bytes=512kb"});
  RawClient client(server_->port());
  std::vector<std::string> values(200);
  for (std::string& value : values) value = Noise(10'000);
  for (int round = 0; round < 10; ++round) {
    std::string requests;
    for (size_t key = 0; key < values.size(); ++key) {
      requests += Resp({"SET", "k" + std::to_string(key), values[key]});
    }
    ASSERT_TRUE(client.Send(requests));
    for (size_t key = 0; key < values.size(); ++key) ASSERT_EQ(client.ReadResp(), "+OK\r\n");
    const int64_t taken = ParseNumber(Info(client, "rdb_saves"));
    EXPECT_TRUE(Eventually([&] { return ParseNumber(Info(client, "rdb_saves")) > taken; }));
  }
  EXPECT_TRUE(Eventually([&] { return Info(client, "rdb_bgsave_in_progress") == "0"; }));
  EXPECT_EQ(Find(".ckpt").files, 2U);
  EXPECT_GE(Find(".ckpt").bytes, 2'000'000U);
  // 20 MB were written, which is 80 segments.
  EXPECT_LE(Find(".wal").files, 16U);
  server_->Kill();
  Start({"--shards=2"});
  RawClient again(server_->port());
  for (size_t key = 0; key < values.size(); ++key) {
    EXPECT_EQ(again.Ask(Resp({"GET", "k" + std::to_string(key)})), Bulk(values[key]));
  }
}

TEST_F(CheckpointTest, TheClockAsksForOneWhenSomethingHasChanged) {
  Start({"--shards=1", "--checkpoint-wal-bytes=0", "--checkpoint-interval=1ms"});
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"SET", "a", "1"})), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] { return Info(client, "rdb_saves") == "1"; }));
  EXPECT_EQ(client.Ask(Resp({"SET", "a", "2"})), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] { return Info(client, "rdb_saves") == "2"; }));
  EXPECT_EQ(client.Ask(Resp({"GET", "a"})), Bulk("2"));
  EXPECT_EQ(Info(client, "rdb_saves"), "2");
}

TEST_F(CheckpointTest, AFullDiskCostsTheCheckpointAndNothingElse) {
  std::filesystem::create_directory(disk());
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=32m") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here";
  }
  mounted_ = true;
  Start({"--shards=1", "--checkpoint-wal-bytes=0", "--wal-segment-bytes=16mb"});
  RawClient client(server_->port());
  for (int key = 0; key < 100; ++key) {
    ASSERT_EQ(client.Ask(Resp({"SET", "k" + std::to_string(key), Noise(20'000)})), "+OK\r\n");
  }
  EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  const std::vector<char> ballast(size_t{32} << 20, 'x');
  std::ofstream(disk() + "/ballast", std::ios::binary)
      .write(ballast.data(), static_cast<std::streamsize>(ballast.size()));
  const std::string refused = client.Ask(Resp({"SAVE"}));
  EXPECT_TRUE(refused.starts_with("-ERR the checkpoint failed: ")) << refused;
  EXPECT_EQ(Info(client, "rdb_last_bgsave_status"), "err");
  EXPECT_EQ(Info(client, "rdb_saves"), "1");
  EXPECT_EQ(Find(".ckpt").files, 1U);
  EXPECT_EQ(Find(".tmp").files, 0U);
  // The log has its room ahead.
  EXPECT_EQ(client.Ask(Resp({"SET", "more", "v"})), "+OK\r\n");
  std::filesystem::remove(disk() + "/ballast");
  EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  EXPECT_EQ(Info(client, "rdb_last_bgsave_status"), "ok");
  server_->Kill();
  Start({"--shards=1"});
  RawClient again(server_->port());
  EXPECT_EQ(again.Ask(Resp({"DBSIZE"})), ":101\r\n");
}

TEST_F(CheckpointTest, NothingIsSavedAsWell) {
  Start({"--shards=2"});
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  EXPECT_EQ(client.Ask(Resp({"SET", "a", "1"})), "+OK\r\n");
  EXPECT_EQ(client.Ask(Resp({"FLUSHALL"})), "+OK\r\n");
  EXPECT_EQ(client.Ask(Resp({"SAVE"})), "+OK\r\n");
  server_->Kill();
  Start({"--shards=2"});
  RawClient again(server_->port());
  EXPECT_EQ(again.Ask(Resp({"DBSIZE"})), ":0\r\n");
}

// One of them is enough to stop the server in the middle; nothing of it counts then.
TEST_F(CheckpointTest, AStopDoesNotWaitForACheckpoint) {
  Start({"--shards=2"});
  {
    RawClient client(server_->port());
    for (int i = 0; i < 2000; ++i) {
      ASSERT_EQ(client.Ask(Resp({"SET", "k" + std::to_string(i), Noise(2000)})), "+OK\r\n");
    }
    EXPECT_EQ(client.Ask(Resp({"BGSAVE"})), "+Background saving started\r\n");
  }
  const auto ended = server_->Terminate();
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 0) << server_->Errors();
  Start({"--shards=2"});
  RawClient again(server_->port());
  EXPECT_EQ(again.Ask(Resp({"DBSIZE"})), ":2000\r\n");
  EXPECT_EQ(Find(".tmp").files, 0U);
}

}  // namespace
}  // namespace corelane::e2e
