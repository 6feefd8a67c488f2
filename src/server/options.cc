#include "server/options.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace corelane::server {

namespace {

struct SchemeWord {
  Scheme scheme;
  std::string_view word;
};

constexpr SchemeWord kSchemes[] = {
    {Scheme::kAuto, "auto"}, {Scheme::kNative, "native"}, {Scheme::kResp, "resp"},
    {Scheme::kText, "text"}, {Scheme::kJson, "json"},     {Scheme::kMemcache, "memcache"},
};

}  // namespace

std::string_view SchemeName(Scheme scheme) {
  for (const SchemeWord& known : kSchemes) {
    if (known.scheme == scheme) return known.word;
  }
  return "unknown";
}

std::string SchemeNames() {
  std::string names;
  for (const SchemeWord& known : kSchemes) {
    if (!names.empty()) names += ", ";
    names += known.word;
  }
  return names;
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
  const SchemeWord* const known =
      std::find_if(std::begin(kSchemes), std::end(kSchemes),
                   [&](const SchemeWord& row) { return row.word == scheme; });
  if (known == std::end(kSchemes)) return wrong("the scheme is none of " + SchemeNames());
  ListenOptions options;
  options.scheme = known->scheme;
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
