#pragma once

// Crc64: the checksum at the end of redis's dumps, which others must be able to check. For our own
// files there is base::Checksum32, which is faster and better.
//
// Its polynomial is Jones's, 0xad93d23594c935a9, with bits taken lowest first, starting at 0 and
// not inverted at the end; "123456789" gives 0xe9c6d914c4b8d9ca. Pure; any thread.

#include <cstdint>
#include <string_view>

namespace corelane::base {

[[nodiscard]] uint64_t Crc64(std::string_view bytes);

}  // namespace corelane::base
