#include "loadgen/wire_resp.h"

#include <corelane/limits.h>

#include <array>
#include <string_view>

#include "base/check.h"
#include "loadgen/wire_bytes.h"

namespace corelane::loadgen {
namespace {

using proto::ReplyState;

// What a command begins with, up to the first word that is not its name.
constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n";
constexpr std::string_view kSet = "*3\r\n$3\r\nSET\r\n";
constexpr std::string_view kSetWithTtl = "*5\r\n$3\r\nSET\r\n";
constexpr std::string_view kPx = "$2\r\nPX\r\n";
constexpr std::string_view kDelete = "*2\r\n$3\r\nDEL\r\n";
constexpr std::string_view kExpire = "*3\r\n$7\r\nPEXPIRE\r\n";
constexpr std::string_view kReadManyName = "$4\r\nMGET\r\n";
constexpr std::string_view kWriteManyName = "$4\r\nMSET\r\n";

// A mark, a number, a line end.
constexpr size_t kNumberLineBytesMax = 1 + kDecimalBytesMax + kCrLf.size();

size_t BulkBytesMax(size_t word_bytes) { return kNumberLineBytesMax + word_bytes + kCrLf.size(); }

char* PutNumberLine(char* at, char mark, uint64_t number) {
  *at = mark;
  return PutBytes(PutDecimal(at + 1, number), kCrLf);
}

char* PutBulk(char* at, std::string_view word) {
  return PutBytes(PutBytes(PutNumberLine(at, '$', word.size()), word), kCrLf);
}

char* PutBulkNumber(char* at, uint64_t number) {
  std::array<char, kDecimalBytesMax> digits;
  char* const end = PutDecimal(digits.data(), number);
  return PutBulk(at, {digits.data(), static_cast<size_t>(end - digits.data())});
}

struct Number {
  bool negative = false;
  uint64_t magnitude = 0;
  size_t line_bytes = 0;
};

// Reads the number behind the mark at the front. From front to back, so that what it says of a line
// does not depend on how much of it is there.
ReplyState TakeNumber(std::string_view in, Number& number) {
  constexpr size_t kDigitsMax = 18;
  size_t at = 1;
  number = Number();
  number.negative = at < in.size() && in[at] == '-';
  if (number.negative) ++at;
  const size_t digits_at = at;
  for (; at < in.size() && in[at] >= '0' && in[at] <= '9'; ++at) {
    if (at - digits_at == kDigitsMax) return ReplyState::kError;
    number.magnitude = number.magnitude * 10 + static_cast<uint64_t>(in[at] - '0');
  }
  if (at < in.size() && at == digits_at) return ReplyState::kError;
  number.line_bytes = at + kCrLf.size();
  return TakeLiteral(in.substr(at), kCrLf);
}

struct Element {
  size_t bytes = 0;
  bool is_nil = false;
  std::string_view value;
};

// A bulk string or a nil.
ReplyState TakeElement(std::string_view in, Element& element) {
  if (in.empty()) return ReplyState::kNeedMore;
  if (in[0] == '_') {
    element = {.bytes = 1 + kCrLf.size(), .is_nil = true, .value = {}};
    return TakeLiteral(in.substr(1), kCrLf);
  }
  if (in[0] != '$') return ReplyState::kError;
  Number length;
  const ReplyState state = TakeNumber(in, length);
  if (state != ReplyState::kDone) return state;
  if (length.negative) {
    element = {.bytes = length.line_bytes, .is_nil = true, .value = {}};
    return length.magnitude == 1 ? ReplyState::kDone : ReplyState::kError;
  }
  if (length.magnitude > kValueBytesHardMax) return ReplyState::kError;
  const size_t end = length.line_bytes + length.magnitude;
  if (in.size() < end + kCrLf.size()) return ReplyState::kNeedMore;
  element = {.bytes = end + kCrLf.size(),
             .is_nil = false,
             .value = in.substr(length.line_bytes, length.magnitude)};
  return in[end] == '\r' && in[end + 1] == '\n' ? ReplyState::kDone : ReplyState::kError;
}

ReplyState TakeValue(std::string_view in, WireReply& reply) {
  Element element;
  const ReplyState state = TakeElement(in, element);
  if (state != ReplyState::kDone) return state;
  reply.bytes = element.bytes;
  reply.outcome = element.is_nil ? Outcome::kMiss : Outcome::kHit;
  reply.value = element.value;
  (element.is_nil ? reply.misses : reply.hits) = 1;
  return ReplyState::kDone;
}

ReplyState TakeOk(std::string_view in, WireReply& reply) {
  constexpr std::string_view kOk = "+OK\r\n";
  reply.bytes = kOk.size();
  return TakeLiteral(in, kOk);
}

// How many keys a command has found.
ReplyState TakeCount(std::string_view in, WireReply& reply) {
  if (in[0] != ':') return ReplyState::kError;
  Number count;
  const ReplyState state = TakeNumber(in, count);
  if (state != ReplyState::kDone) return state;
  reply.bytes = count.line_bytes;
  reply.outcome = count.magnitude == 0 ? Outcome::kMiss : Outcome::kOk;
  return count.negative ? ReplyState::kError : ReplyState::kDone;
}

proto::RespReplyLimits ScannerLimits() {
  proto::RespReplyLimits limits;
  limits.bulk_bytes_max = kValueBytesHardMax;
  return limits;
}

}  // namespace

RespWire::RespWire(RespVersion version) : version_(version), scanner_(ScannerLimits()) {}

size_t RespWire::Open(base::Buffer& out) {
  if (version_ == RespVersion::k2) return 0;
  proto::WriteRespCommand({"HELLO", "3"}, out);
  pending_.Push({AskedKind::kOpen});
  return 1;
}

void RespWire::Read(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kGet.size() + BulkBytesMax(key.size()));
  Commit(begin, PutBulk(PutBytes(begin, kGet), key), out);
  pending_.Push({AskedKind::kRead});
}

