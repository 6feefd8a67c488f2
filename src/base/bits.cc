#include "base/bits.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::base {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr size_t kWordBytes = sizeof(uint64_t);
// A field of 64 bits touches nine bytes at most.
constexpr size_t kWindowBytes = 9;
constexpr size_t kWindowBits = kWindowBytes * 8;

uint8_t ByteAt(std::string_view bytes, size_t index) { return static_cast<uint8_t>(bytes[index]); }

// The bits of each byte of a word, counted in that byte, all eight side by side.
uint64_t CountInEachByte(uint64_t word) {
  word -= (word >> 1) & 0x5555555555555555;
  word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333);
  return (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0f;
}

uint64_t SumOfBytes(uint64_t word) {
  constexpr uint64_t kEveryOther = 0x00ff00ff00ff00ff;
  return (((word & kEveryOther) + ((word >> 8) & kEveryOther)) * 0x0001000100010001) >> 48;
}

// The field from `first` on is the window's bits [shift, shift + width), counted from the lowest.
uint32_t ShiftOf(uint64_t first, uint32_t width) {
  return static_cast<uint32_t>(kWindowBits - first % 8) - width;
}

Wide MaskOf(uint32_t width) { return (Wide{1} << width) - 1; }

}  // namespace

// The counts of a word's bytes are added up for as many words as a byte can hold, and only then
// taken together: the processor may lack an instruction that counts.
uint64_t CountBits(std::string_view bytes) {
  constexpr size_t kWordsTogether = 255 / 8;
  uint64_t total = 0;
  while (bytes.size() >= kWordBytes) {
    const size_t words = std::min(bytes.size() / kWordBytes, kWordsTogether);
    uint64_t counts = 0;
    for (size_t i = 0; i < words; ++i) {
      counts += CountInEachByte(LoadLittle<uint64_t>(bytes.data() + i * kWordBytes));
    }
    total += SumOfBytes(counts);
    bytes.remove_prefix(words * kWordBytes);
  }
  for (const char byte : bytes) {
    total += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(byte)));
  }
  return total;
}

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  const std::string_view touched = bytes.substr(first / 8, last / 8 - first / 8 + 1);
  // What the first and the last byte have outside of the range.
  const auto before = static_cast<uint8_t>(ByteAt(touched, 0) >> (8 - first % 8));
  const auto after = static_cast<uint8_t>(ByteAt(bytes, last / 8) & ((1U << (7 - last % 8)) - 1));
  return CountBits(touched) - static_cast<uint64_t>(std::popcount(before) + std::popcount(after));
}

std::optional<uint64_t> FindBit(std::string_view bytes, bool set, uint64_t first, uint64_t last) {
  // Turned so that what is looked for is a one.
  const uint64_t turn = set ? 0 : ~uint64_t{0};
  const size_t end = last / 8 + 1;
  size_t at = first / 8;
  auto wanted = static_cast<uint8_t>(ByteAt(bytes, at) ^ static_cast<uint8_t>(turn));
  wanted &= static_cast<uint8_t>(0xff >> first % 8);
  if (wanted == 0) {
    ++at;
    while (at + kWordBytes <= end && LoadLittle<uint64_t>(bytes.data() + at) == turn) {
      at += kWordBytes;
    }
    while (at < end && ByteAt(bytes, at) == static_cast<uint8_t>(turn)) ++at;
    if (at == end) return std::nullopt;
    wanted = static_cast<uint8_t>(ByteAt(bytes, at) ^ static_cast<uint8_t>(turn));
  }
  const uint64_t bit = at * 8 + static_cast<uint64_t>(std::countl_zero(wanted));
  return bit <= last ? std::optional(bit) : std::nullopt;
}

uint64_t LoadBits(std::string_view bytes, uint64_t first, uint32_t width) {
  CHECK(width <= kFieldBitsMax);
  Wide window = 0;
  for (size_t i = 0; i < kWindowBytes; ++i) {
    const uint64_t at = first / 8 + i;
    window = window << 8 | (at < bytes.size() ? ByteAt(bytes, at) : 0U);
  }
  return static_cast<uint64_t>(window >> ShiftOf(first, width) & MaskOf(width));
}

void StoreBits(std::span<char> bytes, uint64_t first, uint32_t width, uint64_t number) {
  CHECK(width <= kFieldBitsMax && width <= bytes.size() * 8 && first <= bytes.size() * 8 - width);
  const Wide mask = MaskOf(width) << ShiftOf(first, width);
  const Wide field = (number & MaskOf(width)) << ShiftOf(first, width);
  const size_t begin = first / 8;
  for (size_t i = 0; i < kWindowBytes && begin + i < bytes.size(); ++i) {
    const auto place = static_cast<uint32_t>(kWindowBits - 8 * (i + 1));
    const auto kept = static_cast<uint8_t>(~(mask >> place));
    const auto added = static_cast<uint8_t>(field >> place);
    char& byte = bytes[begin + i];
    byte = static_cast<char>((static_cast<uint8_t>(byte) & kept) | added);
  }
}

void CombineBits(BitOperation operation, std::span<const std::string_view> sources,
                 std::string& result) {
  CHECK(!sources.empty() && (operation != BitOperation::kNot || sources.size() == 1));
  size_t longest = 0;
  for (const std::string_view source : sources) longest = std::max(longest, source.size());
  result.assign(sources[0]);
  result.resize(longest);
  // Plain loops over characters: the compiler makes wide ones of them.
  char* const to = result.data();
  if (operation == BitOperation::kNot) {
    for (size_t i = 0; i < longest; ++i) to[i] = static_cast<char>(~to[i]);
  }
  for (const std::string_view source : sources.subspan(1)) {
    const char* const from = source.data();
    if (operation == BitOperation::kAnd) {
      for (size_t i = 0; i < source.size(); ++i) to[i] = static_cast<char>(to[i] & from[i]);
      std::fill(to + source.size(), to + longest, '\0');
    } else if (operation == BitOperation::kOr) {
      for (size_t i = 0; i < source.size(); ++i) to[i] = static_cast<char>(to[i] | from[i]);
    } else {
      for (size_t i = 0; i < source.size(); ++i) to[i] = static_cast<char>(to[i] ^ from[i]);
    }
  }
}

}  // namespace corelane::base
