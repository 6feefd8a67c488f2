#include "server/acceptor.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "io/socket.h"
#include "storage/placement.h"

namespace corelane::server {

Acceptor::Acceptor(io::UniqueFd listener, const ListenOptions& options, ConnectionTaker& taker)
    : listener_(std::move(listener)), options_(options), taker_(taker) {}

void Acceptor::Start(io::Reactor& reactor) {
  accepting_ = true;
  reactor.StartAccept(listener_.get(), *this);
}

void Acceptor::Stop(io::Reactor& reactor) {
  if (accepting_) reactor.CancelAccept(*this);
}

std::string Acceptor::Describe() const {
  return "listening scheme=" + std::string(SchemeName(options_.scheme)) +
         " address=" + io::LocalAddressText(listener_.get());
}

uint16_t Acceptor::port() const {
  const Result<uint16_t> port = io::LocalPort(listener_.get());
  return port.ok() ? *port : 0;
}

void Acceptor::OnAccepted(int fd) {
  io::UniqueFd socket(fd);
  io::SetNoDelay(fd);
  io::SetKeepAlive(fd);
  taker_.Take(std::move(socket), options_.scheme);
}

void Acceptor::OnAcceptError(int error) {
  base::Log(base::Severity::kWarning, "cannot accept a connection: %s; trying again shortly",
            std::strerror(-error));
}

void Acceptor::OnAcceptEnd(int result) {
  accepting_ = false;
  listener_.Reset();
  if (result == -ECANCELED) return;
  base::Log(base::Severity::kError, "%s: accepting ended: %s", Describe(), std::strerror(-result));
}

uint32_t LaneOfConnection(int fd, uint64_t seed, uint32_t lanes) {
  sockaddr_storage ends[2] = {};
  socklen_t peer_bytes = sizeof(ends[0]);
  socklen_t local_bytes = sizeof(ends[1]);
  getpeername(fd, reinterpret_cast<sockaddr*>(&ends[0]), &peer_bytes);
  getsockname(fd, reinterpret_cast<sockaddr*>(&ends[1]), &local_bytes);
  const std::string_view bytes(reinterpret_cast<const char*>(ends), sizeof(ends));
  return storage::LaneOf(base::KeyHash(bytes, seed), lanes);
}

}  // namespace corelane::server
