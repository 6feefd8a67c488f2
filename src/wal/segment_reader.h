#pragma once

// SegmentReader: reads one segment from its header to its end and hands every good frame to a
// visitor. It believes nothing: a length is held against what the file really has left before
// anything is loaded, and a frame is handed on only after its checksum, its type, its fields and
// its sequence number were right.
//
// It also looks behind a bad frame for good ones, which is how recovery tells a torn tail from
// damage (wal/recovery.h). Used by one thread, once per file. The file outlives the reader.

#include <corelane/status.h>

#include <cstdint>
#include <string>

#include "env/file_system.h"
#include "wal/file_window.h"
#include "wal/format.h"
#include "wal/frame_visitor.h"

namespace corelane::wal {

// Where a segment may begin, and from where on its frames are visited. Behind a checkpoint a log
// begins somewhere at or before the first frame that is wanted.
struct FrameRange {
  uint64_t first_min = 1;  // of the first frame
  uint64_t first_max = 1;
  uint64_t visit_from = 1;                // frames before are checked only
  uint64_t offset = kSegmentHeaderBytes;  // where it begins
  // A whole frame that contradicts itself is a bad one like any other, not a failure.
  bool tolerant = false;
};

struct SegmentSummary {
  bool clean = false;  // ended where the writer ended: at the end of the file, or with nothing but
                       // zeros behind
  std::string reason = {};   // when not clean: what is wrong at end_offset
  uint64_t end_offset = 0;   // behind the last good frame
  uint64_t next_seq = 0;     // would come next; without frames, the highest that could
  uint64_t frames = 0;       // marks included
  uint64_t durable_seq = 0;  // the highest that a mark named
};

// What stands behind a bad frame.
struct LaterFrames {
  uint64_t frames = 0;       // good ones with a later sequence number
  uint64_t durable_seq = 0;  // the highest that a mark among them named
};

class SegmentReader {
 public:
  // `name` is how messages call the file.
  SegmentReader(env::File& file, std::string name) : window_(file), name_(std::move(name)) {}

  // Reads the header. kCorruption, kIncompatible, kIoError.
  [[nodiscard]] Status Open();

  // After Open() failed with kCorruption: takes the header as it stands, wrong checksum or not. The
  // frames, if they are good with its salt, tell whether that was right. False when the file is too
  // short.
  [[nodiscard]] Result<bool> OpenAnyway();

  // After Open() failed with kCorruption: true when the file has nothing but zeros, hence was never
  // written to.
  [[nodiscard]] Result<bool> IsBlank();

  [[nodiscard]] const SegmentHeader& header() const { return header_; }
  [[nodiscard]] uint64_t file_bytes() const { return window_.file_bytes(); }

  // Visits the frames. A bad one is not a failure here but the end of the good ones; the caller
  // knows what it means. kIncompatible for a whole frame of an unknown type, kCorruption for a
  // whole one that contradicts itself.
  [[nodiscard]] Result<SegmentSummary> Read(const FrameRange& range, FrameVisitor& visitor);
  // The first one has the number `next_seq`.
  [[nodiscard]] Result<SegmentSummary> Read(uint64_t next_seq, FrameVisitor& visitor) {
    return Read({next_seq, next_seq, next_seq}, visitor);
  }

  // Looks for good frames at any place from `offset` on with sequence numbers from `next_seq` on.
  // Offsets only go up from call to call.
  [[nodiscard]] Result<LaterFrames> ScanFrom(uint64_t offset, uint64_t next_seq);

  // The offset of the first of these; 0 when there is none.
  [[nodiscard]] Result<uint64_t> FindFrame(uint64_t offset, uint64_t next_seq);

 private:
  [[nodiscard]] Status At(uint64_t offset, size_t count, const char*& bytes);
  [[nodiscard]] Result<bool> OnlyZerosFrom(uint64_t offset);
  struct Found {
    uint64_t offset = 0;  // 0: there is none
    uint64_t end_offset = 0;
    uint64_t durable_seq = 0;
  };
  // `checksum_bytes` counts what has been tried in vain or not, over several calls.
  [[nodiscard]] Result<Found> FindNext(uint64_t offset, uint64_t next_seq,
                                       uint64_t& checksum_bytes);
  [[nodiscard]] Status Judge(FrameVerdict verdict, bool tolerant, SegmentSummary& summary) const;
  [[nodiscard]] static bool Follows(uint64_t seq, const FrameRange& range, SegmentSummary& summary);
  [[nodiscard]] Status EndAtZeroLength(SegmentSummary& summary);

  FileWindow window_;
  const std::string name_;
  SegmentHeader header_;
};

}  // namespace corelane::wal
