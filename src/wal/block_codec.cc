#include "wal/block_codec.h"

#include <lz4.h>

#include <span>
#include <string_view>

namespace corelane::wal {

size_t CompressedBytesMax(size_t raw_bytes) {
  return static_cast<size_t>(LZ4_compressBound(static_cast<int>(raw_bytes)));
}

size_t CompressBlock(std::string_view raw, char* to) {
  const int raw_bytes = static_cast<int>(raw.size());
  return static_cast<size_t>(
      LZ4_compress_default(raw.data(), to, raw_bytes, LZ4_compressBound(raw_bytes)));
}

bool DecompressBlock(std::string_view stored, std::span<char> raw) {
  const int made = LZ4_decompress_safe(stored.data(), raw.data(), static_cast<int>(stored.size()),
                                       static_cast<int>(raw.size()));
  return made >= 0 && static_cast<size_t>(made) == raw.size();
}

}  // namespace corelane::wal
