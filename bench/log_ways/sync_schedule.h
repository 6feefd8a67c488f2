#pragma once

// SyncSchedule: when a way is to sync, as its mode says; the same for all of them, and the same as
// in wal/log_helper.h. Used by whichever thread syncs.

#include <algorithm>
#include <cstdint>

#include "wal/lane_log.h"
#include "wal/log_helper.h"

namespace corelane::bench {

class SyncSchedule {
 public:
  SyncSchedule(wal::FsyncMode mode, int64_t now_ns) : mode_(mode), last_ns_(now_ns) {}

  // `dirty`: there is something that is not durable.
  [[nodiscard]] bool Due(bool dirty, int64_t now_ns) const {
    if (!dirty || mode_ == wal::FsyncMode::kOs) return false;
    return mode_ == wal::FsyncMode::kAlways ||
           now_ns - last_ns_ >= wal::LogHelper::kSyncPeriodNanos;
  }
  void Began(int64_t now_ns) { last_ns_ = now_ns; }

  // For how long a helper has nothing to do when nobody rings.
  [[nodiscard]] int64_t WaitNanos(int64_t now_ns) const {
    constexpr int64_t kShortest = 1'000'000;
    const int64_t left = last_ns_ + wal::LogHelper::kSyncPeriodNanos - now_ns;
    return std::clamp(left, kShortest, wal::LogHelper::kSyncPeriodNanos);
  }

 private:
  const wal::FsyncMode mode_;
  int64_t last_ns_;
};

}  // namespace corelane::bench
