#pragma once

// Bits of a string of bytes, numbered as redis numbers them: bit 0 is the highest of the first
// byte, bit 8 the highest of the second. Whole words at a time where the string is long. Pure; any
// thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace corelane::base {

// The width of the widest field that LoadBits and StoreBits know.
inline constexpr uint32_t kFieldBitsMax = 64;

// How many bits are set.
[[nodiscard]] uint64_t CountBits(std::string_view bytes);
// The same among the bits `first` to `last`, both inside; first <= last.
[[nodiscard]] uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);

// The lowest bit from `first` to `last` (both inside, first <= last) that is set, or with `set`
// false the lowest that is clear.
[[nodiscard]] std::optional<uint64_t> FindBit(std::string_view bytes, bool set, uint64_t first,
                                              uint64_t last);

// The `width` bits from `first` on as a number, its highest bit first; what is beyond the end reads
// as zeros.
[[nodiscard]] uint64_t LoadBits(std::string_view bytes, uint64_t first, uint32_t width);

// The inverse: the lowest `width` bits of `number`. The field lies inside.
void StoreBits(std::span<char> bytes, uint64_t first, uint32_t width, uint64_t number);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

// All sources combined, as long as the longest of them; shorter ones count as if zeros followed.
// kNot takes one source. `result` owns its bytes: no source may point into it.
void CombineBits(BitOperation operation, std::span<const std::string_view> sources,
                 std::string& result);

}  // namespace corelane::base
