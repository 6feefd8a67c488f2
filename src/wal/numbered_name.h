#pragma once

// The names of numbered files in a lane's directory: twelve digits and what kind of file it is.
// Pure functions, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "base/absl_view.h"

namespace corelane::wal {

inline constexpr size_t kNameDigits = 12;

[[nodiscard]] inline std::string NumberedName(uint64_t number, std::string_view suffix) {
  return absl::StrFormat("%012u%s", number, base::ToAbsl(suffix));
}

// 0 when the name is not twelve digits and `suffix`.
[[nodiscard]] inline uint64_t NumberOfName(std::string_view name, std::string_view suffix) {
  if (name.size() != kNameDigits + suffix.size() || !name.ends_with(suffix)) return 0;
  uint64_t number = 0;
  for (const char digit : name.substr(0, kNameDigits)) {
    if (digit < '0' || digit > '9') return 0;
    number = number * 10 + static_cast<uint64_t>(digit - '0');
  }
  return number;
}

}  // namespace corelane::wal
