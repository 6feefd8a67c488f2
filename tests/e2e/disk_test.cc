// A disk without room, and a log that cannot be written: writes are refused before anything is
// acknowledged, reads go on, and what was acknowledged is there after a kill -9.
//
// The full disk is a small tmpfs, mounted in a mount namespace of the test's own; without the
// right to mount those tests are skipped.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cstdint>
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

constexpr size_t kValueBytes = 5'000;

class DiskTest : public testing::TestWithParam<const char*> {
 protected:
  enum class Outcome : uint8_t { kAcknowledged, kRefused, kUnknown };

  void TearDown() override {
    server_.reset();
    if (mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }

  [[nodiscard]] std::string disk() const { return directory_.Sub("disk"); }

  [[nodiscard]] bool MountSmallDisk() {
    std::filesystem::create_directory(disk());
    // Mounts made here are nobody else's and vanish with the process.
    if (::unshare(CLONE_NEWNS) != 0) return false;
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    mounted_ = ::mount("tmpfs", disk().c_str(), "tmpfs", 0, "size=16m") == 0;
    return mounted_;
  }

  // Takes what room is left, up to so many bytes.
  void TakeRoom(size_t bytes) const {
    std::ofstream(disk() + "/ballast", std::ios::binary) << std::string(bytes, 'x');
  }
  void GiveRoom() const { std::filesystem::remove(disk() + "/ballast"); }

  [[nodiscard]] std::vector<std::string> DiskFlags(const std::string& segment_flag) const {
    return Flags(disk() + "/data", {std::string("--fsync=") + GetParam(), "--shards=2",
                                    segment_flag, "--max-connections=50"});
  }

  void Start(const std::string& segment_flag, ServerProcess::Prepare prepare = nullptr) {
    server_ =
        std::make_unique<ServerProcess>(DiskFlags(segment_flag), directory_.Sub("errors"), prepare);
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  [[nodiscard]] static std::string Key(size_t number) { return "k" + std::to_string(number); }
  [[nodiscard]] static std::string Value(size_t number) {
    std::string value = std::to_string(number) + ":";
    value.resize(kValueBytes, static_cast<char>('a' + number % 26));
    return value;
  }

  // Sets a new key; true when that was acknowledged, else it must be refused in so many words. Only
  // a log that fails meanwhile may leave that open: the server says so or closes the connection.
  bool SetNext(RawClient& client) {
    const size_t number = outcomes_.size();
    const std::string reply = client.Ask(Resp({"SET", Key(number), Value(number)}));
    outcomes_.push_back(reply == "+OK\r\n" ? Outcome::kAcknowledged : Outcome::kRefused);
    if (may_close_ && reply.empty() && client.ended()) {
      outcomes_.back() = Outcome::kUnknown;
      client = RawClient(server_->port());
    } else if (may_close_ && reply.starts_with("-MISCONF not confirmed")) {
      outcomes_.back() = Outcome::kUnknown;
    } else {
      EXPECT_TRUE(outcomes_.back() == Outcome::kAcknowledged || reply.starts_with("-MISCONF "))
          << reply;
    }
    return outcomes_.back() == Outcome::kAcknowledged;
  }

  // Sets new keys until so many have been refused.
  void SetUntilRefused(RawClient& client, size_t refusals) {
    constexpr size_t kSetsMax = 20'000;
    size_t refused = 0;
    while (refused < refusals && outcomes_.size() < kSetsMax && !HasFailure()) {
      refused += !SetNext(client);
    }
    EXPECT_EQ(refused, refusals);
  }

  void ExpectWhatWasAcknowledged(RawClient& client) {
    for (size_t number = 0; number < outcomes_.size(); ++number) {
      if (outcomes_[number] == Outcome::kUnknown) continue;
      const bool acknowledged = outcomes_[number] == Outcome::kAcknowledged;
      const std::string expected = acknowledged ? Bulk(Value(number)) : "$-1\r\n";
      ASSERT_TRUE(client.Ask(Resp({"GET", Key(number)})) == expected)
          << Key(number) << (acknowledged ? " was acknowledged" : " was refused");
    }
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
  std::vector<Outcome> outcomes_;  // by the number of the key
  bool may_close_ = false;
  bool mounted_ = false;
};

TEST_P(DiskTest, AFullDiskRefusesWritesAndHeals) {
  if (!MountSmallDisk()) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
  constexpr const char* kSegment = "--wal-segment-bytes=1mb";
  TakeRoom(size_t{6} << 20);
  Start(kSegment);
  {
    RawClient client(server_->port());
    SetUntilRefused(client, 50);
    ExpectWhatWasAcknowledged(client);
    EXPECT_NE(client.Ask(Resp({"INFO", "persistence"})).find("aof_last_write_status:err"),
              std::string::npos);
    GiveRoom();
    constexpr int kInARow = 20;  // enough for keys of both lanes
    int in_a_row = 0;
    EXPECT_TRUE(Eventually([&] {
      in_a_row = SetNext(client) ? in_a_row + 1 : 0;
      return in_a_row == kInARow;
    }));
    // Small writes may fit into what a lane has left before its helper thread has found new room.
    EXPECT_TRUE(Eventually([&] {
      return client.Ask(Resp({"INFO", "persistence"})).find("aof_last_write_status:ok") !=
             std::string::npos;
    }));
    ExpectWhatWasAcknowledged(client);
  }
  EXPECT_NE(server_->Errors().find("no disk space"), std::string::npos) << server_->Errors();
  server_->Kill();
  Start(kSegment);
  RawClient client(server_->port());
  ExpectWhatWasAcknowledged(client);
  EXPECT_TRUE(SetNext(client));
  const auto ended = server_->Terminate();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 0) << server_->Errors();
}

TEST_P(DiskTest, AFullDiskAtTheStartIsSaidInOneLineAndDoesNoHarm) {
  if (!MountSmallDisk()) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
  constexpr const char* kSegment = "--wal-segment-bytes=1mb";
  Start(kSegment);
  {
    RawClient client(server_->port());
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(SetNext(client));
  }
  server_->Kill();
  TakeRoom(size_t{64} << 20);
  ServerProcess refused(DiskFlags(kSegment), directory_.Sub("refusal"));
  EXPECT_FALSE(refused.WaitReady());
  const auto ended = refused.Wait();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 1) << refused.Errors();
  EXPECT_NE(refused.Errors().find("corelane-server: "), std::string::npos) << refused.Errors();
  GiveRoom();
  Start(kSegment);
  RawClient client(server_->port());
  ExpectWhatWasAcknowledged(client);
}

// Files end at 12 MiB: to the log an error like any other, which a restart may mend and time may
// not.
void LimitFiles() {
  constexpr rlim_t kFileBytesMax = rlim_t{12} << 20;
  const rlimit limit{kFileBytesMax, kFileBytesMax};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::signal(SIGXFSZ, SIG_IGN);
}

TEST_P(DiskTest, ALogThatFailsRefusesWritesUntilARestart) {
  std::filesystem::create_directory(disk());
  may_close_ = true;
  constexpr const char* kSegment = "--wal-segment-bytes=32mb";
  Start(kSegment, LimitFiles);
  {
    RawClient client(server_->port());
    SetUntilRefused(client, 50);
    ExpectWhatWasAcknowledged(client);
    EXPECT_NE(client.Ask(Resp({"INFO", "persistence"})).find("aof_last_write_status:err"),
              std::string::npos);
  }
  server_->Kill();
  Start(kSegment);
  RawClient client(server_->port());
  ExpectWhatWasAcknowledged(client);
  EXPECT_TRUE(SetNext(client));
}

INSTANTIATE_TEST_SUITE_P(Fsync, DiskTest, testing::Values("always", "everysec"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace corelane::e2e
