#pragma once

// Target: the address of a server to load, and the protocol it is to be spoken to. A plain value;
// pure functions, any thread. Host names are not resolved here.

#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/socket.h"
#include "loadgen/wire.h"

namespace corelane::loadgen {

struct Target {
  WireProtocol protocol = WireProtocol::kResp2;
  io::Endpoint endpoint;
};

// The port that servers of the protocol listen on when nobody says otherwise.
[[nodiscard]] uint16_t DefaultPort(WireProtocol protocol);

// Reads "SCHEME://HOST:PORT": the schemes are those of WireScheme(), the host is a name, an IPv4
// address or an IPv6 address in brackets. Without a scheme it is resp, without a port the default
// one. kBadArgument names the text and says what is wrong with it.
[[nodiscard]] Result<Target> ParseTarget(std::string_view text);

// Several, separated by commas; at least one.
[[nodiscard]] Result<std::vector<Target>> ParseTargets(std::string_view text);

// "resp://127.0.0.1:6379": what ParseTarget() reads as the same target.
[[nodiscard]] std::string TargetText(const Target& target);

}  // namespace corelane::loadgen
