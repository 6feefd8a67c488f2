// What happens where the system refuses io_uring. The refusal is real: a seccomp filter in a child
// process, as a container runtime sets one.

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iostream>

#include "harness.h"

namespace corelane::io {
namespace {

// From here on io_uring_setup() fails with `error` in this process. It cannot be undone.
bool RefuseUring(int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{sizeof(program) / sizeof(program[0]), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Runs `body` in a child process; its return value says whether all was well.
bool InChild(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool Expect(bool holds, const char* what, const std::string& detail) {
  if (!holds) std::cerr << what << ": " << detail << "\n";
  return holds;
}

// The reason that a refusal with `error` is given as, unless this build has no io_uring to refuse.
std::string ExpectedReason(int error) {
  const env::SystemClock clock;
  std::string unused;
  const auto made = MakeReactor(OptionsFor(BackEnd::kUring, clock), unused);
  const std::string absent = "io_uring: left out of this build";
  if (!made.ok() && made.status().message() == absent) return absent;
  return std::string("io_uring_setup: ") + strerror(error);
}

bool FallsBackWhereRefused(int error, const std::string& expected_reason) {
  if (!Expect(RefuseUring(error), "seccomp", strerror(errno))) return false;
  const env::SystemClock clock;
  ReactorOptions options;
  options.clock = &clock;
  std::string reason;
  const auto made = MakeReactor(options, reason);
  if (!Expect(made.ok(), "auto", made.status().ToString())) return false;
  bool good = Expect((*made)->back_end() == BackEnd::kEpoll, "back end", "not epoll");
  good &= Expect(reason == expected_reason, "reason", reason);
  auto pair = SocketPair();
  Sender sender;
  Receiver receiver;
  (*made)->StartRecv(pair->first.get(), receiver);
  (*made)->StartSend(pair->second.get(), std::string_view("works"), sender);
  good &= PollUntil(**made, [&] { return receiver.data == "works"; });

  options.choice = BackEndChoice::kUring;
  const auto refused = MakeReactor(options, reason);
  good &= Expect(!refused.ok() && refused.code() == StatusCode::kIoError, "uring", "was made");
  good &=
      Expect(refused.status().message() == expected_reason, "message", refused.status().message());
  return good && Expect(reason.empty(), "no fallback was asked for", reason);
}

TEST(MakeReactor, FallsBackToEpollWhereIoUringIsRefused) {
  for (const int error : {EPERM, ENOSYS, ENOMEM}) {
    const std::string reason = ExpectedReason(error);
    EXPECT_TRUE(InChild([&] { return FallsBackWhereRefused(error, reason); })) << strerror(error);
  }
}

TEST(MakeReactor, TakesEpollWhenAskedTo) {
  const env::SystemClock clock;
  std::string reason = "stale";
  const auto made = MakeReactor(OptionsFor(BackEnd::kEpoll, clock), reason);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->back_end(), BackEnd::kEpoll);
  EXPECT_EQ(reason, "");
}

TEST(MakeReactor, BackEndsHaveNames) {
  EXPECT_EQ(BackEndName(BackEnd::kUring), "io_uring");
  EXPECT_EQ(BackEndName(BackEnd::kEpoll), "epoll");
}

}  // namespace
}  // namespace corelane::io
