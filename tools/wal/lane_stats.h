#pragma once

// LaneStats: what a lane's checkpoint and log are made of, counted while they are read.
// StatsVisitor follows which entries and frames still matter: the last put of a key with the expiry
// and the marks that were given to it since. Everything else is garbage, which the next checkpoint
// leaves out.
//
// Keys are told apart by 64 bits of their hash, so that the memory is that of the numbers and not
// of the keys; two keys with the same hash count as one, which is not to be expected below some
// hundred millions. One thread.

#include <corelane/status.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "wal/segment_reader.h"

namespace corelane::wal_tool {

inline constexpr size_t kFrameTypesMax = 16;

struct SegmentStats {
  uint64_t number = 0;
  uint64_t file_bytes = 0;
  uint64_t header_durable_seq = 0;  // as its header says
  uint64_t frames = 0;
  uint64_t frame_bytes = 0;
  uint64_t first_seq = 0;  // 0: no frame
  uint64_t last_seq = 0;
  // Of the values in it, as they say when they were created; the first is above the last when there
  // is none.
  uint32_t first_created_s = std::numeric_limits<uint32_t>::max();
  uint32_t last_created_s = 0;
};

struct CheckpointStats {
  uint64_t number = 0;  // 0: there is none
  uint64_t file_bytes = 0;
  uint64_t seq = 0;  // where the log was when it was begun
  uint64_t first_segment = 0;
};

struct LaneStats {
  uint64_t checkpoint_bytes = 0;  // of the file
  uint64_t entries = 0;
  uint64_t entry_bytes = 0;  // without compression
  uint64_t files = 0;
  uint64_t file_bytes = 0;
  std::array<uint64_t, kFrameTypesMax> frames_by_type{};
  uint64_t frames = 0;
  uint64_t frame_bytes = 0;
  uint64_t live_keys = 0;
  uint64_t live_bytes = 0;    // of the entries and frames that make the live keys
  uint64_t expired_keys = 0;  // there, but past their expiry: not live
  uint32_t first_created_s = std::numeric_limits<uint32_t>::max();
  uint32_t last_created_s = 0;

  [[nodiscard]] uint64_t garbage_bytes() const { return entry_bytes + frame_bytes - live_bytes; }
  [[nodiscard]] bool has_times() const { return first_created_s <= last_created_s; }
  void Add(const LaneStats& other);
};

class StatsVisitor final : public wal::FrameVisitor {
 public:
  [[nodiscard]] Status OnFrame(const wal::Frame& frame) override;
  [[nodiscard]] Status OnCheckpoint(const wal::CheckpointHeader& header,
                                    uint64_t file_bytes) override;
  [[nodiscard]] Status OnEntry(const wal::Frame& entry, uint64_t block_offset) override;
  [[nodiscard]] Status OnSegment(const wal::SegmentHeader& header, uint64_t file_bytes) override;
  [[nodiscard]] Status OnFrameAt(const wal::Frame& frame, uint64_t offset) override;

  // The counts of entries and frames; files are for the caller to fill in. Keys that have expired
  // before `now_ms` are not live.
  [[nodiscard]] LaneStats Sum(int64_t now_ms) const;
  [[nodiscard]] const CheckpointStats& checkpoint() const { return checkpoint_; }
  [[nodiscard]] const std::vector<SegmentStats>& segments() const { return segments_; }
  // The highest that a mark or a header named.
  [[nodiscard]] uint64_t durable_seq() const { return durable_seq_; }

 private:
  // Bytes of the entry and the frames that make a key what it is. Each is shorter than 4 GiB.
  struct Key {
    uint32_t put_bytes = 0;
    uint32_t expiry_bytes = 0;
    uint32_t marks_bytes = 0;
    kv::ExpiryMillis expires_at = kv::kNoExpiry;
  };

  CheckpointStats checkpoint_;
  uint64_t entries_ = 0;
  uint64_t entry_bytes_ = 0;
  std::vector<SegmentStats> segments_;
  std::array<uint64_t, kFrameTypesMax> frames_by_type_{};
  uint64_t durable_seq_ = 0;
  absl::flat_hash_map<uint64_t, Key> keys_;
};

}  // namespace corelane::wal_tool
