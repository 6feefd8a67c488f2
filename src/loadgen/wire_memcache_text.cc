// The classic commands of the memcache protocol: get, set, delete, touch.

#include <string_view>

#include "base/check.h"
#include "loadgen/wire_bytes.h"
#include "loadgen/wire_memcache.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kGet = "get";
constexpr std::string_view kSet = "set ";
constexpr std::string_view kSetFlags = " 0 ";
constexpr std::string_view kDelete = "delete ";
constexpr std::string_view kTouch = "touch ";

// "VALUE key flags bytes": a key has no blanks, and no version was asked for.
bool ReadValueLine(std::string_view line, size_t& value_bytes) {
  constexpr std::string_view kValue = "VALUE ";
  if (!line.starts_with(kValue)) return false;
  line.remove_prefix(kValue.size());
  const size_t key_end = line.find(' ');
  if (key_end == 0 || key_end == std::string_view::npos) return false;
  line.remove_prefix(key_end + 1);
  const size_t flags_end = line.find(' ');
  if (flags_end == std::string_view::npos) return false;
  uint64_t flags = 0;
  return ReadDecimal(line.substr(0, flags_end), flags) &&
         ReadDecimal(line.substr(flags_end + 1), value_bytes);
}

}  // namespace

void MemcacheTextWire::Read(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kGet.size() + 1 + key.size() + kCrLf.size());
  char* at = PutBytes(begin, kGet);
  *at++ = ' ';
  Commit(begin, PutBytes(PutBytes(at, key), kCrLf), out);
  Push(AskedKind::kRead);
}

void MemcacheTextWire::Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                             base::Buffer& out) {
  char* const begin =
      out.Reserve(kSet.size() + key.size() + kSetFlags.size() + kDecimalBytesMax + 1 +
                  kDecimalBytesMax + kCrLf.size() + value.size() + kCrLf.size());
  char* at = PutBytes(PutBytes(PutBytes(begin, kSet), key), kSetFlags);
  at = PutDecimal(at, MemcacheSeconds(ttl_ms));
  *at++ = ' ';
  at = PutBytes(PutDecimal(at, value.size()), kCrLf);
  Commit(begin, PutBytes(PutBytes(at, value), kCrLf), out);
  Push(AskedKind::kWrite);
}

void MemcacheTextWire::Delete(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kDelete.size() + key.size() + kCrLf.size());
  Commit(begin, PutBytes(PutBytes(PutBytes(begin, kDelete), key), kCrLf), out);
  Push(AskedKind::kDelete);
}

void MemcacheTextWire::ReadMany(std::span<const std::string_view> keys, base::Buffer& out) {
  CHECK(!keys.empty());
  size_t bytes = kGet.size() + kCrLf.size();
  for (const std::string_view key : keys) bytes += 1 + key.size();
  char* const begin = out.Reserve(bytes);
  char* at = PutBytes(begin, kGet);
  for (const std::string_view key : keys) {
    *at++ = ' ';
    at = PutBytes(at, key);
  }
  Commit(begin, PutBytes(at, kCrLf), out);
  Push(AskedKind::kReadMany, keys.size());
}

void MemcacheTextWire::Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) {
  CHECK(ttl_ms > 0);
  char* const begin = out.Reserve(kTouch.size() + key.size() + 1 + kDecimalBytesMax + kCrLf.size());
  char* at = PutBytes(PutBytes(begin, kTouch), key);
  *at++ = ' ';
  Commit(begin, PutBytes(PutDecimal(at, MemcacheSeconds(ttl_ms)), kCrLf), out);
  Push(AskedKind::kExpire);
}

MemcacheWire::Meaning MemcacheTextWire::Understand(Asked asked, std::string_view line,
                                                   size_t& value_bytes) {
  if (IsError(line)) return Meaning::kRefused;
  switch (asked.kind) {
    case AskedKind::kRead:
    case AskedKind::kReadMany:
      if (line == "END") return Meaning::kEnd;
      return ReadValueLine(line, value_bytes) ? Meaning::kValue : Meaning::kWrong;
    case AskedKind::kWrite:
      if (line == "STORED") return Meaning::kDone;
      return line == "NOT_STORED" ? Meaning::kRefused : Meaning::kWrong;
    case AskedKind::kDelete:
      if (line == "DELETED") return Meaning::kDone;
      break;
    case AskedKind::kExpire:
      if (line == "TOUCHED") return Meaning::kDone;
      break;
    default:
      return Meaning::kWrong;
  }
  return line == "NOT_FOUND" ? Meaning::kMissing : Meaning::kWrong;
}

}  // namespace corelane::loadgen
