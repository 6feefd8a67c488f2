#include "loadgen/target.h"

#include <corelane/limits.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"

namespace corelane::loadgen {
namespace {

constexpr uint16_t kRespPort = 6379;
constexpr uint16_t kMemcachePort = 11211;
constexpr std::string_view kSeparator = "://";

// True when a port follows the host, well-formed or not. An IPv6 address has colons of its own.
bool HasPort(std::string_view address) {
  const size_t bracket = address.rfind(']');
  return address.find(':', bracket == std::string_view::npos ? 0 : bracket) !=
         std::string_view::npos;
}

// Names that anybody has given to a machine, and addresses, have no other bytes. What has is a slip
// of the pen better named here than by a resolver.
bool IsHostByte(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
         (byte >= 'A' && byte <= 'Z') ||
         std::string_view(".-_:%").find(byte) != std::string_view::npos;
}

bool IsDigit(char byte) { return byte >= '0' && byte <= '9'; }

// What is wrong with the endpoint, or nothing.
std::string_view ProblemWith(const io::Endpoint& endpoint) {
  const std::string& host = endpoint.host;
  if (!std::all_of(host.begin(), host.end(), IsHostByte)) return "the host is no name or address";
  // Some resolvers take a lone number for an IPv4 address; people mean a port.
  if (std::all_of(host.begin(), host.end(), IsDigit)) return "a number alone is no host";
  if (endpoint.port == 0) return "the port must be a number from 1 to 65535";
  return {};
}

}  // namespace

uint16_t DefaultPort(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kResp2:
    case WireProtocol::kResp3:
      return kRespPort;
    case WireProtocol::kMemcacheText:
    case WireProtocol::kMemcacheMeta:
      return kMemcachePort;
    default:
      return kPortDefault;
  }
}

Result<Target> ParseTarget(std::string_view text) {
  const auto wrong = [&](std::string_view what) {
    return Status(StatusCode::kBadArgument,
                  absl::StrCat("target \"", base::ToAbsl(text), "\": ", base::ToAbsl(what),
                               "; write SCHEME://HOST:PORT, for example resp://127.0.0.1:6379"));
  };
  Target target;
  std::string_view address = text;
  const size_t separator = text.find(kSeparator);
  if (separator != std::string_view::npos) {
    const Result<WireProtocol> protocol = WireProtocolOf(text.substr(0, separator));
    if (!protocol.ok()) return wrong(protocol.status().message());
    target.protocol = *protocol;
    address.remove_prefix(separator + kSeparator.size());
  }
  if (address.empty()) return wrong("there is no host");
  std::string whole(address);
  if (!HasPort(address)) absl::StrAppend(&whole, ":", DefaultPort(target.protocol));
  Result<io::Endpoint> endpoint = io::ParseEndpoint(whole);
  if (!endpoint.ok()) return wrong(endpoint.status().message());
  const std::string_view problem = ProblemWith(*endpoint);
  if (!problem.empty()) return wrong(problem);
  target.endpoint = *endpoint;
  return target;
}

Result<std::vector<Target>> ParseTargets(std::string_view text) {
  std::vector<Target> targets;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view one = text.substr(begin, end - begin);
    if (one.empty()) {
      return Status(StatusCode::kBadArgument,
                    absl::StrCat("targets \"", base::ToAbsl(text), "\": one of them is empty"));
    }
    const Result<Target> target = ParseTarget(one);
    if (!target.ok()) return target.status();
    targets.push_back(*target);
    begin = end + 1;
  }
  return targets;
}

std::string TargetText(const Target& target) {
  return absl::StrCat(base::ToAbsl(WireScheme(target.protocol)), base::ToAbsl(kSeparator),
                      io::EndpointText(target.endpoint));
}

}  // namespace corelane::loadgen
