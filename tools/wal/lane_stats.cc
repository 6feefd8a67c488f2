#include "wal/lane_stats.h"

#include <algorithm>

#include "base/hash.h"
#include "wal/format.h"

namespace corelane::wal_tool {

void LaneStats::Add(const LaneStats& other) {
  checkpoint_bytes += other.checkpoint_bytes;
  entries += other.entries;
  entry_bytes += other.entry_bytes;
  files += other.files;
  file_bytes += other.file_bytes;
  for (size_t type = 0; type < kFrameTypesMax; ++type) {
    frames_by_type[type] += other.frames_by_type[type];
  }
  frames += other.frames;
  frame_bytes += other.frame_bytes;
  live_keys += other.live_keys;
  live_bytes += other.live_bytes;
  expired_keys += other.expired_keys;
  first_created_s = std::min(first_created_s, other.first_created_s);
  last_created_s = std::max(last_created_s, other.last_created_s);
}

Status StatsVisitor::OnCheckpoint(const wal::CheckpointHeader& header, uint64_t file_bytes) {
  checkpoint_ = {.number = header.number,
                 .file_bytes = file_bytes,
                 .seq = header.seq,
                 .first_segment = header.first_segment};
  return OkStatus();
}

Status StatsVisitor::OnEntry(const wal::Frame& entry, uint64_t /*block_offset*/) {
  const auto bytes = static_cast<uint32_t>(wal::CheckpointEntryBytes(entry.key, entry.value));
  ++entries_;
  entry_bytes_ += bytes;
  keys_[base::KeyHash(entry.key, 0)] = {.put_bytes = bytes, .expires_at = entry.value.expires_at};
  return OkStatus();
}

Status StatsVisitor::OnSegment(const wal::SegmentHeader& header, uint64_t file_bytes) {
  segments_.push_back({.number = header.number,
                       .file_bytes = file_bytes,
                       .header_durable_seq = header.durable_seq});
  durable_seq_ = std::max(durable_seq_, header.durable_seq);
  return OkStatus();
}

Status StatsVisitor::OnFrameAt(const wal::Frame& frame, uint64_t /*offset*/) {
  SegmentStats& segment = segments_.back();
  if (segment.frames++ == 0) segment.first_seq = frame.seq;
  segment.last_seq = frame.seq;
  segment.frame_bytes += wal::EncodedFrameBytes(frame);
  // Only values have one.
  if (const uint32_t created_s = frame.value.created_at_s; created_s != 0) {
    segment.first_created_s = std::min(segment.first_created_s, created_s);
    segment.last_created_s = std::max(segment.last_created_s, created_s);
  }
  ++frames_by_type_.at(static_cast<size_t>(frame.type));
  durable_seq_ = std::max(durable_seq_, frame.durable_seq);
  return OnFrame(frame);
}

Status StatsVisitor::OnFrame(const wal::Frame& frame) {
  const auto bytes = static_cast<uint32_t>(wal::EncodedFrameBytes(frame));
  const uint64_t hash = base::KeyHash(frame.key, 0);
  switch (frame.type) {
    case wal::FrameType::kPut:
    case wal::FrameType::kPutExpiring:
    case wal::FrameType::kPutNoted:
      keys_[hash] = {.put_bytes = bytes, .expires_at = frame.value.expires_at};
      break;
    case wal::FrameType::kErase:
      keys_.erase(hash);
      break;
    case wal::FrameType::kExpiry:
      if (const auto key = keys_.find(hash); key != keys_.end()) {
        key->second.expiry_bytes = bytes;
        key->second.expires_at = frame.value.expires_at;
      }
      break;
    case wal::FrameType::kMarks:
      if (const auto key = keys_.find(hash); key != keys_.end()) key->second.marks_bytes = bytes;
      break;
    case wal::FrameType::kClear:
      keys_.clear();
      break;
    case wal::FrameType::kDurableMark:
    case wal::FrameType::kCheckpointBegin:
    case wal::FrameType::kCheckpointEnd:
      break;
  }
  return OkStatus();
}

LaneStats StatsVisitor::Sum(int64_t now_ms) const {
  LaneStats sum;
  sum.checkpoint_bytes = checkpoint_.file_bytes;
  sum.entries = entries_;
  sum.entry_bytes = entry_bytes_;
  sum.frames_by_type = frames_by_type_;
  for (const SegmentStats& segment : segments_) {
    sum.frames += segment.frames;
    sum.frame_bytes += segment.frame_bytes;
    sum.first_created_s = std::min(sum.first_created_s, segment.first_created_s);
    sum.last_created_s = std::max(sum.last_created_s, segment.last_created_s);
  }
  for (const auto& [hash, key] : keys_) {
    if (key.expires_at <= now_ms) {
      ++sum.expired_keys;
      continue;
    }
    ++sum.live_keys;
    sum.live_bytes += uint64_t{key.put_bytes} + key.expiry_bytes + key.marks_bytes;
  }
  return sum;
}

}  // namespace corelane::wal_tool
