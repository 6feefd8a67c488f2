#pragma once

// The parts of a meta command (mg ms md ma me) that the codec has to understand: its flags, and a
// key given in base64. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kv/memcache.h"

namespace corelane::proto {

// An opaque longer than this, with its 'O', is refused.
inline constexpr size_t kMetaOpaqueBytesMax = 32;

// Reads the flags of a meta command. Null: all is well. Otherwise the error that memcached's mg and
// ms have for them.
[[nodiscard]] const char* ParseMetaFlags(std::span<const std::string_view> flags,
                                         kv::MemcacheOptions& options);

// True when an opaque is too long.
[[nodiscard]] bool HasLongOpaque(std::span<const std::string_view> flags);

// Decodes as memcached does: bytes that are no digits are passed over, and what follows the padding
// is not looked at. False when nothing comes of it.
[[nodiscard]] bool DecodeBase64(std::string_view text, std::string& bytes);

}  // namespace corelane::proto
