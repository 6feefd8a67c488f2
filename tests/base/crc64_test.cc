#include "base/crc64.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::base {
namespace {

// Bit by bit, as the definition says.
uint64_t SlowCrc64(std::string_view bytes) {
  uint64_t crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x95ac9329ac4bc9b5 : crc >> 1;
    }
  }
  return crc;
}

TEST(Crc64, KnownValues) {
  EXPECT_EQ(Crc64(""), 0U);
  EXPECT_EQ(Crc64("123456789"), 0xe9c6d914c4b8d9caU);
}

TEST(Crc64, WordsAndTheBytesBehindThem) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(Crc64(bytes), SlowCrc64(bytes)) << bytes.size();
    bytes += static_cast<char>(i * 37 + 200);
  }
}

}  // namespace
}  // namespace corelane::base