void RespWire::Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                     base::Buffer& out) {
  char* const begin =
      out.Reserve(kSetWithTtl.size() + BulkBytesMax(key.size()) + BulkBytesMax(value.size()) +
                  kPx.size() + BulkBytesMax(kDecimalBytesMax));
  char* at = PutBytes(begin, ttl_ms == 0 ? kSet : kSetWithTtl);
  at = PutBulk(PutBulk(at, key), value);
  if (ttl_ms != 0) at = PutBulkNumber(PutBytes(at, kPx), ttl_ms);
  Commit(begin, at, out);
  pending_.Push({AskedKind::kWrite});
}

void RespWire::Delete(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kDelete.size() + BulkBytesMax(key.size()));
  Commit(begin, PutBulk(PutBytes(begin, kDelete), key), out);
  pending_.Push({AskedKind::kDelete});
}

void RespWire::ReadMany(std::span<const std::string_view> keys, base::Buffer& out) {
  CHECK(!keys.empty());
  size_t bytes_max = kNumberLineBytesMax + kReadManyName.size();
  for (const std::string_view key : keys) bytes_max += BulkBytesMax(key.size());
  char* const begin = out.Reserve(bytes_max);
  char* at = PutBytes(PutNumberLine(begin, '*', 1 + keys.size()), kReadManyName);
  for (const std::string_view key : keys) at = PutBulk(at, key);
  Commit(begin, at, out);
  pending_.Push({AskedKind::kReadMany, static_cast<uint32_t>(keys.size())});
}

