// How the real server starts, stops, and refuses to start.

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

class LifecycleTest : public testing::Test {
 protected:
  [[nodiscard]] std::string data() const { return directory_.Sub("data"); }

  void Start(const std::vector<std::string>& more = {}, ServerProcess::Prepare prepare = nullptr) {
    std::vector<std::string> flags = {"--shards=2", "--wal-segment-bytes=1mb"};
    flags.insert(flags.end(), more.begin(), more.end());
    server_ =
        std::make_unique<ServerProcess>(Flags(data(), flags), directory_.Sub("errors"), prepare);
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  [[nodiscard]] bool Logged(const std::string& text) const {
    return server_->Errors().find(text) != std::string::npos;
  }

  void ExpectExit(const std::optional<Ended>& ended, int exit_code) {
    ASSERT_TRUE(ended) << "does not end: " << server_->Errors();
    EXPECT_EQ(ended->exit_code, exit_code) << "signal " << ended->signal << server_->Errors();
  }

  // The server ends by itself with this code and says why in one line.
  void ExpectRefusal(const std::vector<std::string>& flags, int exit_code,
                     const std::string& reason) {
    ServerProcess refused(flags, directory_.Sub("refusal"));
    EXPECT_FALSE(refused.WaitReady());
    const std::optional<Ended> ended = refused.Wait();
    ASSERT_TRUE(ended) << "does not end";
    const std::string errors = refused.Errors();
    EXPECT_EQ(ended->exit_code, exit_code) << "signal " << ended->signal << ": " << errors;
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
    EXPECT_TRUE(errors.starts_with("corelane-server: ")) << errors;
    EXPECT_NE(errors.find(reason), std::string::npos) << errors;
  }

  // A client whose replies do not fit into the sockets' buffers and that reads none of them. It
  // keeps a drain from ending.
  std::unique_ptr<RawClient> MakeDeafClient() {
    auto client = std::make_unique<RawClient>(server_->port());
    EXPECT_EQ(client->Ask(Resp({"SET", "big", std::string(size_t{1} << 20, 'v')})), "+OK\r\n");
    std::string requests;
    for (int i = 0; i < 40; ++i) requests += Resp({"GET", "big"});
    EXPECT_TRUE(client->Send(requests + Resp({"SET", "deaf", "yes"})));
    RawClient observer(server_->port());
    EXPECT_TRUE(Eventually([&] { return observer.Ask(Resp({"GET", "deaf"})) == Bulk("yes"); }));
    return client;
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

// ---- Stopping ----

TEST_F(LifecycleTest, TermAnswersWhatWasSentBefore) {
  for (const char* const io : {"--io=epoll", "--io=auto"}) {
    for (const int signal : {SIGTERM, SIGINT}) {
      Start({"--fsync=always", io});
      constexpr int kRequests = 500;
      std::string requests;
      std::string replies;
      for (int i = 0; i < kRequests; ++i) {
        requests += Resp({"SET", "k" + std::to_string(i), std::to_string(i)});
        replies += "+OK\r\n";
      }
      RawClient client(server_->port());
      RawClient idle(server_->port());
      ASSERT_EQ(client.Ask(Resp({"PING"})), "+PONG\r\n");
      ASSERT_EQ(idle.Ask(Resp({"PING"})), "+PONG\r\n");
      ASSERT_TRUE(client.Send(requests));
      server_->Signal(signal);
      EXPECT_EQ(client.ReadToEnd(), replies);
      EXPECT_TRUE(client.ended());
      EXPECT_EQ(idle.ReadToEnd(), "");
      ExpectExit(server_->Wait(), 0);
      EXPECT_TRUE(Logged(signal == SIGINT ? "SIGINT" : "SIGTERM"));

      Start({"--fsync=always", io});
      RawClient again(server_->port());
      EXPECT_EQ(again.Ask(Resp({"DBSIZE"})), ":" + std::to_string(kRequests) + "\r\n");
      EXPECT_EQ(again.Ask(Resp({"FLUSHALL"})), "+OK\r\n");
      ExpectExit(server_->Terminate(), 0);
    }
  }
}

TEST_F(LifecycleTest, ASecondSignalEndsAtOnce) {
  Start({"--drain-timeout=30m"});
  const auto deaf = MakeDeafClient();
  server_->Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return Logged("SIGTERM"); }));
  server_->Signal(SIGTERM);
  const std::optional<Ended> ended = server_->Wait();
  ASSERT_TRUE(ended);
  EXPECT_NE(ended->exit_code, 0);
  EXPECT_EQ(ended->signal, 0);
  EXPECT_TRUE(Logged("second signal"));
}

TEST_F(LifecycleTest, TheDrainEndsAndSaysWhoIsStillThere) {
  Start({"--drain-timeout=100ms"});
  const auto deaf = MakeDeafClient();
  ExpectExit(server_->Terminate(), 0);
  EXPECT_TRUE(Logged("1 connections still open after 100 ms")) << server_->Errors();
  Start();
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"GET", "deaf"})), Bulk("yes"));
}

