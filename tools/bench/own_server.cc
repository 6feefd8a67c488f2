#include "bench/own_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include "base/status_macros.h"

namespace corelane::tools {
namespace {

constexpr int kReadyTimeoutMillis = 20'000;
constexpr int kStopTimeoutMillis = 10'000;
constexpr size_t kErrorTailBytes = 400;
constexpr int kExecFailed = 127;

Status Errno(const std::string& what) {
  return Status(StatusCode::kIoError, what + ": " + std::strerror(errno));
}

// What the child does between fork and exec: nothing that could allocate.
[[noreturn]] void BecomeServer(int output_fd, int error_fd, char* const* argv) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(null_fd, STDIN_FILENO);
  dup2(output_fd, STDOUT_FILENO);
  dup2(error_fd, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(kExecFailed);
}

}  // namespace

Result<std::unique_ptr<OwnServer>> OwnServer::Start(const std::string& program,
                                                    const std::vector<std::string>& flags,
                                                    const env::Clock& clock) {
  if (access(program.c_str(), X_OK) != 0) {
    return Status(StatusCode::kIoError,
                  "there is no server to start at " + program +
                      "; build it, or give the --host and --port of one that runs");
  }
  std::unique_ptr<OwnServer> server(new OwnServer(clock));  // lint:allow(new) private constructor
  RETURN_IF_ERROR(server->MakeDirectory());
  RETURN_IF_ERROR(server->Spawn(program, flags));
  RETURN_IF_ERROR(server->WaitUntilReady());
  return server;
}

OwnServer::~OwnServer() {
  if (pid_ != 0) {
    kill(pid_, SIGTERM);
    if (!WaitForEnd(kStopTimeoutMillis)) kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Status OwnServer::MakeDirectory() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) return Status(StatusCode::kIoError, "no temporary directory: " + error.message());
  std::string name = (parent / "corelane-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return Errno("cannot make " + name);
  directory_ = name;
  return OkStatus();
}

Status OwnServer::Spawn(const std::string& program, const std::vector<std::string>& flags) {
  std::vector<std::string> words = {program, "--listen=auto://127.0.0.1:0",
                                    "--data-dir=" + directory_ + "/data"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return Errno("pipe2");
  output_ = io::UniqueFd(pipe_fds[0]);
  const io::UniqueFd write_end(pipe_fds[1]);
  const std::string errors = directory_ + "/errors";
  const io::UniqueFd error_file(
      open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!error_file.valid()) return Errno("cannot make " + errors);

  const pid_t pid = fork();
  if (pid < 0) return Errno("fork");
  if (pid == 0) BecomeServer(write_end.get(), error_file.get(), argv.data());
  pid_ = pid;
  // The C library's own wrapper lacks extern "C" in Debian 12.
  process_ = io::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  return process_.valid() ? OkStatus() : Errno("pidfd_open");
}

Status OwnServer::WaitUntilReady() {
  const int64_t deadline_ns = clock_.MonotonicNanos() + int64_t{kReadyTimeoutMillis} * 1'000'000;
  std::string output;
  while (!ReadPort(output)) {
    const int64_t left_ms = (deadline_ns - clock_.MonotonicNanos()) / 1'000'000;
    if (left_ms <= 0) {
      return Status(StatusCode::kTimeout, "the server does not become ready" + LastErrors());
    }
    pollfd wait{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(left_ms)) <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t count = read(output_.get(), bytes.data(), bytes.size());
    if (count == 0) return Status(StatusCode::kIoError, "the server did not start" + LastErrors());
    if (count > 0) output.append(bytes.data(), static_cast<size_t>(count));
  }
  return OkStatus();
}

bool OwnServer::ReadPort(const std::string& output) {
  constexpr std::string_view kBefore = "address=127.0.0.1:";
  const size_t address = output.find(kBefore);
  if (address == std::string::npos || output.find("\nready\n", address) == std::string::npos) {
    return false;
  }
  const char* const begin = output.data() + address + kBefore.size();
  return std::from_chars(begin, output.data() + output.size(), port_).ec == std::errc();
}

// ": " and the end of what the server wrote on standard error; empty when it wrote nothing.
std::string OwnServer::LastErrors() const {
  std::ifstream file(directory_ + "/errors");
  std::ostringstream text;
  text << file.rdbuf();
  std::string errors = text.str();
  while (!errors.empty() && errors.back() == '\n') errors.pop_back();
  if (errors.empty()) return "";
  if (errors.size() > kErrorTailBytes) errors.erase(0, errors.size() - kErrorTailBytes);
  return ": " + errors;
}

bool OwnServer::WaitForEnd(int timeout_ms) {
  pollfd wait{.fd = process_.get(), .events = POLLIN, .revents = 0};
  return poll(&wait, 1, timeout_ms) == 1;
}

std::string ProgramBeside(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (error ? std::filesystem::path(name) : self.parent_path() / name).string();
}

}  // namespace corelane::tools
