#pragma once

// PendingRequests: what a wire has asked and has no answer to yet, oldest first. Owned by a wire;
// one thread.

#include <cstdint>

#include "base/ring.h"

namespace corelane::loadgen {

enum class AskedKind : uint8_t {
  kOpen,
  kRead,
  kReadMany,
  kWrite,
  kWriteMany,
  kDelete,
  kExpire,
  kRaw,
};

struct Asked {
  AskedKind kind = AskedKind::kRead;
  uint32_t keys = 1;
};

using PendingRequests = base::Ring<Asked>;

}  // namespace corelane::loadgen
