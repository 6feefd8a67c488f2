#include "loadgen/operation.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace corelane::loadgen {

std::string_view OpName(OpKind kind) {
  constexpr std::array<std::string_view, kOpKinds> kNames = {
      "read",   "update", "insert", "multi-read", "multi-write", "read-modify-write",
      "delete", "expire", "replay"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace corelane::loadgen
