#pragma once

// What the database of the RocksDB engine holds, as bytes: ROCKSDB_FORMAT.md. Pure functions, any
// thread.
//
// A key of the database begins with a byte that says what it is about; the order of that byte is
// the order in the database. Numbers in keys are big-endian, so that their order is that of the
// bytes; numbers in values are little-endian.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kv/value.h"
#include "storage/placement.h"

namespace corelane::storage {

inline constexpr uint32_t kRocksDbFormatVersion = 1;

// First bytes of keys.
inline constexpr char kFormatSpace = 0x00;    // one key: what the database is
inline constexpr char kCountersSpace = 0x01;  // one key: how much there is
inline constexpr char kExpirySpace = 0x02;    // a key for each entry with an expiry
inline constexpr char kDataSpace = 0x03;      // a key for each entry
inline constexpr char kSpacesEnd = 0x04;

struct DatabaseFormat {
  uint32_t version = kRocksDbFormatVersion;
  uint64_t hash_seed = 0;
};
inline constexpr size_t kDatabaseFormatBytes = 12;
[[nodiscard]] std::array<char, kDatabaseFormatBytes> EncodeDatabaseFormat(DatabaseFormat format);
[[nodiscard]] bool DecodeDatabaseFormat(std::string_view bytes, DatabaseFormat& format);

// As in EngineStats.
struct RecordCounters {
  uint64_t entries = 0;
  uint64_t entries_with_expiry = 0;
  uint64_t data_bytes = 0;
  bool operator==(const RecordCounters&) const = default;
};
inline constexpr size_t kRecordCountersBytes = 24;
[[nodiscard]] std::array<char, kRecordCountersBytes> EncodeCounters(const RecordCounters& counters);
[[nodiscard]] bool DecodeCounters(std::string_view bytes, RecordCounters& counters);

// An entry's key: space, position (8), the key itself.
inline constexpr size_t kDataKeyHeadBytes = 9;
void EncodeDataKey(Position position, std::string_view key, std::string& to);
// As the first entry at or behind `position` has at least.
void EncodeDataBound(Position position, std::string& to);
[[nodiscard]] bool DecodeDataKey(std::string_view bytes, Position& position, std::string_view& key);

// An entry's key in the order of expiry: space, expires at (8), position (8), the key itself. Its
// value is how many bytes key and value have, u32.
inline constexpr size_t kExpiryKeyHeadBytes = 17;
inline constexpr size_t kExpirySizeBytes = 4;
void EncodeExpiryKey(kv::ExpiryMillis expires_at, std::string_view data_key, std::string& to);
void EncodeExpiryBound(kv::ExpiryMillis expires_at, std::string& to);
// Also makes the entry's key in the database again.
[[nodiscard]] bool DecodeExpiryKey(std::string_view bytes, kv::ExpiryMillis& expires_at,
                                   std::string& data_key);

// An entry's value: a head, then the value's bytes as they are.
inline constexpr size_t kRecordHeadBytesMax = 1 + 4 + 8 + 5 + 8;
class RecordHead {
 public:
  explicit RecordHead(const kv::ValueView& value);
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kRecordHeadBytesMax> bytes_;
  size_t size_ = 0;
};
// False when it is none that this version would have made. `value.bytes` points into `bytes`.
[[nodiscard]] bool DecodeRecord(std::string_view bytes, kv::ValueView& value);

}  // namespace corelane::storage
