// Payloads of RESTORE: any bytes, once as they are and once with a good footer behind them, so that
// what the checksum guards is reached.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/crc64.h"
#include "fuzz_entry.h"
#include "shard/commands/rdb_string.h"

namespace corelane::shard {
namespace {

constexpr uint64_t kBytesMax = 1 << 16;

void Restore(std::string_view payload) {
  const uint64_t announced = AnnouncedStringBytes(payload);
  if (!IsDumpSound(payload)) return;
  const std::optional<std::string> text = RestoreString(payload, kBytesMax);
  if (!text) return;
  CHECK(text->size() <= kBytesMax);
  CHECK(announced == 0 || announced == text->size());
  const std::string again = DumpString(*text);
  CHECK(IsDumpSound(again));
  CHECK(RestoreString(again, kBytesMax) == text);
}

void RestoreSealed(std::string_view fields) {
  std::string payload(fields);
  std::array<char, sizeof(kRdbVersion)> version{};
  base::StoreLittle(version.data(), kRdbVersion);
  payload.append(version.data(), version.size());
  std::array<char, sizeof(uint64_t)> checksum{};
  base::StoreLittle(checksum.data(), base::Crc64(payload));
  payload.append(checksum.data(), checksum.size());
  Restore(payload);
}

}  // namespace
}  // namespace corelane::shard

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  corelane::shard::Restore(bytes);
  corelane::shard::RestoreSealed(bytes);
  return 0;
}
