#include "io/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace corelane::io {

namespace {

constexpr int kKeepAliveIdleSeconds = 120;
constexpr int kKeepAliveIntervalSeconds = 30;
constexpr int kKeepAliveProbes = 4;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<AddressList> Resolve(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(endpoint.port);
  const int error = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &list);
  if (error != 0) {
    const char* why = error == EAI_SYSTEM ? strerror(errno) : ::gai_strerror(error);
    return Status(StatusCode::kBadArgument, "cannot resolve " + endpoint.host + ": " + why);
  }
  return AddressList(list, &::freeaddrinfo);
}

// 0 or an errno.
int BindAndListen(int fd, const addrinfo& address, int backlog) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return errno;
  // A listener on [::] leaves 0.0.0.0 to a listener of its own.
  if (address.ai_family == AF_INET6 &&
      ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0) {
    return errno;
  }
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0) return errno;
  return ::listen(fd, backlog) == 0 ? 0 : errno;
}

using AddressOf = int (*)(int, sockaddr*, socklen_t*);

std::string AddressText(int fd, AddressOf address_of) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (address_of(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char host[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, host, sizeof(host));
    return EndpointText({host, ntohs(v4.sin_port)});
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof(host));
    return EndpointText({host, ntohs(v6.sin6_port)});
  }
  return "";
}

Status BadEndpoint(std::string_view text, const char* why) {
  return Status(StatusCode::kBadArgument, "bad address \"" + std::string(text) + "\": " + why);
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return BadEndpoint(text, "the port is missing (ADDRESS:PORT)");
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return BadEndpoint(text, "the closing bracket is missing");
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return BadEndpoint(text, "an IPv6 address needs brackets ([::1]:7878)");
  }
  if (host.empty()) return BadEndpoint(text, "the address is missing (ADDRESS:PORT)");
  // getaddrinfo() reads up to a NUL byte, so one in the middle would name another host.
  if (host.find('\0') != std::string_view::npos) return BadEndpoint(text, "a NUL byte");

  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return BadEndpoint(text, "the port must be a number from 0 to 65535");
  }
  return Endpoint{std::string(host), port};
}

std::string EndpointText(const Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  const std::string host = brackets ? "[" + endpoint.host + "]" : endpoint.host;
  return host + ":" + std::to_string(endpoint.port);
}

Result<UniqueFd> Listen(const Endpoint& endpoint, int backlog) {
  const std::string what = "cannot listen on " + EndpointText(endpoint) + ": ";
  Result<AddressList> addresses = Resolve(endpoint, AI_PASSIVE);
  if (!addresses.ok()) {
    return Status(addresses.code(), what + addresses.status().message());
  }
  int error = EADDRNOTAVAIL;
  for (const addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next) {
    UniqueFd fd(::socket(it->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) {
      error = errno;
      continue;
    }
    error = BindAndListen(fd.get(), *it, backlog);
    if (error == 0) return fd;
  }
  return Status(StatusCode::kIoError, what + strerror(error));
}

Result<UniqueFd> Connect(const Endpoint& endpoint) {
  const std::string what = "cannot connect to " + EndpointText(endpoint) + ": ";
  Result<AddressList> addresses = Resolve(endpoint, 0);
  if (!addresses.ok()) {
    return Status(addresses.code(), what + addresses.status().message());
  }
  int error = EADDRNOTAVAIL;
  for (const addrinfo* it = addresses->get(); it != nullptr; it = it->ai_next) {
    UniqueFd fd(::socket(it->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (fd.valid() && ::connect(fd.get(), it->ai_addr, it->ai_addrlen) == 0) return fd;
    error = errno;
  }
  return Status(StatusCode::kConnectionFailed, what + strerror(error));
}

Result<UniqueFd> BeginConnect(const Endpoint& endpoint) {
  const std::string what = "cannot connect to " + EndpointText(endpoint) + ": ";
  Result<AddressList> addresses = Resolve(endpoint, 0);
  if (!addresses.ok()) {
    return Status(addresses.code(), what + addresses.status().message());
  }
  const addrinfo& address = **addresses;
  UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.valid() &&
      (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0 || errno == EINPROGRESS)) {
    return fd;
  }
  return Status(StatusCode::kConnectionFailed, what + strerror(errno));
}

Result<Endpoint> NumericEndpoint(const Endpoint& endpoint) {
  in6_addr address{};
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &address) == 1 ||
      ::inet_pton(AF_INET6, endpoint.host.c_str(), &address) == 1) {
    return endpoint;
  }
  const Result<UniqueFd> fd = Connect(endpoint);
  if (!fd.ok()) return fd.status();
  return ParseEndpoint(PeerAddressText(fd->get()));
}

std::string LocalAddressText(int fd) { return AddressText(fd, &::getsockname); }

std::string PeerAddressText(int fd) { return AddressText(fd, &::getpeername); }

Result<uint16_t> LocalPort(int fd) {
  Result<Endpoint> endpoint = ParseEndpoint(LocalAddressText(fd));
  if (!endpoint.ok()) return Status(StatusCode::kBadArgument, "the socket has no local port");
  return endpoint->port;
}

void SetNoDelay(int fd) {
  const int on = 1;
  // Fails on a socket that is not TCP, which needs none.
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void SetKeepAlive(int fd) {
  const int on = 1;
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kKeepAliveIdleSeconds, sizeof(int));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kKeepAliveIntervalSeconds, sizeof(int));
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kKeepAliveProbes, sizeof(int));
}

Result<std::pair<UniqueFd, UniqueFd>> SocketPair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
    return Status(StatusCode::kIoError, std::string("socketpair: ") + strerror(errno));
  }
  return std::pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

}  // namespace corelane::io
