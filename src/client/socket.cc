#include "client/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>
#include <system_error>

namespace corelane::client {
namespace {

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

Result<AddressList> LookUp(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) {
    const std::string why = failure == EAI_SYSTEM ? ErrorText(errno) : ::gai_strerror(failure);
    return Status(StatusCode::kConnectionFailed, "cannot find host " + host + ": " + why);
  }
  return AddressList(found);
}

// 0, or the errno that says why not.
int WaitConnected(int descriptor, const Deadline& deadline) {
  pollfd poll_entry{descriptor, POLLOUT, 0};
  for (;;) {
    const int ready = ::poll(&poll_entry, 1, deadline.PollMillis());
    if (ready > 0) break;
    if (ready == 0 && deadline.PollMillis() == 0) return ETIMEDOUT;
    if (ready < 0 && errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

// 0 and an open socket, or the errno that says why not.
int ConnectOne(const addrinfo& address, const Deadline& deadline, Socket& connected) {
  const int descriptor =
      ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  Socket socket(descriptor);
  if (::connect(descriptor, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    if (const int error = WaitConnected(descriptor, deadline); error != 0) return error;
  }
  // Requests go out whole: waiting for more to fill a segment only delays them. Keep-alives let a
  // request without a timeout notice that the machine at the other end is gone. Neither can fail on
  // a TCP socket in a way that matters.
  const int on = 1;
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  connected = std::move(socket);
  return 0;
}

bool WouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Result<Socket> Socket::Connect(const std::string& host, uint16_t port, uint32_t timeout_ms) {
  Result<AddressList> addresses = LookUp(host, port);
  if (!addresses.ok()) return addresses.status();
  const Deadline deadline = Deadline::After(timeout_ms);
  size_t left = 0;
  for (const addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next) ++left;
  int error = EADDRNOTAVAIL;
  for (const addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next, --left) {
    Socket socket;
    error = ConnectOne(*it, deadline.ShareOf(left), socket);
    if (error == 0) return socket;
  }
  return Status(StatusCode::kConnectionFailed,
                "cannot connect to " + AddressText(host, port) + ": " + ErrorText(error));
}

void Socket::Close() {
  if (descriptor_ >= 0) (void)::close(descriptor_);
  descriptor_ = -1;
}

TransferResult Socket::Send(std::string_view bytes) {
  for (;;) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) return {Transfer::kSome, static_cast<size_t>(sent), 0};
    if (sent == 0 || WouldBlock(errno)) return {Transfer::kWouldBlock, 0, 0};
    if (errno != EINTR) return {Transfer::kBroken, 0, errno};
  }
}

TransferResult Socket::Receive(char* into, size_t bytes_max) {
  for (;;) {
    const ssize_t received = ::recv(descriptor_, into, bytes_max, 0);
    if (received > 0) return {Transfer::kSome, static_cast<size_t>(received), 0};
    if (received == 0) return {Transfer::kEnd, 0, 0};
    if (WouldBlock(errno)) return {Transfer::kWouldBlock, 0, 0};
    if (errno != EINTR) return {Transfer::kBroken, 0, errno};
  }
}

Readiness Socket::Wait(bool for_writing, const Deadline& deadline) const {
  pollfd poll_entry{descriptor_, static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN), 0};
  for (;;) {
    const int ready = ::poll(&poll_entry, 1, deadline.PollMillis());
    if (ready > 0) {
      constexpr int kReadable = POLLIN | POLLERR | POLLHUP | POLLNVAL;
      return {(poll_entry.revents & kReadable) != 0, (poll_entry.revents & POLLOUT) != 0};
    }
    if (ready == 0 && deadline.PollMillis() == 0) return {};
    // Anything but a signal is ENOMEM at worst; Receive() then reports on the connection.
    if (ready < 0 && errno != EINTR) return {true, false};
  }
}

bool Socket::IsQuiet() const {
  if (!is_open()) return false;
  char byte = 0;
  const ssize_t received = ::recv(descriptor_, &byte, 1, MSG_PEEK);
  return received < 0 && WouldBlock(errno);
}

std::string AddressText(const std::string& host, uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ErrorText(int error) { return std::generic_category().message(error); }

}  // namespace corelane::client
