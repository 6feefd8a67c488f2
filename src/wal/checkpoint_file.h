#pragma once

// CheckpointFile: one checkpoint of a lane while it is written. It has another name until it is
// whole and on stable storage, so that a file with the name of a checkpoint always is; a crash, or
// an object that goes without Commit(), leaves nothing that counts.
//
// What the caller sees to: the entries are those of a walk over all that the lane holds, begun when
// its log was at `seq`; and Commit(end_seq) comes after the log is on stable storage up to end_seq,
// which is where it was when the walk ended. Then the checkpoint and the frames behind `seq` give
// the state, and the segments before `first_segment` can go (RemoveBeforeCheckpoint).
//
// Owned by whoever writes it, used by one thread at a time, which waits for the disk here: never a
// lane's. After a failure every further call gives the same failure.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "env/file_system.h"
#include "wal/checkpoint_format.h"
#include "wal/lane_identity.h"

namespace corelane::wal {

struct CheckpointStart {
  uint64_t number = 0;         // the next one; the first is 1
  uint64_t salt = 0;           // random
  uint64_t seq = 0;            // the last frame of the log when the walk begins
  uint64_t first_segment = 0;  // no segment before it has a frame behind seq
  bool in_database = false;    // the lane's database has the entries; nothing is appended
};

class CheckpointFile {
 public:
  // So much is written between two syncs, to keep the last one short.
  static constexpr uint64_t kSyncEveryBytes = uint64_t{8} << 20;

  [[nodiscard]] static Result<std::unique_ptr<CheckpointFile>> Create(env::FileSystem& files,
                                                                      const LaneIdentity& lane,
                                                                      const CheckpointStart& start);

  // Use Create.
  CheckpointFile(env::FileSystem& files, const LaneIdentity& lane, const CheckpointStart& start);
  CheckpointFile(const CheckpointFile&) = delete;
  CheckpointFile& operator=(const CheckpointFile&) = delete;
  // Not committed: the file goes.
  ~CheckpointFile();

  // One block of `entries` encoded entries: at most kCheckpointBlockBytesMax, or a single entry.
  [[nodiscard]] Status Append(std::string_view raw, uint32_t entries);

  // Ends the file, makes it durable and gives it its name. OK: it is the checkpoint that the next
  // start reads, whatever happens. Once, as the last call.
  [[nodiscard]] Status Commit(uint64_t end_seq);

  // Written so far, and how many entries of all blocks.
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] uint64_t entries() const { return entries_; }

 private:
  [[nodiscard]] Status Begin();
  [[nodiscard]] Status DoAppend(std::string_view raw, uint32_t entries);
  [[nodiscard]] Status DoCommit(uint64_t end_seq);
  // Writes the block whose payload stands in block_ behind the room for its header.
  [[nodiscard]] Status WriteBlock(const BlockHeader& header);
  void MakeBlock(size_t payload_bytes);

  env::FileSystem& files_;
  const std::string directory_;
  const CheckpointHeader header_;
  std::unique_ptr<env::File> file_;
  bool unfinished_ = false;  // there is a file with the unfinished name
  Status status_;            // the first failure
  uint64_t bytes_ = 0;
  uint64_t synced_bytes_ = 0;
  uint64_t entries_ = 0;
  std::unique_ptr<char[]> block_;
  size_t block_capacity_ = 0;
};

// After a Commit() of checkpoint `number`: removes the checkpoints before it and the segments
// before `first_segment`. In any order and without a sync, as what a crash brings back of them
// counts for nothing and goes at the next start.
[[nodiscard]] Status RemoveBeforeCheckpoint(env::FileSystem& files, const LaneIdentity& lane,
                                            uint64_t number, uint64_t first_segment);

}  // namespace corelane::wal
