#include "base/crc64.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace corelane::base {
namespace {

constexpr uint64_t kPolynomialReflected = 0x95ac9329ac4bc9b5;
constexpr size_t kWordBytes = sizeof(uint64_t);

using Table = std::array<uint64_t, 256>;

// Table 0 moves a byte through the register; table n does so for a byte with n zero bytes behind
// it, so that the eight bytes of a word are looked up side by side instead of one after another.
constexpr std::array<Table, kWordBytes> MakeTables() {
  std::array<Table, kWordBytes> tables{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1) != 0 ? (crc >> 1) ^ kPolynomialReflected : crc >> 1;
    }
    tables[0][byte] = crc;
  }
  for (size_t n = 1; n < kWordBytes; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr std::array<Table, kWordBytes> kTables = MakeTables();

}  // namespace

uint64_t Crc64(std::string_view bytes) {
  uint64_t crc = 0;
  size_t at = 0;
  for (; bytes.size() - at >= kWordBytes; at += kWordBytes) {
    const uint64_t word = crc ^ LoadLittle<uint64_t>(bytes.data() + at);
    crc = 0;
    for (size_t i = 0; i < kWordBytes; ++i) {
      crc ^= kTables[kWordBytes - 1 - i][(word >> (8 * i)) & 0xff];
    }
  }
  for (; at < bytes.size(); ++at) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(bytes[at])) & 0xff];
  }
  return crc;
}

}  // namespace corelane::base
