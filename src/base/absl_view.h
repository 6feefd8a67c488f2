#pragma once

// Debian's abseil is built with a string_view of its own that does not convert from
// std::string_view. corelane speaks std::string_view everywhere; this is the one place where the
// two meet.

#include <string_view>

#include "absl/strings/string_view.h"

namespace corelane::base {

inline absl::string_view ToAbsl(std::string_view text) {
  return absl::string_view(text.data(), text.size());
}

inline std::string_view FromAbsl(absl::string_view text) {
  return std::string_view(text.data(), text.size());
}

}  // namespace corelane::base
