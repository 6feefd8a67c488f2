#pragma once

// The types of a stored value and how their bytes are laid out, wherever a value travels: entry,
// log frame, message, reply.
//
//   kString, kBinary   the bytes themselves. The two differ in how typed protocols print them.
//   kInteger           8 bytes, int64, little-endian
//   kFloat             8 bytes, IEEE 754 double, little-endian
//   kBoolean           1 byte, 0 or 1
//
// The numbers are part of the log format and of the native protocol: never reuse one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace corelane::kv {

enum class ValueType : uint8_t {
  kString = 0,
  kInteger = 1,
  kFloat = 2,
  kBoolean = 3,
  kBinary = 4,
};
inline constexpr uint8_t kValueTypeMax = 4;

// Absolute expiry, unix milliseconds. kNoExpiry sorts after every real one.
using ExpiryMillis = int64_t;
inline constexpr ExpiryMillis kNoExpiry = INT64_MAX;

// What the memcache protocol remembers about a value besides its flags and its version. Part of the
// log format, as far as it is logged: never reuse a bit. A write through another protocol clears
// all of them.
using Marks = uint8_t;
inline constexpr Marks kMarkFetched = 0x10;    // read since it was written; not logged
inline constexpr Marks kMarkStale = 0x20;      // invalidated, and kept until somebody recaches it
inline constexpr Marks kMarkTokenSent = 0x40;  // a client was told to recache it; not logged
inline constexpr Marks kMarkBinaryKey = 0x80;  // its key was given in base64, and is shown so
inline constexpr Marks kMarksAll = 0xf0;
inline constexpr Marks kMarksLogged = kMarkStale | kMarkBinaryKey;

// A value that somebody else owns.
struct ValueView {
  ValueType type = ValueType::kString;
  std::string_view bytes;
  ExpiryMillis expires_at = kNoExpiry;
  uint32_t created_at_s = 0;  // unix seconds
  uint32_t client_flags = 0;  // of the memcache protocol: the client's own number
  uint64_t version = 0;       // of the memcache protocol (its cas unique); 0: nobody has asked
  Marks marks = 0;
};

// What a write through another protocol than memcache stores.
[[nodiscard]] inline ValueView WithoutNotes(ValueView value) {
  value.client_flags = 0;
  value.version = 0;
  value.marks = 0;
  return value;
}

// True when `bytes` can be a value of `type` (the fixed sizes above; a boolean is 0 or 1).
[[nodiscard]] bool IsWellFormed(ValueType type, std::string_view bytes);

// The 8 bytes of an integer or a float, in place.
class ScalarBytes {
 public:
  explicit ScalarBytes(int64_t integer);
  explicit ScalarBytes(double real);
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, 8> bytes_;
};

[[nodiscard]] int64_t IntegerOf(std::string_view eight_bytes);
[[nodiscard]] double FloatOf(std::string_view eight_bytes);

// Long enough for FormatScalar of any integer, float or boolean.
inline constexpr size_t kScalarTextBytesMax = 32;

// How a value reads for a client that only knows strings: an integer in decimal, a float with the
// fewest digits that read back as the same number (17 at most), a boolean as 1 or 0, strings and
// binaries as they are. The result points into `value.bytes` or into `scratch`.
[[nodiscard]] std::string_view TextOf(const ValueView& value,
                                      std::array<char, kScalarTextBytesMax>& scratch);

// Strict decimal int64 as redis reads it: an optional minus, no blanks, no plus, no leading zeros.
// False when it is not one.
[[nodiscard]] bool ParseInteger(std::string_view text, int64_t& integer);

}  // namespace corelane::kv
