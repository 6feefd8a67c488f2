#include "checkpoint_walk.h"

#include <string>
#include <utility>

#include "base/status_macros.h"

namespace corelane::wal {

CheckpointWalk::CheckpointWalk(env::FileSystem& files, LaneIdentity lane, const LaneLog& log,
                               uint64_t number)
    : files_(files),
      lane_(std::move(lane)),
      start_{.number = number,
             .salt = number * 1000003,
             .seq = log.last_seq(),
             .first_segment = log.segment()} {}

Status CheckpointWalk::Step(const LaneState& state, const LaneLog& log) {
  if (file_ == nullptr) {
    Result<std::unique_ptr<CheckpointFile>> file = CheckpointFile::Create(files_, lane_, start_);
    if (!file.ok()) return file.status();
    file_ = std::move(*file);
  }
  std::string raw;
  uint32_t entries = 0;
  auto entry = state.entries().lower_bound(next_key_);
  for (; entry != state.entries().end() && entries < kEntriesAtOnce; ++entry) {
    const kv::ValueView value = entry->second.View();
    std::string bytes(CheckpointEntryBytes(entry->first, value), '\0');
    EncodeCheckpointEntry(entry->first, value, bytes.data());
    raw += bytes;
    ++entries;
    next_key_ = entry->first + '\0';
  }
  if (entry == state.entries().end()) {
    walked_ = true;
    end_seq_ = log.last_seq();
  }
  return entries == 0 ? OkStatus() : file_->Append(raw, entries);
}

Status CheckpointWalk::Commit() {
  RETURN_IF_ERROR(file_->Commit(end_seq_));
  return RemoveBeforeCheckpoint(files_, lane_, start_.number, start_.first_segment);
}

}  // namespace corelane::wal
