#include "server/options.h"

#include <optional>
#include <string>
#include <string_view>

namespace corelane::server {

std::string_view SchemeName(Scheme scheme) {
  switch (scheme) {
    case Scheme::kAuto:
      return "auto";
    case Scheme::kNative:
      return "native";
    case Scheme::kResp:
      return "resp";
  }
  return "unknown";
}

Result<ListenOptions> ParseListen(const std::string& text) {
  const size_t separator = text.find("://");
  const auto wrong = [&](const std::string& what) {
    return Status(StatusCode::kBadArgument,
                  "--listen=" + text + ": " + what +
                      "; write SCHEME://ADDRESS:PORT, for example auto://127.0.0.1:7878");
  };
  if (separator == std::string::npos) return wrong("there is no scheme");
  const std::string scheme = text.substr(0, separator);
  ListenOptions options;
  if (scheme == "auto") {
    options.scheme = Scheme::kAuto;
  } else if (scheme == "native") {
    options.scheme = Scheme::kNative;
  } else if (scheme == "resp") {
    options.scheme = Scheme::kResp;
  } else {
    return wrong("the scheme is none of auto, native, resp");
  }
  Result<io::Endpoint> endpoint = io::ParseEndpoint(text.substr(separator + 3));
  if (!endpoint.ok()) return wrong(endpoint.status().message());
  options.endpoint = *endpoint;
  return options;
}

std::string_view FsyncName(const std::optional<wal::FsyncMode>& mode) {
  if (!mode) return "off";
  switch (*mode) {
    case wal::FsyncMode::kAlways:
      return "always";
    case wal::FsyncMode::kEverySecond:
      return "everysec";
    case wal::FsyncMode::kOs:
      return "os";
  }
  return "unknown";
}

}  // namespace corelane::server
