#pragma once

// FrameRing: the memory in which a lane's frames wait for their write, in the ways that write. It
// holds a window of the log as it will stand in the segments: the segments one behind the other,
// each with its header, frames from there on, and zeros where the last frame did not fit. A
// *position* counts bytes from the start of the first segment.
//
// Owned by a way. The lane appends and frees; another thread may read the bytes in front of a
// position that the lane has published to it, and those the lane then leaves alone until it has
// freed them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "kv/value.h"
#include "wal/format.h"

namespace corelane::bench {

class FrameRing {
 public:
  // Also what O_DIRECT wants offsets and addresses to be multiples of.
  static constexpr size_t kBlockBytes = 4096;
  static constexpr size_t kBytes = size_t{8} << 20;
  // The same one every time: only tests read these segments, and theirs are new.
  static constexpr uint64_t kSalt = 0x1122334455667788;

  static constexpr uint32_t kLane = 0;
  static constexpr uint64_t kGeneration = 1;

  // A multiple of kBytes, so that a segment ends where the memory does.
  explicit FrameRing(uint64_t segment_bytes)
      : segment_bytes_(segment_bytes), blocks_(std::make_unique<Block[]>(kBytes / kBlockBytes)) {
    CHECK(segment_bytes > 0 && segment_bytes % kBytes == 0);
  }

  // Its sequence number; 0 when it is full.
  uint64_t Append(std::string_view key, const kv::ValueView& value) {
    const wal::Frame frame{
        .type = wal::PutTypeOf(value), .seq = last_seq_ + 1, .key = key, .value = value};
    const size_t size = wal::EncodedFrameBytes(frame);
    const uint64_t left = segment_bytes_ - end_ % segment_bytes_;
    const uint64_t gap = size > left ? left : 0;
    if (end_ + gap + wal::kSegmentHeaderBytes + size - freed_ > kBytes) return 0;
    std::memset(At(end_), 0, gap);
    end_ += gap;
    if (end_ % segment_bytes_ == 0) StoreHeader();
    Store(frame, size);
    return ++last_seq_;
  }

  [[nodiscard]] uint64_t end() const { return end_; }
  [[nodiscard]] uint64_t last_seq() const { return last_seq_; }
  [[nodiscard]] uint64_t segment_bytes() const { return segment_bytes_; }

  // What stands from `from` on, to `to` or where the memory ends, whichever comes first: a segment
  // that ends in between ends there too.
  [[nodiscard]] std::string_view Piece(uint64_t from, uint64_t to) const {
    return {At(from), std::min<uint64_t>(to - from, kBytes - from % kBytes)};
  }

  // Everything before `position` may be overwritten.
  void Free(uint64_t position) { freed_ = position; }

 private:
  struct alignas(kBlockBytes) Block {
    char bytes[kBlockBytes];
  };

  [[nodiscard]] char* At(uint64_t position) const {
    return reinterpret_cast<char*>(blocks_.get()) + position % kBytes;
  }

  void StoreHeader() {
    wal::EncodeSegmentHeader({.lane = kLane,
                              .generation = kGeneration,
                              .number = end_ / segment_bytes_ + 1,
                              .salt = kSalt},
                             At(end_));
    end_ += wal::kSegmentHeaderBytes;
  }

  void Store(const wal::Frame& frame, size_t size) {
    const uint64_t seed = wal::FrameChecksumSeed(kSalt, end_ % segment_bytes_);
    const size_t left = kBytes - end_ % kBytes;
    if (size <= left) {
      wal::EncodeFrame(frame, seed, At(end_));
    } else {
      scratch_.resize(size);
      wal::EncodeFrame(frame, seed, scratch_.data());
      std::memcpy(At(end_), scratch_.data(), left);
      std::memcpy(At(end_ + left), scratch_.data() + left, size - left);
    }
    end_ += size;
  }

  const uint64_t segment_bytes_;
  const std::unique_ptr<Block[]> blocks_;
  std::vector<char> scratch_;  // for a frame over the end of the memory
  uint64_t end_ = 0;
  uint64_t freed_ = 0;
  uint64_t last_seq_ = 0;
};

}  // namespace corelane::bench
