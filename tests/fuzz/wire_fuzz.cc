// The wires of the load generator: any bytes as the replies to any requests. The first byte is the
// protocol, the second says in which pieces the replies come, the third how many requests are asked
// before; a byte for each of those says which; the rest are the replies.

#include <memory>
#include <string_view>

#include "base/check.h"
#include "fuzz_entry.h"
#include "loadgen/wire.h"
#include "wire_requests.h"
#include "wire_testing.h"

namespace corelane::loadgen {
namespace {

constexpr size_t kHeadBytes = 3;
constexpr uint8_t kProtocols = 6;
constexpr size_t kRequestsMax = 8;

// One request, or another one where the protocol has not what was asked for.
void AskOne(uint8_t choice, Wire& wire, base::Buffer& out) {
  switch (choice % 8) {
    case 1:
      return wire.CanReadMany() ? AskReadMany(wire, out) : AskRead(wire, out);
    case 2:
      return AskWrite(wire, out);
    case 3:
      return wire.CanWriteMany() ? AskWriteMany(wire, out) : AskWrite(wire, out);
    case 4:
      return AskDelete(wire, out);
    case 5:
      return wire.CanExpire() ? AskExpire(wire, out) : AskDelete(wire, out);
    case 6:
      return wire.CanRaw() ? AskRaw(wire, out) : AskRead(wire, out);
    case 7:
      return wire.Open(out) == 0 ? AskRead(wire, out) : void();
    default:
      return AskRead(wire, out);
  }
}

SeenReplies Feed(WireProtocol protocol, std::string_view requests, std::string_view stream,
                 size_t piece_bytes) {
  const std::unique_ptr<Wire> wire = MakeWire(protocol);
  base::Buffer out;
  for (const char request : requests) AskOne(static_cast<uint8_t>(request), *wire, out);
  return FeedWire(*wire, stream, piece_bytes);
}

}  // namespace
}  // namespace corelane::loadgen

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::loadgen;  // NOLINT(google-build-using-namespace)
  if (size < kHeadBytes) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + kHeadBytes, size - kHeadBytes);
  const auto protocol = static_cast<WireProtocol>(data[0] % kProtocols);
  const size_t piece_bytes = size_t{1} + data[1] % 32;
  const std::string_view requests = rest.substr(0, data[2] % (kRequestsMax + 1));
  const std::string_view stream = rest.substr(requests.size());
  const SeenReplies whole = Feed(protocol, requests, stream, 0);
  CHECK(whole == Feed(protocol, requests, stream, piece_bytes));
  CHECK(whole.replies.size() <= requests.size());
  return 0;
}
