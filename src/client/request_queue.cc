#include "client/request_queue.h"

#include <algorithm>

#include "kv/public_value.h"

namespace corelane::client {
namespace {

using proto::NativeOpcode;
using Writer = proto::NativeRequestWriter;

// Replies that hold no value: statuses, numbers, PONG.
constexpr uint64_t kSmallReplyBytesMax = uint64_t{64} << 10;
constexpr uint64_t kStatsBytesMax = uint64_t{16} << 20;
// The server sends whole stripes, hence more keys than were asked for, but far fewer than this.
constexpr uint64_t kListBytesMax = uint64_t{1} << 30;
// In a reply to MULTI_GET: the count, and the status and length before each value.
constexpr uint64_t kCountBytes = 4;
constexpr uint64_t kItemHeaderBytes = 5;

constexpr std::string_view kNegativeTtlText = "a time to live cannot be negative";
constexpr std::string_view kMessageText =
    "one message takes 1 to 2^20 keys and values, 1 GiB in all; use a batch for more";
// Keys and values of one message, far inside its 32-bit length.
constexpr size_t kMessageBytesMax = size_t{1} << 30;

// The operations that do the same, and answer the same, when they are done twice.
bool IsRepeatable(NativeOpcode opcode) {
  switch (opcode) {
    case NativeOpcode::kDelete:
    case NativeOpcode::kMultiDelete:
    case NativeOpcode::kIncrement:
    case NativeOpcode::kExpire:
    case NativeOpcode::kPersist:
    case NativeOpcode::kClear:
      return false;
    default:
      return true;
  }
}

}  // namespace

void RequestQueue::Ping() {
  Writer(bytes_).Ping();
  Added(NativeOpcode::kPing, kSmallReplyBytesMax);
}

void RequestQueue::Put(std::string_view key, std::string_view value) {
  // Only the commands that came after version 1 answer with specific codes, and a writer wants to
  // know a full disk from a failed one.
  if (!limits_.version_1_only) {
    return AddTyped(key, kv::ValueType::kString, value, proto::kNativeNoTtl);
  }
  if (!CheckKey(NativeOpcode::kPut, key) || !CheckValue(NativeOpcode::kPut, value)) return;
  Writer(bytes_).Put(key, value);
  Added(NativeOpcode::kPut, kSmallReplyBytesMax);
}

void RequestQueue::PutText(std::string_view key, std::string_view value, Millis ttl) {
  if (!CheckTtl(NativeOpcode::kPutTyped, ttl)) return;
  AddTyped(key, kv::ValueType::kString, value, static_cast<uint64_t>(ttl.count()));
}

void RequestQueue::PutTyped(std::string_view key, const Value& value, std::optional<Millis> ttl) {
  if (ttl.has_value() && !CheckTtl(NativeOpcode::kPutTyped, *ttl)) return;
  kv::ScalarBytes scratch(int64_t{0});
  const std::string_view bytes = kv::BytesOf(value, scratch);
  AddTyped(key, static_cast<kv::ValueType>(value.index()), bytes,
           ttl.has_value() ? static_cast<uint64_t>(ttl->count()) : proto::kNativeNoTtl);
}

void RequestQueue::AddTyped(std::string_view key, kv::ValueType type, std::string_view value,
                            uint64_t ttl_ms) {
  if (!CheckKey(NativeOpcode::kPutTyped, key)) return;
  if (!CheckValue(NativeOpcode::kPutTyped, value)) return;
  Writer(bytes_).PutTyped(key, type, ttl_ms, value);
  Added(NativeOpcode::kPutTyped, kSmallReplyBytesMax);
}

void RequestQueue::Get(std::string_view key) {
  if (!CheckKey(NativeOpcode::kGet, key)) return;
  Writer(bytes_).Get(key);
  Added(NativeOpcode::kGet, limits_.value_bytes_max);
}

void RequestQueue::GetTyped(std::string_view key) {
  if (!CheckKey(NativeOpcode::kGetTyped, key)) return;
  Writer(bytes_).GetTyped(key);
  Added(NativeOpcode::kGetTyped, limits_.value_bytes_max + proto::kNativeTypedHeaderBytes);
}

void RequestQueue::Delete(std::string_view key) {
  // As for Put: DELETE has no specific codes, MULTI_DELETE of one key has.
  const NativeOpcode opcode =
      limits_.version_1_only ? NativeOpcode::kDelete : NativeOpcode::kMultiDelete;
  if (!CheckKey(opcode, key)) return;
  limits_.version_1_only ? Writer(bytes_).Delete(key) : Writer(bytes_).MultiDelete({&key, 1});
  Added(opcode, kSmallReplyBytesMax);
}

void RequestQueue::Contains(std::string_view key) {
  if (!CheckKey(NativeOpcode::kContains, key)) return;
  Writer(bytes_).Contains(key);
  Added(NativeOpcode::kContains, kSmallReplyBytesMax);
}

void RequestQueue::Count() {
  Writer(bytes_).Count();
  Added(NativeOpcode::kCount, kSmallReplyBytesMax);
}

void RequestQueue::Increment(std::string_view key, int64_t delta) {
  if (!CheckKey(NativeOpcode::kIncrement, key)) return;
  Writer(bytes_).Increment(key, delta);
  Added(NativeOpcode::kIncrement, kSmallReplyBytesMax);
}

void RequestQueue::Ttl(std::string_view key) {
  if (!CheckKey(NativeOpcode::kTtl, key)) return;
  Writer(bytes_).Ttl(key);
  Added(NativeOpcode::kTtl, kSmallReplyBytesMax);
}

void RequestQueue::Expire(std::string_view key, Millis ttl) {
  if (!CheckKey(NativeOpcode::kExpire, key) || !CheckTtl(NativeOpcode::kExpire, ttl)) return;
  Writer(bytes_).Expire(key, static_cast<uint64_t>(ttl.count()));
  Added(NativeOpcode::kExpire, kSmallReplyBytesMax);
}

void RequestQueue::Persist(std::string_view key) {
  if (!CheckKey(NativeOpcode::kPersist, key)) return;
  Writer(bytes_).Persist(key);
  Added(NativeOpcode::kPersist, kSmallReplyBytesMax);
}

void RequestQueue::List(uint64_t cursor, uint32_t keys_max) {
  Writer(bytes_).List(cursor, keys_max);
  Added(NativeOpcode::kList, kListBytesMax);
}

void RequestQueue::Stats() {
  Writer(bytes_).Stats();
  Added(NativeOpcode::kStats, kStatsBytesMax);
}

void RequestQueue::Clear() {
  Writer(bytes_).Clear();
  Added(NativeOpcode::kClear, kSmallReplyBytesMax);
}

void RequestQueue::Save() {
  Writer(bytes_).Save();
  Added(NativeOpcode::kSave, kSmallReplyBytesMax);
}

void RequestQueue::MultiGet(std::span<const std::string_view> keys) {
  size_t bytes = 0;
  for (const std::string_view key : keys) {
    if (!CheckKey(NativeOpcode::kMultiGet, key)) return;
    bytes += key.size();
  }
  if (!CheckMessage(NativeOpcode::kMultiGet, keys.size(), bytes)) return;
  Writer(bytes_).MultiGet(keys);
  Added(NativeOpcode::kMultiGet,
        kCountBytes + keys.size() * (kItemHeaderBytes + uint64_t{limits_.value_bytes_max}));
}

void RequestQueue::MultiPut(std::span<const KeyValue> entries) {
  size_t bytes = 0;
  pairs_.clear();
  for (const KeyValue& entry : entries) {
    if (!CheckKey(NativeOpcode::kMultiPut, entry.key)) return;
    if (!CheckValue(NativeOpcode::kMultiPut, entry.value)) return;
    bytes += entry.key.size() + entry.value.size();
    pairs_.emplace_back(entry.key, entry.value);
  }
  // A pair is two of the things that the server counts.
  if (!CheckMessage(NativeOpcode::kMultiPut, 2 * entries.size(), bytes)) return;
  Writer(bytes_).MultiPut(pairs_);
  Added(NativeOpcode::kMultiPut, kSmallReplyBytesMax);
}

void RequestQueue::Reset() {
  bytes_.Clear();
  requests_.clear();
  repeatable_from_ = 0;
}

void RequestQueue::Added(NativeOpcode opcode, uint64_t reply_bytes_max) {
  requests_.push_back({opcode, StatusCode::kOk, {}, bytes_.size(), reply_bytes_max});
  if (!IsRepeatable(opcode)) repeatable_from_ = requests_.size();
}

void RequestQueue::Refuse(NativeOpcode opcode, StatusCode code, std::string_view text) {
  requests_.push_back({opcode, code, text, bytes_.size(), 0});
}

bool RequestQueue::CheckKey(NativeOpcode opcode, std::string_view key) {
  if (key.size() <= std::min(limits_.key_bytes_max, kKeyBytesHardMax)) return true;
  Refuse(opcode, StatusCode::kKeyTooLarge, proto::kKeyTooLargeText);
  return false;
}

bool RequestQueue::CheckValue(NativeOpcode opcode, std::string_view value) {
  if (value.size() <= std::min(limits_.value_bytes_max, kValueBytesHardMax)) return true;
  Refuse(opcode, StatusCode::kValueTooLarge, proto::kValueTooLargeText);
  return false;
}

bool RequestQueue::CheckTtl(NativeOpcode opcode, Millis ttl) {
  if (ttl.count() >= 0) return true;
  Refuse(opcode, StatusCode::kBadArgument, kNegativeTtlText);
  return false;
}

bool RequestQueue::CheckMessage(NativeOpcode opcode, size_t args, size_t bytes) {
  if (args >= 1 && args <= kRequestArgsMax && bytes <= kMessageBytesMax) return true;
  Refuse(opcode, StatusCode::kBadArgument, kMessageText);
  return false;
}

}  // namespace corelane::client
