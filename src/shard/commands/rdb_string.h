#pragma once

// The payload of redis's DUMP and RESTORE, as far as it holds a string:
//
//   size   field
//   1      00, the type of a string
//   ...    the string: a length and that many bytes, an integer, or compressed bytes
//   2      version of the format, little-endian; redis 7.0 writes 10
//   8      base::Crc64 of all before it, little-endian
//
// A length L begins with a byte whose two highest bits say how it goes on:
//
//   00     the other six bits are L
//   01     the other six bits and the next byte are L, highest first
//   10     80: the next four bytes are L; 81: the next eight; highest first
//   11     not a length: c0, c1, c2: an integer of 1, 2, 4 bytes, little-endian, follows, which
//          stands for its decimal text. c3: two lengths, of the compressed and of the original
//          bytes, and the compressed bytes (LZF).
//
// LZF is a row of pieces, each of which begins with a byte c. Below 20 (hexadecimal) the next c + 1
// bytes are copied. Otherwise the highest three bits of c (and, when they are 7, the next byte on
// top of them) plus 2 are the number of bytes that are repeated from further up in the original;
// how far up: the low five bits of c and the next byte, highest first, plus 1.
//
// Worked example, "hello": 00 05 68 65 6c 6c 6f 0a 00 63 72 df 76 65 34 20 0a
//
// Pure functions; any thread. A payload comes from a client, so every byte of it is doubted.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace corelane::shard {

inline constexpr uint16_t kRdbVersion = 10;

// The payload of a string. Text that is an integer of 32 bits is written as such; nothing is
// compressed.
[[nodiscard]] std::string DumpString(std::string_view text);

// True when the checksum is right and the version is one that we can read.
[[nodiscard]] bool IsDumpSound(std::string_view payload);

// The string of a payload, or nothing when it does not hold one or the string is longer than
// `bytes_max`. What the caller promises: IsDumpSound().
[[nodiscard]] std::optional<std::string> RestoreString(std::string_view payload,
                                                       uint64_t bytes_max);

// How long the string says it is, before it is looked at; 0 when it does not say, or when what
// there is of it cannot come to that.
[[nodiscard]] uint64_t AnnouncedStringBytes(std::string_view payload);

}  // namespace corelane::shard
