#pragma once

// How the blocks of a checkpoint are compressed: LZ4, whose figures stand in WAL_FORMAT.md. Pure
// functions over bytes, any thread.

#include <cstddef>
#include <span>
#include <string_view>

namespace corelane::wal {

// What CompressBlock needs room for at the most, whatever the bytes are.
[[nodiscard]] size_t CompressedBytesMax(size_t raw_bytes);

// Returns how many bytes it made in `to`, which has CompressedBytesMax(raw.size()).
[[nodiscard]] size_t CompressBlock(std::string_view raw, char* to);

// False when `stored` does not give exactly raw.size() bytes. Reads and writes nothing outside the
// two, whatever the bytes are.
[[nodiscard]] bool DecompressBlock(std::string_view stored, std::span<char> raw);

}  // namespace corelane::wal
