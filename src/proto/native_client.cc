#include "proto/native_client.h"

#include <array>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::proto {
namespace {

template <typename T>
std::array<char, sizeof(T)> Little(T number) {
  std::array<char, sizeof(T)> bytes;
  base::StoreLittle(bytes.data(), number);
  return bytes;
}

template <size_t Size>
std::string_view View(const std::array<char, Size>& bytes) {
  return {bytes.data(), bytes.size()};
}

uint32_t Length(size_t bytes) {
  CHECK(bytes <= UINT32_MAX);
  return static_cast<uint32_t>(bytes);
}

char* PutLength(char* at, size_t bytes) {
  base::StoreLittle(at, static_cast<uint32_t>(bytes));
  return at + kNativeLengthBytes;
}

char* PutBytes(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

char* PutHeader(char* at, NativeOpcode opcode, size_t key_bytes, size_t value_bytes) {
  *at = static_cast<char>(opcode);
  base::StoreLittle(at + 1, Length(key_bytes));
  base::StoreLittle(at + 5, Length(value_bytes));
  return at + kNativeRequestHeaderBytes;
}

bool TakeU32(std::string_view& rest, uint32_t& number) {
  if (rest.size() < sizeof(number)) return false;
  number = base::LoadLittle<uint32_t>(rest.data());
  rest.remove_prefix(sizeof(number));
  return true;
}

bool TakeBytes(std::string_view& rest, std::string_view& bytes) {
  uint32_t length = 0;
  if (!TakeU32(rest, length) || rest.size() < length) return false;
  bytes = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

// The code of a status byte; false for a byte that no status of this protocol has.
bool ReadStatus(char raw, StatusCode& code) {
  constexpr uint8_t kSpecificEnd = 0x80;
  const auto byte = static_cast<uint8_t>(raw);
  code = static_cast<StatusCode>(byte);
  if (code <= StatusCode::kError) return true;
  if (code < StatusCode::kOutOfMemory || byte >= kSpecificEnd) return false;
  if (code > StatusCode::kUnauthorized) code = StatusCode::kError;
  return true;
}

}  // namespace

void NativeRequestWriter::Put(std::string_view key, std::string_view value) {
  Frame(NativeOpcode::kPut, key, {}, value);
}
void NativeRequestWriter::Get(std::string_view key) { Frame(NativeOpcode::kGet, key, {}, {}); }
void NativeRequestWriter::Delete(std::string_view key) {
  Frame(NativeOpcode::kDelete, key, {}, {});
}
void NativeRequestWriter::Ping() { Frame(NativeOpcode::kPing, {}, {}, {}); }

void NativeRequestWriter::PutTtl(std::string_view key, uint64_t ttl_ms, std::string_view value) {
  Frame(NativeOpcode::kPutTtl, key, View(Little(ttl_ms)), value);
}

void NativeRequestWriter::PutTyped(std::string_view key, kv::ValueType type, uint64_t ttl_ms,
                                   std::string_view bytes) {
  std::array<char, kNativeTypeBytes + kNativeTtlBytes> fixed;
  fixed[0] = static_cast<char>(type);
  base::StoreLittle(fixed.data() + kNativeTypeBytes, ttl_ms);
  Frame(NativeOpcode::kPutTyped, key, View(fixed), bytes);
}

void NativeRequestWriter::GetTyped(std::string_view key) {
  Frame(NativeOpcode::kGetTyped, key, {}, {});
}

void NativeRequestWriter::MultiGet(std::span<const std::string_view> keys) {
  Keys(NativeOpcode::kMultiGet, keys);
}

void NativeRequestWriter::MultiPut(std::span<const Pair> pairs) {
  size_t value_bytes = kNativeLengthBytes;
  for (const auto& [key, value] : pairs) {
    value_bytes += 2 * kNativeLengthBytes + key.size() + value.size();
  }
  const size_t total = kNativeRequestHeaderBytes + value_bytes;
  char* at = PutHeader(out_.Reserve(total), NativeOpcode::kMultiPut, 0, value_bytes);
  at = PutLength(at, pairs.size());
  for (const auto& [key, value] : pairs) {
    at = PutBytes(PutLength(at, key.size()), key);
    at = PutBytes(PutLength(at, value.size()), value);
  }
  out_.Commit(total);
}

void NativeRequestWriter::MultiDelete(std::span<const std::string_view> keys) {
  Keys(NativeOpcode::kMultiDelete, keys);
}
void NativeRequestWriter::Contains(std::string_view key) {
  Frame(NativeOpcode::kContains, key, {}, {});
}
void NativeRequestWriter::Count() { Frame(NativeOpcode::kCount, {}, {}, {}); }

void NativeRequestWriter::List(uint64_t cursor, uint32_t keys_max) {
  std::array<char, kNativePageArgsBytes> fixed;
  base::StoreLittle(fixed.data(), cursor);
  base::StoreLittle(fixed.data() + kNativeCursorBytes, keys_max);
  Frame(NativeOpcode::kList, {}, View(fixed), {});
}

void NativeRequestWriter::Stats() { Frame(NativeOpcode::kStats, {}, {}, {}); }
void NativeRequestWriter::Increment(std::string_view key, int64_t delta) {
  Frame(NativeOpcode::kIncrement, key, View(Little(delta)), {});
}
void NativeRequestWriter::Ttl(std::string_view key) { Frame(NativeOpcode::kTtl, key, {}, {}); }
void NativeRequestWriter::Expire(std::string_view key, uint64_t ttl_ms) {
  Frame(NativeOpcode::kExpire, key, View(Little(ttl_ms)), {});
}
void NativeRequestWriter::Persist(std::string_view key) {
  Frame(NativeOpcode::kPersist, key, {}, {});
}
void NativeRequestWriter::Clear() { Frame(NativeOpcode::kClear, {}, {}, {}); }

void NativeRequestWriter::Save() { Frame(NativeOpcode::kSave, {}, {}, {}); }

void NativeRequestWriter::Frame(NativeOpcode opcode, std::string_view key, std::string_view fixed,
                                std::string_view value) {
  const size_t value_bytes = fixed.size() + value.size();
  const size_t total = kNativeRequestHeaderBytes + key.size() + value_bytes;
  char* at = PutHeader(out_.Reserve(total), opcode, key.size(), value_bytes);
  PutBytes(PutBytes(PutBytes(at, key), fixed), value);
  out_.Commit(total);
}

void NativeRequestWriter::Keys(NativeOpcode opcode, std::span<const std::string_view> keys) {
  size_t value_bytes = kNativeLengthBytes;
  for (const std::string_view key : keys) value_bytes += kNativeLengthBytes + key.size();
  const size_t total = kNativeRequestHeaderBytes + value_bytes;
  char* at = PutHeader(out_.Reserve(total), opcode, 0, value_bytes);
  at = PutLength(at, keys.size());
  for (const std::string_view key : keys) at = PutBytes(PutLength(at, key.size()), key);
  out_.Commit(total);
}

NativeReplyResult DecodeNativeReply(std::string_view in, size_t value_bytes_max) {
  NativeReplyResult result;
  result.needed = kNativeReplyHeaderBytes;
  if (in.empty()) return result;
  if (!ReadStatus(in[0], result.reply.status)) {
    result.state = ReplyState::kError;
    return result;
  }
  if (in.size() < kNativeReplyHeaderBytes) return result;
  const size_t value_bytes = base::LoadLittle<uint32_t>(in.data() + 1);
  if (value_bytes > value_bytes_max) {
    result.state = ReplyState::kError;
    result.error = StatusCode::kValueTooLarge;
    return result;
  }
  result.needed = kNativeReplyHeaderBytes + value_bytes;
  if (in.size() < result.needed) return result;
  result.state = ReplyState::kDone;
  result.consumed = result.needed;
  result.reply.value = in.substr(kNativeReplyHeaderBytes, value_bytes);
  return result;
}

bool ReadInt64(std::string_view value, int64_t& number) {
  if (value.size() != sizeof(number)) return false;
  number = base::LoadLittle<int64_t>(value.data());
  return true;
}

bool ReadUint32(std::string_view value, uint32_t& number) {
  return TakeU32(value, number) && value.empty();
}

bool ReadTyped(std::string_view value, kv::ValueView& typed) {
  if (value.size() < kNativeTypedHeaderBytes) return false;
  const auto type = static_cast<uint8_t>(value[0]);
  const auto created_at = base::LoadLittle<int64_t>(value.data() + 1);
  if (type > kv::kValueTypeMax || created_at < 0 || created_at > UINT32_MAX) return false;
  typed.type = static_cast<kv::ValueType>(type);
  typed.created_at_s = static_cast<uint32_t>(created_at);
  typed.expires_at = base::LoadLittle<int64_t>(value.data() + 9);
  typed.bytes = value.substr(kNativeTypedHeaderBytes);
  return kv::IsWellFormed(typed.type, typed.bytes);
}

bool ReadItems(std::string_view value, std::vector<NativeReply>& items) {
  items.clear();
  uint32_t count = 0;
  if (!TakeU32(value, count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    NativeReply item;
    if (value.empty() || !ReadStatus(value[0], item.status)) return false;
    value.remove_prefix(1);
    if (!TakeBytes(value, item.value)) return false;
    items.push_back(item);
  }
  return value.empty();
}

bool ReadPage(std::string_view value, uint64_t& next_cursor, std::vector<std::string_view>& keys) {
  keys.clear();
  if (value.size() < kNativeCursorBytes) return false;
  next_cursor = base::LoadLittle<uint64_t>(value.data());
  value.remove_prefix(kNativeCursorBytes);
  uint32_t count = 0;
  if (!TakeU32(value, count)) return false;
  for (uint32_t i = 0; i < count; ++i) {
    if (!TakeBytes(value, keys.emplace_back())) return false;
  }
  return value.empty();
}

}  // namespace corelane::proto
