#include "server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <thread>
#include <utility>

#include "raw_client.h"

namespace corelane::e2e {
namespace {

constexpr int kExitNoProgram = 127;

[[noreturn]] void RunChild(char* const* arguments, int out, int errors,
                           ServerProcess::Prepare prepare) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  if (prepare != nullptr) prepare();
  ::execv(arguments[0], arguments);
  ::_exit(kExitNoProgram);
}

}  // namespace

std::string VariantFlag(const std::string& variant) {
  return variant == "rocksdb" ? "--engine=rocksdb" : "--io=" + variant;
}

std::vector<const char*> Variants() {
  std::vector<const char*> variants = {"epoll", "auto"};
  if (kHasRocksDb) variants.push_back("rocksdb");
  return variants;
}

int64_t NowMillis() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

bool Eventually(const std::function<bool()>& condition) {
  const int64_t end = NowMillis() + kDeadlineMillis;
  while (!condition()) {
    if (NowMillis() > end) return false;
    // lint:allow(sleep) not to wait for anything: it leaves the processor to the server meanwhile.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

ServerProcess::ServerProcess(std::vector<std::string> flags, const std::string& stderr_file,
                             Prepare prepare)
    : stderr_file_(stderr_file) {
  const char* const program = std::getenv("CORELANE_SERVER");
  if (program == nullptr) std::abort();  // run the tests through meson
  flags.insert(flags.begin(), program);
  std::vector<char*> arguments;
  for (std::string& flag : flags) arguments.push_back(flag.data());
  arguments.push_back(nullptr);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  stdout_.Reset(ends[0]);
  const io::UniqueFd out(ends[1]);
  const io::UniqueFd errors(
      ::open(stderr_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!errors.valid()) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) RunChild(arguments.data(), out.get(), errors.get(), prepare);
  if (pid_ < 0) std::abort();
}

ServerProcess::~ServerProcess() { Kill(); }

bool ServerProcess::TakeLine(std::string& line) {
  const int64_t end = NowMillis() + kDeadlineMillis;
  size_t found = std::string::npos;
  while ((found = unread_.find('\n')) == std::string::npos) {
    const int64_t left = end - NowMillis();
    pollfd readable{stdout_.get(), POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) == 0) return false;
    char bytes[512];
    const ssize_t got = ::read(stdout_.get(), bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    unread_.append(bytes, static_cast<size_t>(got));
  }
  line = unread_.substr(0, found);
  unread_.erase(0, found + 1);
  return true;
}

bool ServerProcess::WaitReady() {
  std::string line;
  while (TakeLine(line)) {
    if (line == "ready") return true;
    if (!line.starts_with("listening scheme=")) return false;
    ports_.push_back(
        static_cast<uint16_t>(ParseNumber(std::string_view(line).substr(line.rfind(':') + 1))));
  }
  return false;
}

void ServerProcess::Signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

void ServerProcess::Kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::optional<Ended> ServerProcess::Wait() {
  int status = 0;
  const bool ended = Eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) return std::nullopt;
  pid_ = -1;
  if (WIFEXITED(status)) return Ended{WEXITSTATUS(status), 0};
  return Ended{-1, WTERMSIG(status)};
}

std::optional<Ended> ServerProcess::Terminate() {
  Signal(SIGTERM);
  return Wait();
}

std::string ServerProcess::Errors() const { return ReadFile(stderr_file_); }

size_t ServerProcess::ResidentBytes() const {
  std::istringstream lines(ReadFile("/proc/" + std::to_string(pid_) + "/status"));
  std::string word;
  while (lines >> word) {
    size_t kilobytes = 0;
    if (word == "VmRSS:" && lines >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

std::vector<std::string> Flags(const std::string& directory, const std::vector<std::string>& more) {
  std::vector<std::string> flags = {"--data-dir=" + directory, "--no-pin"};
  const auto listens = [](const std::string& flag) { return flag.starts_with("--listen="); };
  if (std::none_of(more.begin(), more.end(), listens)) {
    flags.emplace_back("--listen=auto://127.0.0.1:0");
  }
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace corelane::e2e
