#pragma once

// Little-endian integers in byte arrays, for every format on disk and on the wire. The caller has
// checked the bounds.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstring>

namespace corelane::base {

static_assert(std::endian::native == std::endian::little,
              "corelane runs on little-endian machines");

template <std::integral T>
[[nodiscard]] inline T LoadLittle(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <std::integral T>
inline void StoreLittle(char* to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace corelane::base