void RespWire::WriteMany(std::span<const Pair> pairs, base::Buffer& out) {
  CHECK(!pairs.empty());
  size_t bytes_max = kNumberLineBytesMax + kWriteManyName.size();
  for (const auto& [key, value] : pairs) {
    bytes_max += BulkBytesMax(key.size()) + BulkBytesMax(value.size());
  }
  char* const begin = out.Reserve(bytes_max);
  char* at = PutBytes(PutNumberLine(begin, '*', 1 + 2 * pairs.size()), kWriteManyName);
  for (const auto& [key, value] : pairs) at = PutBulk(PutBulk(at, key), value);
  Commit(begin, at, out);
  pending_.Push({AskedKind::kWriteMany, static_cast<uint32_t>(pairs.size())});
}

void RespWire::Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) {
  CHECK(ttl_ms > 0);
  char* const begin =
      out.Reserve(kExpire.size() + BulkBytesMax(key.size()) + BulkBytesMax(kDecimalBytesMax));
  Commit(begin, PutBulkNumber(PutBulk(PutBytes(begin, kExpire), key), ttl_ms), out);
  pending_.Push({AskedKind::kExpire});
}

void RespWire::Raw(std::string_view command, base::Buffer& out) {
  CHECK(!command.empty());
  out.Append(command);
  pending_.Push({AskedKind::kRaw});
}

ReplyState RespWire::Next(std::string_view in, WireReply& reply) {
  reply = WireReply();
  if (in.empty()) return ReplyState::kNeedMore;
  if (pending_.empty()) return ReplyState::kError;
  const ReplyState state = Take(pending_.front(), in, reply);
  if (state == ReplyState::kDone) pending_.Pop();
  return state;
}

ReplyState RespWire::Take(Asked asked, std::string_view in, WireReply& reply) {
  if (in[0] == '-' || in[0] == '!') return TakeError(in, reply);
  switch (asked.kind) {
    case AskedKind::kRead:
      return TakeValue(in, reply);
    case AskedKind::kReadMany:
      return TakeArray(asked, in, reply);
    case AskedKind::kWrite:
    case AskedKind::kWriteMany:
      return TakeOk(in, reply);
    case AskedKind::kDelete:
    case AskedKind::kExpire:
      return TakeCount(in, reply);
    case AskedKind::kOpen:
      // The server's properties, in a map.
      return in[0] == '%' ? scanner_.Next(in, reply.bytes) : ReplyState::kError;
    case AskedKind::kRaw:
      return scanner_.Next(in, reply.bytes);
  }
  return ReplyState::kError;
}

ReplyState RespWire::TakeArray(Asked asked, std::string_view in, WireReply& reply) {
  if (walk_.at == 0) {
    if (in[0] != '*') return ReplyState::kError;
    Number count;
    const ReplyState state = TakeNumber(in, count);
    if (state != ReplyState::kDone) return state;
    if (count.negative || count.magnitude != asked.keys) return ReplyState::kError;
    walk_.at = count.line_bytes;
  }
  while (walk_.hits + walk_.misses < asked.keys) {
    Element element;
    const ReplyState state = TakeElement(in.substr(walk_.at), element);
    if (state != ReplyState::kDone) return state;
    walk_.at += element.bytes;
    ++(element.is_nil ? walk_.misses : walk_.hits);
  }
  reply.bytes = walk_.at;
  reply.hits = walk_.hits;
  reply.misses = walk_.misses;
  reply.outcome = walk_.hits > 0 ? Outcome::kHit : Outcome::kMiss;
  walk_ = Walk();
  return ReplyState::kDone;
}

ReplyState RespWire::TakeError(std::string_view in, WireReply& reply) {
  const ReplyState state = scanner_.Next(in, reply.bytes);
  if (state != ReplyState::kDone) return state;
  reply.outcome = Outcome::kError;
  reply.error = in.substr(1, reply.bytes - 1 - kCrLf.size());
  if (in[0] == '-') return ReplyState::kDone;
  // In RESP3 an error may be a bulk, with a length in front.
  Number length;
  if (TakeNumber(in, length) != ReplyState::kDone || length.negative) return ReplyState::kError;
  reply.error = in.substr(length.line_bytes, length.magnitude);
  return ReplyState::kDone;
}

}  // namespace corelane::loadgen
