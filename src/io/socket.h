#pragma once

// Sockets: addresses as people write them, listeners, and the options of a connection. Control
// plane: failures are a Status with a message that can be shown as it is. No state; any thread.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/unique_fd.h"

namespace corelane::io {

struct Endpoint {
  std::string host;  // without brackets
  uint16_t port = 0;
};

// "127.0.0.1:7878", "[::1]:0" or "localhost:7878"; port 0 asks the system for a free one.
// kBadArgument for anything else. The host is not resolved here.
[[nodiscard]] Result<Endpoint> ParseEndpoint(std::string_view text);
// The inverse: brackets around an IPv6 address.
[[nodiscard]] std::string EndpointText(const Endpoint& endpoint);

// A listening socket, non-blocking and close-on-exec, with SO_REUSEADDR. A host name that has
// several addresses listens on the first that can be bound. "cannot listen on 127.0.0.1:7878:
// Address already in use".
[[nodiscard]] Result<UniqueFd> Listen(const Endpoint& endpoint, int backlog);

// A connected socket, blocking; for tests and tools.
[[nodiscard]] Result<UniqueFd> Connect(const Endpoint& endpoint);

// A socket that is being connected: non-blocking, to the first address of the host. Bytes can be
// sent and received on it by a Reactor at once; that the peer refuses is the outcome of those. A
// host that is a name blocks while it is resolved.
[[nodiscard]] Result<UniqueFd> BeginConnect(const Endpoint& endpoint);

// The numeric address at which the host can be connected to: that of a name with several addresses
// (localhost: [::1], 127.0.0.1) is the first that accepts. Blocks for a name; an address is
// returned as it is, unasked.
[[nodiscard]] Result<Endpoint> NumericEndpoint(const Endpoint& endpoint);

// The two ends of a socket as "ADDRESS:PORT"; empty when it has none (a socket pair, or a peer that
// is gone).
[[nodiscard]] std::string LocalAddressText(int fd);
[[nodiscard]] std::string PeerAddressText(int fd);
[[nodiscard]] Result<uint16_t> LocalPort(int fd);

// Replies leave at once instead of waiting for more (TCP_NODELAY). Does nothing on sockets that are
// not TCP.
void SetNoDelay(int fd);
// Finds dead peers after a few minutes (SO_KEEPALIVE).
void SetKeepAlive(int fd);

// Two connected stream sockets, non-blocking and close-on-exec.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> SocketPair();

}  // namespace corelane::io
