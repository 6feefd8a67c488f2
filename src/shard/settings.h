#pragma once

// LaneSettings: what CONFIG SET may change while the server runs. Every lane has its own, which it
// alone reads and writes: CONFIG SET tells all lanes, and each changes its own between two
// requests.

#include <cstdint>

namespace corelane::shard {

inline constexpr int64_t kSlowlogMicrosDefault = 10'000;
inline constexpr int64_t kSlowlogEntriesDefault = 128;

struct LaneSettings {
  int64_t idle_timeout_ms = 0;                             // 0: connections may idle for ever
  int64_t slowlog_slower_than_us = kSlowlogMicrosDefault;  // negative: nothing is logged
  int64_t slowlog_entries_max = kSlowlogEntriesDefault;
  bool latency_tracking = true;
  bool active_expiry = true;  // DEBUG SET-ACTIVE-EXPIRE
  // CLIENT PAUSE. Until this moment (monotonic) requests wait: all of them, or those that write. 0:
  // there is no pause.
  int64_t paused_until_ms = 0;
  bool pause_is_for_writes = false;
};

}  // namespace corelane::shard
