#include "loadgen/wire.h"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "loadgen/wire_json.h"
#include "loadgen/wire_memcache.h"
#include "loadgen/wire_native.h"
#include "loadgen/wire_resp.h"

namespace corelane::loadgen {
namespace {

// In the order of WireProtocol.
constexpr std::array<std::string_view, 6> kSchemes = {"native",   "resp",          "resp3",
                                                      "memcache", "memcache-meta", "json"};

}  // namespace

std::string_view WireScheme(WireProtocol protocol) {
  return kSchemes[static_cast<size_t>(protocol)];
}

Result<WireProtocol> WireProtocolOf(std::string_view scheme) {
  std::string known;
  for (size_t i = 0; i < kSchemes.size(); ++i) {
    if (kSchemes[i] == scheme) return static_cast<WireProtocol>(i);
    known += known.empty() ? "" : ", ";
    known += kSchemes[i];
  }
  return Status(StatusCode::kBadArgument,
                "unknown protocol \"" + std::string(scheme) + "\": it is one of " + known);
}

// What a protocol has not: whoever gets here has not asked whether it can.
void Wire::ReadMany(std::span<const std::string_view> /*keys*/, base::Buffer& /*out*/) {
  CHECK(CanReadMany());
}
void Wire::WriteMany(std::span<const Pair> /*pairs*/, base::Buffer& /*out*/) {
  CHECK(CanWriteMany());
}
void Wire::Expire(std::string_view /*key*/, uint32_t /*ttl_ms*/, base::Buffer& /*out*/) {
  CHECK(CanExpire());
}
void Wire::Raw(std::string_view /*command*/, base::Buffer& /*out*/) { CHECK(CanRaw()); }

std::unique_ptr<Wire> MakeWire(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kNative:
      return std::make_unique<NativeWire>();
    case WireProtocol::kResp2:
      return std::make_unique<RespWire>(RespVersion::k2);
    case WireProtocol::kResp3:
      return std::make_unique<RespWire>(RespVersion::k3);
    case WireProtocol::kMemcacheText:
      return std::make_unique<MemcacheTextWire>();
    case WireProtocol::kMemcacheMeta:
      return std::make_unique<MemcacheMetaWire>();
    case WireProtocol::kJson:
      return std::make_unique<JsonWire>();
  }
  return nullptr;
}

}  // namespace corelane::loadgen
