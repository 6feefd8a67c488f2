#pragma once

// LaneIdentity: where a lane's files are, and what their headers have to say. A plain value.

#include <cstdint>
#include <string>

namespace corelane::wal {

struct LaneIdentity {
  std::string directory;
  uint32_t lane = 0;
  uint64_t generation = 0;
};

}  // namespace corelane::wal
