#include "shard/commands/rdb_string.h"

#include <lzf.h>

#include <climits>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/crc64.h"
#include "kv/value.h"

namespace corelane::shard {
namespace {

constexpr char kStringType = 0;
constexpr size_t kVersionBytes = sizeof(kRdbVersion);
constexpr size_t kFooterBytes = kVersionBytes + sizeof(uint64_t);

constexpr uint8_t kKindMask = 0xc0;
constexpr uint8_t kLength14 = 0x40;
constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kInteger8 = 0xc0;
constexpr uint8_t kInteger16 = 0xc1;
constexpr uint8_t kInteger32 = 0xc2;
constexpr uint8_t kCompressed = 0xc3;
// Longer text is no integer of 32 bits: "-2147483648".
constexpr size_t kIntegerTextBytesMax = 11;

template <typename T>
void AppendLittle(std::string& out, T value) {
  char bytes[sizeof(T)];
  base::StoreLittle(bytes, value);
  out.append(bytes, sizeof(T));
}

void AppendHighestFirst(std::string& out, uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> (8 * i));
}

void AppendLength(std::string& out, uint64_t length) {
  if (length < (1U << 6)) {
    out += static_cast<char>(length);
  } else if (length < (1U << 14)) {
    AppendHighestFirst(out, (uint64_t{kLength14} << 8) | length, 2);
  } else if (length <= UINT32_MAX) {
    out += static_cast<char>(kLength32);
    AppendHighestFirst(out, length, 4);
  } else {
    out += static_cast<char>(kLength64);
    AppendHighestFirst(out, length, 8);
  }
}

// False: the text is no integer of 32 bits.
bool AppendAsInteger(std::string& out, std::string_view text) {
  int64_t integer = 0;
  if (text.size() > kIntegerTextBytesMax || !kv::ParseInteger(text, integer)) return false;
  if (integer == static_cast<int8_t>(integer)) {
    out += static_cast<char>(kInteger8);
    AppendLittle(out, static_cast<int8_t>(integer));
  } else if (integer == static_cast<int16_t>(integer)) {
    out += static_cast<char>(kInteger16);
    AppendLittle(out, static_cast<int16_t>(integer));
  } else if (integer == static_cast<int32_t>(integer)) {
    out += static_cast<char>(kInteger32);
    AppendLittle(out, static_cast<int32_t>(integer));
  } else {
    return false;
  }
  return true;
}

// Takes fields from the front of what is left of a payload. Each call is false, and the rest is as
// it was, when the bytes are not there.
class FieldReader {
 public:
  explicit FieldReader(std::string_view rest) : rest_(rest) {}
  [[nodiscard]] bool done() const { return rest_.empty(); }

