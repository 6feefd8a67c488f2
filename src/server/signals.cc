#include "server/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace corelane::server {
namespace {

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

Status BlockSignals() {
  const sigset_t signals = HandledSignals();
  const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (error == 0) return OkStatus();
  return Status(StatusCode::kIoError, std::string("cannot block signals: ") + strerror(error));
}

Result<io::UniqueFd> OpenSignalFd() {
  const sigset_t signals = HandledSignals();
  io::UniqueFd fd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
  if (fd.valid()) return fd;
  return Status(StatusCode::kIoError, std::string("signalfd: ") + strerror(errno));
}

int ReadSignal(int signal_fd) {
  signalfd_siginfo info{};
  const ssize_t count = read(signal_fd, &info, sizeof(info));
  return count == sizeof(info) ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace corelane::server
