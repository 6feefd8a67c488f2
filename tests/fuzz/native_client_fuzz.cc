// The client's half of the native protocol: any bytes as a reply, and any bytes as the value of
// one.

#include <string_view>
#include <vector>

#include "base/check.h"
#include "fuzz_entry.h"
#include "proto/native_client.h"

namespace corelane::proto {
namespace {

constexpr size_t kValueBytesMax = 1024;

bool Within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void ReadAsEverything(std::string_view value) {
  int64_t integer = 0;
  uint32_t number = 0;
  CHECK(ReadInt64(value, integer) == (value.size() == sizeof(integer)));
  CHECK(ReadUint32(value, number) == (value.size() == sizeof(number)));
  kv::ValueView typed;
  if (ReadTyped(value, typed)) CHECK(Within(typed.bytes, value));
  std::vector<NativeReply> items;
  if (ReadItems(value, items)) {
    for (const NativeReply& item : items) CHECK(Within(item.value, value));
  }
  std::vector<std::string_view> keys;
  uint64_t cursor = 0;
  if (ReadPage(value, cursor, keys)) {
    for (const std::string_view key : keys) CHECK(Within(key, value));
  }
}

void ReadStream(std::string_view rest) {
  while (true) {
    const NativeReplyResult result = DecodeNativeReply(rest, kValueBytesMax);
    if (result.state == ReplyState::kNeedMore) {
      CHECK(result.needed > rest.size());
      CHECK(result.needed <= kNativeReplyHeaderBytes + kValueBytesMax);
    }
    if (result.state != ReplyState::kDone) return;
    CHECK(result.consumed == kNativeReplyHeaderBytes + result.reply.value.size());
    // One byte less is not enough, and says so.
    CHECK(DecodeNativeReply(rest.substr(0, result.consumed - 1), kValueBytesMax).needed ==
          (result.consumed > kNativeReplyHeaderBytes ? result.consumed : kNativeReplyHeaderBytes));
    ReadAsEverything(result.reply.value);
    rest.remove_prefix(result.consumed);
  }
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  corelane::proto::ReadStream(bytes);
  corelane::proto::ReadAsEverything(bytes);
  return 0;
}