TEST_F(LifecycleTest, HangupChangesNothing) {
  Start();
  RawClient client(server_->port());
  ASSERT_EQ(client.Ask(Resp({"SET", "a", "1"})), "+OK\r\n");
  server_->Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] { return Logged("SIGHUP"); }));
  EXPECT_EQ(client.Ask(Resp({"GET", "a"})), Bulk("1"));
  ExpectExit(server_->Terminate(), 0);
}

// ---- Refusing to start ----

TEST_F(LifecycleTest, ASecondServerOnTheSameDirectoryIsRefused) {
  Start();
  ExpectRefusal(Flags(data(), {"--shards=2"}), 1, data());
  RawClient client(server_->port());
  EXPECT_EQ(client.Ask(Resp({"PING"})), "+PONG\r\n");
}

TEST_F(LifecycleTest, APortInUseLeavesNoDirectoryBehind) {
  Start();
  const std::string listen = "--listen=auto://127.0.0.1:" + std::to_string(server_->port());
  ExpectRefusal(Flags(directory_.Sub("other"), {listen}), 1, std::to_string(server_->port()));
  EXPECT_FALSE(std::filesystem::exists(directory_.Sub("other")));
}

TEST_F(LifecycleTest, ADirectoryThatCannotBeMadeIsRefused) {
  std::ofstream(directory_.Sub("file")) << "not a directory";
  ExpectRefusal(Flags(directory_.Sub("file/data")), 1, directory_.Sub("file"));
}

TEST_F(LifecycleTest, ANewerFormatIsRefusedAndLeftAlone) {
  Start();
  RawClient client(server_->port());
  ASSERT_EQ(client.Ask(Resp({"SET", "a", "1"})), "+OK\r\n");
  ExpectExit(server_->Terminate(), 0);
  const std::string manifest = data() + "/MANIFEST";
  const std::string good = ReadFile(manifest);
  std::string newer = good;
  const std::string format = "corelane manifest ";
  ASSERT_TRUE(newer.starts_with(format));
  newer.replace(format.size(), newer.find('\n') - format.size(), "99");
  std::ofstream(manifest) << newer;
  ExpectRefusal(Flags(data(), {"--shards=2"}), 1, "newer");
  EXPECT_EQ(ReadFile(manifest), newer);

  std::ofstream(manifest) << good;
  Start();
  RawClient again(server_->port());
  EXPECT_EQ(again.Ask(Resp({"GET", "a"})), Bulk("1"));
}

TEST_F(LifecycleTest, WrongFlagsAreExplainedInOneLine) {
  ExpectRefusal(Flags(data(), {"--nonsense"}), 2, "--nonsense");
  ExpectRefusal(Flags(data(), {"--shards=0"}), 2, "--shards");
  ExpectRefusal(Flags(data(), {"--shards=many"}), 2, "--shards");
  ExpectRefusal(Flags(data(), {"--fsync=maybe"}), 2, "--fsync");
  ExpectRefusal(Flags(data(), {"--idle-timeout=3"}), 2, "--idle-timeout");
  ExpectRefusal(Flags(data(), {"--listen=127.0.0.1:0"}), 2, "scheme");
  ExpectRefusal(Flags(data(), {"--listen=smtp://127.0.0.1:0"}), 2, "scheme");
  ExpectRefusal(Flags(data(), {"--listen=auto://127.0.0.1:99999"}), 2, "--listen");
  EXPECT_FALSE(std::filesystem::exists(data()));
}

// ---- Back ends ----

// From here on io_uring_setup() fails in this process, as where a container runtime forbids it.
void RefuseUring() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof(program) / sizeof(program[0]), program};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

TEST_F(LifecycleTest, WithoutUringItFallsBackToEpollAndSaysSo) {
  Start({"--io=auto"}, RefuseUring);
  RawClient client(server_->port());
  const std::string info = client.Ask(Resp({"INFO"}));
  EXPECT_NE(info.find("multiplexing_api:epoll"), std::string::npos) << info;
  EXPECT_NE(info.find("_io_fallback:"), std::string::npos) << info;
  const std::string errors = server_->Errors();
  const size_t line = errors.find("using epoll");
  EXPECT_NE(line, std::string::npos) << errors;
  EXPECT_EQ(errors.find("using epoll", line + 1), std::string::npos) << errors;
  ExpectExit(server_->Terminate(), 0);
}

TEST_F(LifecycleTest, AskedForUringAndRefusedItDoesNotStart) {
  ServerProcess refused(Flags(data(), {"--io=uring"}), directory_.Sub("refusal"), RefuseUring);
  EXPECT_FALSE(refused.WaitReady());
  const std::optional<Ended> ended = refused.Wait();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit_code, 1);
  EXPECT_NE(refused.Errors().find("io_uring"), std::string::npos) << refused.Errors();
}

}  // namespace
}  // namespace corelane::e2e
