#pragma once

// The packets of memcache's binary protocol: a header of 24 bytes, extras, key, value. All numbers
// are big-endian. PROTOCOL.md says what each opcode does. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/buffer.h"

namespace corelane::proto {

inline constexpr size_t kBinaryHeaderBytes = 24;
inline constexpr char kBinaryResponseMagic = '\x81';

// Without the quiet variants, which MakePlainOpcode() turns into these.
enum class BinaryOpcode : uint8_t {
  kGet = 0x00,
  kSet = 0x01,
  kAdd = 0x02,
  kReplace = 0x03,
  kDelete = 0x04,
  kIncrement = 0x05,
  kDecrement = 0x06,
  kQuit = 0x07,
  kFlush = 0x08,
  kNoop = 0x0a,
  kVersion = 0x0b,
  kGetKey = 0x0c,
  kAppend = 0x0e,
  kPrepend = 0x0f,
  kStat = 0x10,
  kTouch = 0x1c,
  kGetAndTouch = 0x1d,
  kGetAndTouchKey = 0x23,
};

enum class BinaryStatus : uint16_t {
  kOk = 0x00,
  kNotFound = 0x01,
  kExists = 0x02,
  kTooLarge = 0x03,
  kBadArguments = 0x04,
  kNotStored = 0x05,
  kNotNumeric = 0x06,
  kUnknownCommand = 0x81,
  kOutOfMemory = 0x82,
  kFailed = 0x84,
};

// The plain opcode of a quiet one, with `quiet` set; any other as it is.
[[nodiscard]] BinaryOpcode MakePlainOpcode(uint8_t opcode, bool& quiet);

// The text that goes with a status other than kOk.
[[nodiscard]] std::string_view BinaryStatusText(BinaryStatus status);

struct BinaryRequestHeader {
  uint8_t opcode = 0;
  uint8_t extras_bytes = 0;
  uint16_t key_bytes = 0;
  uint32_t body_bytes = 0;  // extras, key and value
  uint32_t opaque = 0;
  uint64_t version = 0;

  // `packet` begins with a header.
  [[nodiscard]] static BinaryRequestHeader Read(std::string_view packet);
  [[nodiscard]] uint64_t packet_bytes() const { return kBinaryHeaderBytes + uint64_t{body_bytes}; }
};

struct BinaryResponse {
  uint8_t opcode = 0;  // as the request had it
  BinaryStatus status = BinaryStatus::kOk;
  uint32_t opaque = 0;
  uint64_t version = 0;
  std::string_view extras = {};
  std::string_view key = {};
  std::string_view value = {};
};
void AppendBinaryResponse(const BinaryResponse& response, base::Buffer& out);

template <typename Number>
[[nodiscard]] Number LoadBig(const char* from) {
  Number number = 0;
  for (size_t i = 0; i < sizeof(number); ++i) {
    number = static_cast<Number>((uint64_t{number} << 8) | static_cast<uint8_t>(from[i]));
  }
  return number;
}

template <typename Number>
void StoreBig(char* to, Number number) {
  for (size_t i = sizeof(number); i > 0; --i) {
    to[i - 1] = static_cast<char>(number & 0xff);
    number = static_cast<Number>(uint64_t{number} >> 8);
  }
}

}  // namespace corelane::proto
