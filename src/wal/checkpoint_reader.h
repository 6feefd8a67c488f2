#pragma once

// CheckpointReader: reads one checkpoint from its header to its end block and hands every entry to
// a visitor. It believes nothing: a length is held against what the file really has left before
// anything is loaded, and an entry is handed on only after the checksum of its block was right.
// Memory is that of one block.
//
// Used by one thread, once per file. The file outlives the reader.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "env/file_system.h"
#include "wal/checkpoint_format.h"
#include "wal/file_window.h"
#include "wal/frame_visitor.h"

namespace corelane::wal {

// A block that was read. The payload is gone with the next call.
struct StoredBlock {
  BlockHeader header;
  uint64_t offset = 0;
  uint64_t end_offset = 0;
  std::string_view payload = {};
};

class CheckpointReader {
 public:
  // `name` is how messages call the file.
  CheckpointReader(env::File& file, std::string name) : window_(file), name_(std::move(name)) {}

  // Reads the header. kCorruption, kIncompatible, kIoError.
  [[nodiscard]] Status Open();

  // After Open() failed with kCorruption: takes the header as it stands, wrong checksum or not. The
  // blocks, if they are good with its salt, tell whether that was right. False when the file is too
  // short.
  [[nodiscard]] Result<bool> OpenAnyway();

  [[nodiscard]] const CheckpointHeader& header() const { return header_; }
  [[nodiscard]] uint64_t file_bytes() const { return window_.file_bytes(); }

  // Visits all entries. The file had its name only when it was whole, so whatever is wrong with it
  // is damage: kCorruption naming the offset, kIncompatible for a whole block of an unknown type.
  [[nodiscard]] Result<CheckpointEnd> Read(FrameVisitor& visitor);

  // Piece by piece. `block` is set when the verdict is kGood. Offsets only go up from call to call.
  [[nodiscard]] Result<BlockVerdict> ReadBlock(uint64_t offset, StoredBlock& block);
  // The offset of the first good block from `offset` on; 0 when there is none.
  [[nodiscard]] Result<uint64_t> FindBlock(uint64_t offset);
  // Of a block of entries. kBadContent: it is whole and has not the entries that it announces;
  // those before the contradiction were handed on.
  [[nodiscard]] Result<BlockVerdict> VisitEntries(const StoredBlock& block, FrameVisitor& visitor);

 private:
  [[nodiscard]] Status At(uint64_t offset, size_t count, const char*& bytes);
  [[nodiscard]] Status Judge(BlockVerdict verdict, uint64_t offset) const;
  [[nodiscard]] Status Corrupt(uint64_t offset, std::string_view what) const;
  [[nodiscard]] Status CheckEnd(const StoredBlock& block, uint64_t entries) const;
  // The payload without compression; empty when it is not what the header announces.
  [[nodiscard]] std::string_view RawOf(const StoredBlock& block);

  FileWindow window_;
  const std::string name_;
  CheckpointHeader header_;
  std::unique_ptr<char[]> raw_;
  size_t raw_capacity_ = 0;
};

}  // namespace corelane::wal
