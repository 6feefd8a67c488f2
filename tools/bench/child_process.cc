#include "bench/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

#include "env/process_stat.h"

namespace corelane::tools {
namespace {

constexpr int kStopTimeoutMillis = 10'000;
constexpr int kLookAgainMillis = 10;
constexpr std::streamoff kTailBytes = 600;
constexpr int kExecFailed = 127;

Status Errno(const std::string& what) {
  return Status(StatusCode::kIoError, what + ": " + std::strerror(errno));
}

struct Becoming {
  int output_fd;
  int error_fd;
  const cpu_set_t* cpus;  // nullptr: all
  char* const* argv;
};

// What the child does between fork and exec: nothing that could allocate.
[[noreturn]] void Become(const Becoming& becoming) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  // The benchmark takes signals in its own way, which the server must not inherit.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null_fd, STDIN_FILENO);
  dup2(becoming.output_fd < 0 ? becoming.error_fd : becoming.output_fd, STDOUT_FILENO);
  dup2(becoming.error_fd, STDERR_FILENO);
  if (becoming.cpus != nullptr) sched_setaffinity(0, sizeof(cpu_set_t), becoming.cpus);
  execvp(becoming.argv[0], becoming.argv);
  _exit(kExecFailed);
}

std::vector<pid_t> ChildrenOfThisProcess() {
  std::vector<pid_t> children;
  for (const env::ProcessEntry& entry : env::ReadProcessTable()) {
    if (entry.parent == getpid()) children.push_back(entry.pid);
  }
  return children;
}

}  // namespace

Status ChildProcess::Start(std::vector<std::string> words, const Surroundings& surroundings) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  for (const int cpu : surroundings.cpus) CPU_SET(static_cast<size_t>(cpu), &cpus);

  errors_path_ = surroundings.errors_path;
  const io::UniqueFd errors(
      open(errors_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!errors.valid()) return Errno("cannot make " + errors_path_);
  other_children_ = ChildrenOfThisProcess();
  // What the server leaves behind comes to this process then and can be found.
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t pid = fork();
  if (pid < 0) return Errno("fork");
  if (pid == 0) {
    Become({surroundings.output_fd, errors.get(), surroundings.cpus.empty() ? nullptr : &cpus,
            argv.data()});
  }
  pid_ = pid;
  // The child does the same: whoever comes first. It fails when the child has become the server.
  setpgid(pid, pid);
  // The C library's own wrapper lacks extern "C" in Debian 12.
  process_ = io::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return process_.valid() ? OkStatus() : Errno("pidfd_open");
}

void ChildProcess::Stop(const std::function<bool()>& hurries) {
  if (pid_ == 0) return;
  kill(-pid_, SIGTERM);
  if (!WaitForGroup(hurries)) {
    kill(-pid_, SIGKILL);
    // What has been killed ends, though it may take a moment.
    static_cast<void>(WaitForGroup(nullptr));
  }
  KillOrphans();
  pid_ = 0;
  process_.Reset();
}

// False: there are still processes in it.
bool ChildProcess::WaitForGroup(const std::function<bool()>& hurries) const {
  for (int waited_ms = 0; waited_ms < kStopTimeoutMillis; waited_ms += kLookAgainMillis) {
    while (waitpid(-pid_, nullptr, WNOHANG) > 0) {
    }
    if (kill(-pid_, 0) != 0) return true;
    if (hurries && hurries()) return false;
    poll(nullptr, 0, kLookAgainMillis);
  }
  return false;
}

// Those that have left the group, as daemons do. What a killed one had started is an orphan next.
void ChildProcess::KillOrphans() const {
  for (;;) {
    std::vector<pid_t> orphans = ChildrenOfThisProcess();
    std::erase_if(orphans, [this](pid_t pid) {
      return std::ranges::find(other_children_, pid) != other_children_.end();
    });
    if (orphans.empty()) return;
    for (const pid_t orphan : orphans) {
      kill(orphan, SIGKILL);
      waitpid(orphan, nullptr, 0);
    }
  }
}

bool ChildProcess::WaitForEnd(int timeout_ms) const {
  pollfd wait{.fd = process_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

bool ChildProcess::EndedWell() const {
  siginfo_t info{};
  const int flags = WEXITED | WNOHANG | WNOWAIT;
  return waitid(P_PID, static_cast<id_t>(pid_), &info, flags) == 0 && info.si_pid == pid_ &&
         info.si_code == CLD_EXITED && info.si_status == 0;
}

std::string ChildProcess::LastWords() const {
  std::ifstream file(errors_path_, std::ios::ate);
  const std::streamoff size = file.tellg();
  file.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  std::string words{std::istreambuf_iterator<char>(file), {}};
  // The first line of a tail is half a line.
  if (size > kTailBytes) words.erase(0, words.find('\n') + 1);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words.empty() ? "" : ": " + words;
}

}  // namespace corelane::tools
