#include "bench/own_server.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/status_macros.h"

namespace corelane::tools {
namespace {

constexpr int kReadyTimeoutMillis = 20'000;

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
  RETURN_IF_ERROR(server->directory_.Make());
  RETURN_IF_ERROR(server->Spawn(program, flags));
  RETURN_IF_ERROR(server->WaitUntilReady());
  return server;
}

Status OwnServer::Spawn(const std::string& program, const std::vector<std::string>& flags) {
  std::vector<std::string> words = {program, "--listen=auto://127.0.0.1:0",
                                    "--data-dir=" + directory_.path() + "/data"};
  words.insert(words.end(), flags.begin(), flags.end());
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) {
    return Status(StatusCode::kIoError, std::string("pipe2: ") + std::strerror(errno));
  }
  output_ = io::UniqueFd(pipe_fds[0]);
  const io::UniqueFd write_end(pipe_fds[1]);
  return process_.Start(
      std::move(words),
      {.errors_path = directory_.path() + "/errors", .output_fd = write_end.get(), .cpus = {}});
}

Status OwnServer::WaitUntilReady() {
  const int64_t deadline_ns = clock_.MonotonicNanos() + int64_t{kReadyTimeoutMillis} * 1'000'000;
  std::string output;
  while (!ReadPort(output)) {
    const int64_t left_ms = (deadline_ns - clock_.MonotonicNanos()) / 1'000'000;
    if (left_ms <= 0) {
      return Status(StatusCode::kTimeout,
                    "the server does not become ready" + process_.LastWords());
    }
    pollfd wait{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, static_cast<int>(left_ms)) <= 0) continue;
    std::array<char, 4096> bytes;
    const ssize_t count = read(output_.get(), bytes.data(), bytes.size());
    if (count == 0)
      return Status(StatusCode::kIoError, "the server did not start" + process_.LastWords());
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

std::string ProgramBeside(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (error ? std::filesystem::path(name) : self.parent_path() / name).string();
}

}  // namespace corelane::tools
