#pragma once

// PlannedBatch: some requests of one connection and, once Shard::Plan() has seen them, what each
// needs. Planning is apart from executing so that the table slots of many requests, of many
// connections, can be on their way into the cache before the first is executed.
//
// A plain object, kept for reuse. One thread. The requests point into received bytes, which must
// stay until they were executed.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kv/request.h"

namespace corelane::shard {

struct Command;

struct RequestPlan {
  enum class Kind : uint8_t { kHere, kOneLane, kSplitKeys, kAllLanes, kRefused };
  Kind kind = Kind::kRefused;
  const Command* command = nullptr;
  uint32_t lane = 0;
  uint32_t first_hash = 0;  // its hashes are [first_hash, first_hash + hash_count) of the batch's
  uint32_t hash_count = 0;
};

struct PlannedBatch {
  kv::RequestBatch requests;
  std::vector<RequestPlan> plans;  // one for each request
  std::vector<uint64_t> hashes;    // one for each key

  void Clear() {
    requests.Clear();
    plans.clear();
    hashes.clear();
  }
  [[nodiscard]] std::span<const uint64_t> HashesOf(const RequestPlan& plan) const {
    return std::span(hashes).subspan(plan.first_hash, plan.hash_count);
  }
};

}  // namespace corelane::shard
