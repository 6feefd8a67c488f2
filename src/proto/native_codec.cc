#include "proto/native_codec.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "proto/native_opcodes.h"

namespace corelane::proto {
namespace {

// How a request's arguments lie in its frame.
enum class Arguments : uint8_t {
  kUnknown,   // no such command
  kNone,      // key and value are ignored
  kKey,       // the key; the value is ignored
  kKeyValue,  // key, value
  kKeyFixed,  // key, then 8 bytes of value
  kTtlValue,  // key; value = ttl u64, bytes
  kTyped,     // key; value = type u8, ttl u64, bytes
  kPage,      // value = cursor u64, max u32
  kKeys,      // value = count u32, then length u32 and key, each
  kPairs,     // value = count u32, then length u32, key, length u32, value, each
};

struct Command {
  std::string_view word;  // of the command table
  Arguments arguments = Arguments::kUnknown;
};

constexpr std::array<Command, kNativeOpcodeEnd> MakeCommands() {
  std::array<Command, kNativeOpcodeEnd> commands{};
  const auto set = [&](NativeOpcode opcode, std::string_view word, Arguments arguments) {
    commands[static_cast<size_t>(opcode)] = {word, arguments};
  };
  set(NativeOpcode::kPut, "SET", Arguments::kKeyValue);
  set(NativeOpcode::kGet, "GET", Arguments::kKey);
  set(NativeOpcode::kDelete, "DEL", Arguments::kKey);
  set(NativeOpcode::kPing, "PING", Arguments::kNone);
  set(NativeOpcode::kPutTtl, "CL.PUT", Arguments::kTtlValue);
  set(NativeOpcode::kPutTyped, "CL.PUT", Arguments::kTyped);
  set(NativeOpcode::kGetTyped, "CL.GET", Arguments::kKey);
  set(NativeOpcode::kMultiGet, "MGET", Arguments::kKeys);
  set(NativeOpcode::kMultiPut, "CL.MPUT", Arguments::kPairs);
  set(NativeOpcode::kContains, "EXISTS", Arguments::kKey);
  set(NativeOpcode::kCount, "DBSIZE", Arguments::kNone);
  set(NativeOpcode::kList, "CL.LIST", Arguments::kPage);
  set(NativeOpcode::kStats, "CL.STATS", Arguments::kNone);
  set(NativeOpcode::kIncrement, "CL.INCR", Arguments::kKeyFixed);
  set(NativeOpcode::kTtl, "PTTL", Arguments::kKey);
  set(NativeOpcode::kExpire, "CL.EXPIRE", Arguments::kKeyFixed);
  set(NativeOpcode::kPersist, "PERSIST", Arguments::kKey);
  set(NativeOpcode::kMultiDelete, "DEL", Arguments::kKeys);
  set(NativeOpcode::kClear, "FLUSHALL", Arguments::kNone);
  set(NativeOpcode::kSave, "SAVE", Arguments::kNone);
  return commands;
}

constexpr std::array<Command, kNativeOpcodeEnd> kCommands = MakeCommands();

// What PUT_TTL stores: a string (kv::ValueType 0).
constexpr std::string_view kStringTypeByte("\0", 1);

DecodeResult& Refuse(DecodeResult& result, StatusCode code, std::string_view text, uint8_t tag) {
  result.state = DecodeState::kError;
  result.error_code = code;
  result.error = text;
  result.error_tag = tag;
  return result;
}

// Takes a u32 from the front of `rest`; false when it is too short.
bool TakeU32(std::string_view& rest, uint32_t& number) {
  if (rest.size() < sizeof(number)) return false;
  number = base::LoadLittle<uint32_t>(rest.data());
  rest.remove_prefix(sizeof(number));
  return true;
}

// Takes a u32 length and that many bytes.
bool TakeBytes(std::string_view& rest, std::string_view& bytes) {
  uint32_t length = 0;
  if (!TakeU32(rest, length) || rest.size() < length) return false;
  bytes = rest.substr(0, length);
  rest.remove_prefix(length);
  return true;
}

}  // namespace

NativeCodec::NativeCodec(const CodecLimits& limits) : limits_(limits) {
  // One key and one value within their limits always make a request that is within its own.
  constexpr size_t kArgumentsSlackBytes = 64;
  limits_.request_bytes_max =
      std::max(limits.request_bytes_max,
               limits.key_bytes_max + limits.value_bytes_max + kArgumentsSlackBytes);
}

DecodeResult NativeCodec::Decode(std::string_view in, size_t requests_max,
                                 kv::RequestBatch& batch) {
  DecodeResult result;
  size_t at = 0;
  while (at < in.size()) {
    result.consumed = at;
    if (batch.size() >= requests_max) {
      result.state = DecodeState::kFull;
      return result;
    }
    const std::string_view rest = in.substr(at);
    const auto opcode = static_cast<uint8_t>(rest[0]);
    if (opcode >= kNativeOpcodeEnd || kCommands[opcode].arguments == Arguments::kUnknown) {
      return Refuse(result, StatusCode::kUnknownCommand, kUnknownCommandText, 0);
    }
    result.state = DecodeState::kNeedMore;
    result.needed = kNativeRequestHeaderBytes;
    if (rest.size() < kNativeRequestHeaderBytes) return result;
    const size_t key_bytes = base::LoadLittle<uint32_t>(rest.data() + 1);
    const size_t value_bytes = base::LoadLittle<uint32_t>(rest.data() + 5);
    if (key_bytes > limits_.key_bytes_max) {
      return Refuse(result, StatusCode::kKeyTooLarge, kKeyTooLargeText, opcode);
    }
    if (value_bytes > ValueBytesMax(opcode)) {
      return Refuse(result, StatusCode::kValueTooLarge, kValueTooLargeText, opcode);
    }
    result.needed = kNativeRequestHeaderBytes + key_bytes + value_bytes;
    if (rest.size() < result.needed) return result;
    Emit({opcode, rest.substr(kNativeRequestHeaderBytes, key_bytes),
          rest.substr(kNativeRequestHeaderBytes + key_bytes, value_bytes)},
         batch);
    at += result.needed;
  }
  result.state = DecodeState::kDone;
  result.consumed = at;
  result.needed = 1;
  return result;
}

size_t NativeCodec::ValueBytesMax(uint8_t opcode) const {
  switch (kCommands[opcode].arguments) {
    case Arguments::kTtlValue:
      return limits_.value_bytes_max + kNativeTtlBytes;
    case Arguments::kTyped:
      return limits_.value_bytes_max + kNativeTypeBytes + kNativeTtlBytes;
    // The list's own keys and values are checked one by one.
    case Arguments::kKeys:
    case Arguments::kPairs:
      return limits_.request_bytes_max - kNativeRequestHeaderBytes - limits_.key_bytes_max;
    default:
      return std::max(limits_.value_bytes_max, kNativePageArgsBytes);
  }
}

void NativeCodec::Emit(const Frame& frame, kv::RequestBatch& batch) const {
  const StatusCode code = EmitArguments(frame, batch);
  if (code == StatusCode::kOk) {
    batch.Finish(kCommands[frame.opcode].word, frame.opcode);
    return;
  }
  batch.DropUnfinished();
  batch.Finish(kCommands[static_cast<size_t>(NativeOpcode::kPing)].word,
               NativeWriter::RefusalTag(frame.opcode, code));
}

StatusCode NativeCodec::EmitArguments(const Frame& frame, kv::RequestBatch& batch) const {
  const std::string_view value = frame.value;
  switch (kCommands[frame.opcode].arguments) {
    case Arguments::kUnknown:
    case Arguments::kNone:
      return StatusCode::kOk;
    case Arguments::kKey:
      batch.Arg(frame.key);
      return StatusCode::kOk;
    case Arguments::kKeyFixed:
      if (value.size() != sizeof(uint64_t)) return StatusCode::kBadArgument;
      [[fallthrough]];
    case Arguments::kKeyValue:
      batch.Arg(frame.key);
      batch.Arg(value);
      return StatusCode::kOk;
    case Arguments::kTtlValue:
      if (value.size() < kNativeTtlBytes) return StatusCode::kBadArgument;
      batch.Arg(frame.key);
      batch.Arg(kStringTypeByte);
      batch.Arg(value.substr(0, kNativeTtlBytes));
      batch.Arg(value.substr(kNativeTtlBytes));
      return StatusCode::kOk;
    case Arguments::kTyped: {
      constexpr size_t kFixedBytes = kNativeTypeBytes + kNativeTtlBytes;
      if (value.size() < kFixedBytes) return StatusCode::kBadArgument;
      const auto type = static_cast<uint8_t>(value[0]);
      if (type > kv::kValueTypeMax) return StatusCode::kBadArgument;
      const std::string_view bytes = value.substr(kFixedBytes);
      if (!kv::IsWellFormed(static_cast<kv::ValueType>(type), bytes)) {
        return StatusCode::kBadArgument;
      }
      batch.Arg(frame.key);
      batch.Arg(value.substr(0, kNativeTypeBytes));
      batch.Arg(value.substr(kNativeTypeBytes, kNativeTtlBytes));
      batch.Arg(bytes);
      return StatusCode::kOk;
    }
    case Arguments::kPage:
      if (value.size() != kNativePageArgsBytes) return StatusCode::kBadArgument;
      batch.Arg(value.substr(0, kNativeCursorBytes));
      batch.Arg(value.substr(kNativeCursorBytes));
      return StatusCode::kOk;
    case Arguments::kKeys:
      return EmitKeys(value, batch);
    case Arguments::kPairs:
      return EmitPairs(value, batch);
  }
  return StatusCode::kBadArgument;
}

StatusCode NativeCodec::EmitKeys(std::string_view list, kv::RequestBatch& batch) const {
  uint32_t count = 0;
  if (!TakeU32(list, count) || count == 0 || count > limits_.request_args_max) {
    return StatusCode::kBadArgument;
  }
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view key;
    if (!TakeBytes(list, key)) return StatusCode::kBadArgument;
    if (key.size() > limits_.key_bytes_max) return StatusCode::kKeyTooLarge;
    batch.Arg(key);
  }
  return list.empty() ? StatusCode::kOk : StatusCode::kBadArgument;
}

StatusCode NativeCodec::EmitPairs(std::string_view list, kv::RequestBatch& batch) const {
  uint32_t count = 0;
  if (!TakeU32(list, count) || count == 0 || count > limits_.request_args_max / 2) {
    return StatusCode::kBadArgument;
  }
  for (uint32_t i = 0; i < count; ++i) {
    std::string_view key;
    std::string_view value;
    if (!TakeBytes(list, key) || !TakeBytes(list, value)) return StatusCode::kBadArgument;
    if (key.size() > limits_.key_bytes_max) return StatusCode::kKeyTooLarge;
    if (value.size() > limits_.value_bytes_max) return StatusCode::kValueTooLarge;
    batch.Arg(key);
    batch.Arg(value);
  }
  return list.empty() ? StatusCode::kOk : StatusCode::kBadArgument;
}

kv::ReplyWriter& NativeCodec::BeginReply(uint32_t tag, const kv::Session& /*session*/,
                                         base::Buffer& out) {
  writer_.Begin(tag, out);
  return writer_;
}

}  // namespace corelane::proto
