#include "bench/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

namespace corelane::tools {
namespace {

constexpr int kStopTimeoutMillis = 10'000;
constexpr size_t kErrorTailBytes = 400;
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
  // The benchmark takes signals in its own way, which the server must not inherit.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null_fd, STDIN_FILENO);
  dup2(becoming.output_fd < 0 ? null_fd : becoming.output_fd, STDOUT_FILENO);
  dup2(becoming.error_fd, STDERR_FILENO);
  if (becoming.cpus != nullptr) sched_setaffinity(0, sizeof(cpu_set_t), becoming.cpus);
  execvp(becoming.argv[0], becoming.argv);
  _exit(kExecFailed);
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
  const pid_t pid = fork();
  if (pid < 0) return Errno("fork");
  if (pid == 0) {
    Become({surroundings.output_fd, errors.get(), surroundings.cpus.empty() ? nullptr : &cpus,
            argv.data()});
  }
  pid_ = pid;
  // The C library's own wrapper lacks extern "C" in Debian 12.
  process_ = io::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return process_.valid() ? OkStatus() : Errno("pidfd_open");
}

void ChildProcess::Stop() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  if (!WaitForEnd(kStopTimeoutMillis)) kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  process_.Reset();
}

bool ChildProcess::WaitForEnd(int timeout_ms) const {
  pollfd wait{.fd = process_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

std::string ChildProcess::LastErrors() const {
  std::ifstream file(errors_path_);
  std::ostringstream text;
  text << file.rdbuf();
  std::string errors = text.str();
  while (!errors.empty() && errors.back() == '\n') errors.pop_back();
  if (errors.empty()) return "";
  if (errors.size() > kErrorTailBytes) errors.erase(0, errors.size() - kErrorTailBytes);
  return ": " + errors;
}

}  // namespace corelane::tools
