#include "storage/rocksdb_record.h"

#include <bit>
#include <cstring>

#include "base/bytes.h"

namespace corelane::storage {
namespace {

// The first byte of a record: the type in the low half, and what else there is.
constexpr uint8_t kTypeMask = 0x0f;
constexpr uint8_t kHasExpiry = 0x10;
constexpr uint8_t kHasNotes = 0x20;    // client flags and marks
constexpr uint8_t kHasVersion = 0x40;  // of the memcache protocol
constexpr uint8_t kUnknown = 0x80;

constexpr size_t kCreatedAt = 1;
constexpr size_t kOptional = 5;  // where the optional fields begin

// Flipping the highest bit turns the order of signed numbers into that of unsigned ones.
constexpr uint64_t kSignBit = uint64_t{1} << 63;

uint64_t FromBig(const char* from) { return __builtin_bswap64(base::LoadLittle<uint64_t>(from)); }

void AppendBig(uint64_t number, std::string& to) {
  char bytes[sizeof(number)];
  base::StoreLittle(bytes, __builtin_bswap64(number));
  to.append(bytes, sizeof(bytes));
}

}  // namespace

std::array<char, kDatabaseFormatBytes> EncodeDatabaseFormat(DatabaseFormat format) {
  std::array<char, kDatabaseFormatBytes> bytes;
  base::StoreLittle(bytes.data(), format.version);
  base::StoreLittle(bytes.data() + 4, format.hash_seed);
  return bytes;
}

// A newer version may have more behind its number.
bool DecodeDatabaseFormat(std::string_view bytes, DatabaseFormat& format) {
  if (bytes.size() < kDatabaseFormatBytes) return false;
  format.version = base::LoadLittle<uint32_t>(bytes.data());
  format.hash_seed = base::LoadLittle<uint64_t>(bytes.data() + 4);
  return format.version > kRocksDbFormatVersion || bytes.size() == kDatabaseFormatBytes;
}

std::array<char, kRecordCountersBytes> EncodeCounters(const RecordCounters& counters) {
  std::array<char, kRecordCountersBytes> bytes;
  base::StoreLittle(bytes.data(), counters.entries);
  base::StoreLittle(bytes.data() + 8, counters.entries_with_expiry);
  base::StoreLittle(bytes.data() + 16, counters.data_bytes);
  return bytes;
}

bool DecodeCounters(std::string_view bytes, RecordCounters& counters) {
  if (bytes.size() != kRecordCountersBytes) return false;
  counters.entries = base::LoadLittle<uint64_t>(bytes.data());
  counters.entries_with_expiry = base::LoadLittle<uint64_t>(bytes.data() + 8);
  counters.data_bytes = base::LoadLittle<uint64_t>(bytes.data() + 16);
  return true;
}

void EncodeDataBound(Position position, std::string& to) {
  to.assign(1, kDataSpace);
  AppendBig(position, to);
}

void EncodeDataKey(Position position, std::string_view key, std::string& to) {
  EncodeDataBound(position, to);
  to.append(key);
}

bool DecodeDataKey(std::string_view bytes, Position& position, std::string_view& key) {
  if (bytes.size() < kDataKeyHeadBytes || bytes[0] != kDataSpace) return false;
  position = FromBig(bytes.data() + 1);
  key = bytes.substr(kDataKeyHeadBytes);
  return true;
}

void EncodeExpiryBound(kv::ExpiryMillis expires_at, std::string& to) {
  to.assign(1, kExpirySpace);
  AppendBig(static_cast<uint64_t>(expires_at) ^ kSignBit, to);
}

void EncodeExpiryKey(kv::ExpiryMillis expires_at, std::string_view data_key, std::string& to) {
  EncodeExpiryBound(expires_at, to);
  to.append(data_key.substr(1));
}

bool DecodeExpiryKey(std::string_view bytes, kv::ExpiryMillis& expires_at, std::string& data_key) {
  if (bytes.size() < kExpiryKeyHeadBytes || bytes[0] != kExpirySpace) return false;
  expires_at = static_cast<kv::ExpiryMillis>(FromBig(bytes.data() + 1) ^ kSignBit);
  data_key.assign(1, kDataSpace);
  data_key.append(bytes.substr(9));
  return true;
}

RecordHead::RecordHead(const kv::ValueView& value) {
  auto kind = static_cast<uint8_t>(value.type);
  const auto add = [this](auto number) {
    base::StoreLittle(bytes_.data() + size_, number);
    size_ += sizeof(number);
  };
  add(uint8_t{0});
  add(value.created_at_s);
  if (value.expires_at != kv::kNoExpiry) {
    kind |= kHasExpiry;
    add(value.expires_at);
  }
  if (value.client_flags != 0 || value.marks != 0) {
    kind |= kHasNotes;
    add(value.client_flags);
    add(value.marks);
  }
  if (value.version != 0) {
    kind |= kHasVersion;
    add(value.version);
  }
  base::StoreLittle(bytes_.data(), kind);
}

bool DecodeRecord(std::string_view bytes, kv::ValueView& value) {
  if (bytes.size() < kOptional) return false;
  const auto kind = static_cast<uint8_t>(bytes[0]);
  if ((kind & kUnknown) != 0 || (kind & kTypeMask) > kv::kValueTypeMax) return false;
  value = {};
  value.type = static_cast<kv::ValueType>(kind & kTypeMask);
  value.created_at_s = base::LoadLittle<uint32_t>(bytes.data() + kCreatedAt);
  std::string_view rest = bytes.substr(kOptional);
  const auto take = [&rest](auto& number) {
    if (rest.size() < sizeof(number)) return false;
    std::memcpy(&number, rest.data(), sizeof(number));
    rest.remove_prefix(sizeof(number));
    return true;
  };
  if ((kind & kHasExpiry) != 0 && !take(value.expires_at)) return false;
  if ((kind & kHasNotes) != 0 && (!take(value.client_flags) || !take(value.marks))) return false;
  if ((kind & kHasVersion) != 0 && !take(value.version)) return false;
  value.bytes = rest;
  return kv::IsWellFormed(value.type, rest);
}

}  // namespace corelane::storage
