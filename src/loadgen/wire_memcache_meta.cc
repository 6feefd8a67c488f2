// The meta commands of the memcache protocol: mg, ms, md, and mn behind several of them.

#include <string_view>

#include "base/check.h"
#include "loadgen/wire_bytes.h"
#include "loadgen/wire_memcache.h"

namespace corelane::loadgen {
namespace {

constexpr std::string_view kGet = "mg ";
constexpr std::string_view kSet = "ms ";
constexpr std::string_view kDelete = "md ";
constexpr std::string_view kTtl = " T";
constexpr std::string_view kValueEnd = " v\r\n";
constexpr std::string_view kQuietValueEnd = " v q\r\n";
constexpr std::string_view kQuietEnd = " q\r\n";
constexpr std::string_view kNoOperation = "mn\r\n";

constexpr size_t SetBytesMax(size_t key_bytes, size_t value_bytes) {
  return kSet.size() + key_bytes + 1 + kDecimalBytesMax + kTtl.size() + kDecimalBytesMax +
         kQuietEnd.size() + value_bytes + kCrLf.size();
}

// `end` has the last flags and the end of the line.
char* PutSet(char* at, const Wire::Pair& pair, uint32_t ttl_ms, std::string_view end) {
  at = PutBytes(PutBytes(at, kSet), pair.first);
  *at++ = ' ';
  at = PutDecimal(at, pair.second.size());
  if (ttl_ms != 0) at = PutDecimal(PutBytes(at, kTtl), MemcacheSeconds(ttl_ms));
  return PutBytes(PutBytes(PutBytes(at, end), pair.second), kCrLf);
}

// "VA bytes" and the flags that were asked for to be said again, of which there are none.
bool ReadValueLine(std::string_view line, size_t& value_bytes) {
  constexpr std::string_view kValue = "VA ";
  return line.starts_with(kValue) && ReadDecimal(line.substr(kValue.size()), value_bytes);
}

// Not stored, exists, not found: what a condition of ms did not allow. We set none.
bool IsRefusal(std::string_view line) { return line == "NS" || line == "EX" || line == "NF"; }

}  // namespace

void MemcacheMetaWire::Read(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kGet.size() + key.size() + kValueEnd.size());
  Commit(begin, PutBytes(PutBytes(PutBytes(begin, kGet), key), kValueEnd), out);
  Push(AskedKind::kRead);
}

void MemcacheMetaWire::Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                             base::Buffer& out) {
  char* const begin = out.Reserve(SetBytesMax(key.size(), value.size()));
  Commit(begin, PutSet(begin, {key, value}, ttl_ms, kCrLf), out);
  Push(AskedKind::kWrite);
}

void MemcacheMetaWire::Delete(std::string_view key, base::Buffer& out) {
  char* const begin = out.Reserve(kDelete.size() + key.size() + kCrLf.size());
  Commit(begin, PutBytes(PutBytes(PutBytes(begin, kDelete), key), kCrLf), out);
  Push(AskedKind::kDelete);
}

void MemcacheMetaWire::ReadMany(std::span<const std::string_view> keys, base::Buffer& out) {
  CHECK(!keys.empty());
  size_t bytes = kNoOperation.size();
  for (const std::string_view key : keys) bytes += kGet.size() + key.size() + kQuietValueEnd.size();
  char* const begin = out.Reserve(bytes);
  char* at = begin;
  for (const std::string_view key : keys) {
    at = PutBytes(PutBytes(PutBytes(at, kGet), key), kQuietValueEnd);
  }
  Commit(begin, PutBytes(at, kNoOperation), out);
  Push(AskedKind::kReadMany, keys.size());
}

void MemcacheMetaWire::WriteMany(std::span<const Pair> pairs, base::Buffer& out) {
  CHECK(!pairs.empty());
  size_t bytes_max = kNoOperation.size();
  for (const auto& [key, value] : pairs) bytes_max += SetBytesMax(key.size(), value.size());
  char* const begin = out.Reserve(bytes_max);
  char* at = begin;
  for (const Pair& pair : pairs) at = PutSet(at, pair, 0, kQuietEnd);
  Commit(begin, PutBytes(at, kNoOperation), out);
  Push(AskedKind::kWriteMany, pairs.size());
}

void MemcacheMetaWire::Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) {
  CHECK(ttl_ms > 0);
  char* const begin =
      out.Reserve(kGet.size() + key.size() + kTtl.size() + kDecimalBytesMax + kCrLf.size());
  char* at = PutBytes(PutBytes(PutBytes(begin, kGet), key), kTtl);
  Commit(begin, PutBytes(PutDecimal(at, MemcacheSeconds(ttl_ms)), kCrLf), out);
  Push(AskedKind::kExpire);
}

MemcacheWire::Meaning MemcacheMetaWire::Understand(Asked asked, std::string_view line,
                                                   size_t& value_bytes) {
  const bool many = asked.kind == AskedKind::kReadMany || asked.kind == AskedKind::kWriteMany;
  const Meaning refused = many ? Meaning::kPartRefused : Meaning::kRefused;
  if (IsError(line)) return refused;
  if (many && line == "MN") return Meaning::kEnd;
  switch (asked.kind) {
    case AskedKind::kRead:
      if (line == "EN") return Meaning::kMissing;
      return ReadValueLine(line, value_bytes) ? Meaning::kLastValue : Meaning::kWrong;
    case AskedKind::kReadMany:
      return ReadValueLine(line, value_bytes) ? Meaning::kValue : Meaning::kWrong;
    case AskedKind::kWrite:
      if (line == "HD") return Meaning::kDone;
      return IsRefusal(line) ? refused : Meaning::kWrong;
    case AskedKind::kWriteMany:
      return IsRefusal(line) ? refused : Meaning::kWrong;
    case AskedKind::kDelete:
      if (line == "HD") return Meaning::kDone;
      return line == "NF" ? Meaning::kMissing : Meaning::kWrong;
    case AskedKind::kExpire:
      if (line == "HD") return Meaning::kDone;
      return line == "EN" ? Meaning::kMissing : Meaning::kWrong;
    default:
      return Meaning::kWrong;
  }
}

}  // namespace corelane::loadgen
