#pragma once

// FrameVisitor: gets what a lane's files hold, in the order in which it makes up the lane's state:
// the entries of its checkpoint, if there is one, and then the changes of its log: puts, erases,
// expiries, clears. Whoever reads calls it, on its own thread.

#include <corelane/status.h>

#include <cstdint>

#include "wal/checkpoint_format.h"
#include "wal/format.h"

namespace corelane::wal {

// What a Frame points to is gone after the call. Anything but OK ends the reading and becomes its
// result.
class FrameVisitor {
 public:
  virtual ~FrameVisitor() = default;
  [[nodiscard]] virtual Status OnFrame(const Frame& frame) = 0;

  // For whoever wants to know where things are. A file comes before what is in it.
  [[nodiscard]] virtual Status OnCheckpoint(const CheckpointHeader& header, uint64_t file_bytes) {
    static_cast<void>(header), static_cast<void>(file_bytes);
    return OkStatus();
  }
  [[nodiscard]] virtual Status OnSegment(const SegmentHeader& header, uint64_t file_bytes) {
    static_cast<void>(header), static_cast<void>(file_bytes);
    return OkStatus();
  }
  // An entry of the checkpoint, as the put that makes it, with the checkpoint's sequence number.
  // `block_offset` is where its block stands.
  [[nodiscard]] virtual Status OnEntry(const Frame& entry, uint64_t block_offset) {
    static_cast<void>(block_offset);
    return OnFrame(entry);
  }
  // Every frame that counts, durable marks included, with its place in the segment.
  [[nodiscard]] virtual Status OnFrameAt(const Frame& frame, uint64_t offset) {
    static_cast<void>(offset);
    return frame.type == FrameType::kDurableMark ? OkStatus() : OnFrame(frame);
  }
};

}  // namespace corelane::wal