  [[nodiscard]] bool TakeByte(uint8_t& byte) {
    if (rest_.empty()) return false;
    byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool TakeBytes(uint64_t count, std::string_view& bytes) {
    if (count > rest_.size()) return false;
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  // The rest of a length that begins with the byte `first`.
  [[nodiscard]] bool TakeLength(uint8_t first, uint64_t& length) {
    size_t more = 0;
    length = 0;
    if (first == kLength32 || first == kLength64) {
      more = first == kLength32 ? 4 : 8;
    } else if ((first & kKindMask) == 0 || (first & kKindMask) == kLength14) {
      length = first & ~kKindMask;
      more = (first & kKindMask) == kLength14 ? 1 : 0;
    } else {
      return false;
    }
    std::string_view bytes;
    if (!TakeBytes(more, bytes)) return false;
    for (const char byte : bytes) length = (length << 8) | static_cast<uint8_t>(byte);
    return true;
  }
  [[nodiscard]] bool TakeLength(uint64_t& length) {
    uint8_t first = 0;
    return TakeByte(first) && TakeLength(first, length);
  }

 private:
  std::string_view rest_;
};

// The text of an integer of type T.
template <typename T>
std::optional<std::string> TakeInteger(FieldReader& reader) {
  std::string_view bytes;
  if (!reader.TakeBytes(sizeof(T), bytes)) return std::nullopt;
  return std::to_string(base::LoadLittle<T>(bytes.data()));
}

// Three compressed bytes stand for 264 at most. So that no more is reserved than they can make,
// whatever they announce.
bool MayComeTo(uint64_t compressed_bytes, uint64_t bytes) {
  constexpr uint64_t kExpansionMax = 264 / 3;
  return bytes / kExpansionMax <= compressed_bytes;
}

// The original of LZF-compressed bytes, which must come to exactly `size`.
std::optional<std::string> Decompress(std::string_view compressed, size_t size) {
  // The library takes no empty input, and tells of an error by a length of 0.
  if (compressed.empty() || size == 0 || !MayComeTo(compressed.size(), size)) return std::nullopt;
  if (compressed.size() > UINT_MAX || size > UINT_MAX) return std::nullopt;
  std::string out(size, '\0');
  const unsigned int made =
      lzf_decompress(compressed.data(), static_cast<unsigned int>(compressed.size()), out.data(),
                     static_cast<unsigned int>(size));
  if (made != size) return std::nullopt;
  return out;
}

std::optional<std::string> TakeCompressed(FieldReader& reader, uint64_t bytes_max) {
  uint64_t compressed_bytes = 0;
  uint64_t bytes = 0;
  std::string_view compressed;
  if (!reader.TakeLength(compressed_bytes) || !reader.TakeLength(bytes) || bytes > bytes_max ||
      !reader.TakeBytes(compressed_bytes, compressed)) {
    return std::nullopt;
  }
  return Decompress(compressed, bytes);
}

std::optional<std::string> TakeString(FieldReader& reader, uint64_t bytes_max) {
  uint8_t first = 0;
  if (!reader.TakeByte(first)) return std::nullopt;
  switch (first) {
    case kInteger8:
      return TakeInteger<int8_t>(reader);
    case kInteger16:
      return TakeInteger<int16_t>(reader);
    case kInteger32:
      return TakeInteger<int32_t>(reader);
    case kCompressed:
      return TakeCompressed(reader, bytes_max);
    default:
      break;
  }
  uint64_t length = 0;
  std::string_view bytes;
  if (!reader.TakeLength(first, length) || length > bytes_max || !reader.TakeBytes(length, bytes)) {
    return std::nullopt;
  }
  return std::string(bytes);
}

}  // namespace

std::string DumpString(std::string_view text) {
  std::string payload(1, kStringType);
  if (!AppendAsInteger(payload, text)) {
    AppendLength(payload, text.size());
    payload.append(text);
  }
  AppendLittle(payload, kRdbVersion);
  AppendLittle(payload, base::Crc64(payload));
  return payload;
}

bool IsDumpSound(std::string_view payload) {
  if (payload.size() < kFooterBytes) return false;
  const char* const footer = payload.data() + payload.size() - kFooterBytes;
  if (base::LoadLittle<uint16_t>(footer) > kRdbVersion) return false;
  return base::LoadLittle<uint64_t>(footer + kVersionBytes) ==
         base::Crc64(payload.substr(0, payload.size() - sizeof(uint64_t)));
}

std::optional<std::string> RestoreString(std::string_view payload, uint64_t bytes_max) {
  if (payload.size() <= kFooterBytes || payload[0] != kStringType) return std::nullopt;
  FieldReader reader(payload.substr(1, payload.size() - 1 - kFooterBytes));
  std::optional<std::string> text = TakeString(reader, bytes_max);
  if (!reader.done()) return std::nullopt;
  return text;
}

uint64_t AnnouncedStringBytes(std::string_view payload) {
  FieldReader reader(payload.substr(payload.empty() ? 0 : 1));
  uint8_t first = 0;
  uint64_t stored_bytes = 0;
  if (!reader.TakeByte(first)) return 0;
  const bool is_compressed = first == kCompressed;
  if (!(is_compressed ? reader.TakeLength(stored_bytes) : reader.TakeLength(first, stored_bytes))) {
    return 0;
  }
  uint64_t bytes = stored_bytes;
  if (is_compressed && (!reader.TakeLength(bytes) || !MayComeTo(stored_bytes, bytes))) return 0;
  std::string_view stored;
  return reader.TakeBytes(stored_bytes, stored) ? bytes : 0;
}

}  // namespace corelane::shard
