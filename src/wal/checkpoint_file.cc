#include "wal/checkpoint_file.h"

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status_macros.h"
#include "wal/block_codec.h"
#include "wal/format.h"

namespace corelane::wal {
namespace {

std::string PathIn(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

}  // namespace

Result<std::unique_ptr<CheckpointFile>> CheckpointFile::Create(env::FileSystem& files,
                                                               const LaneIdentity& lane,
                                                               const CheckpointStart& start) {
  auto checkpoint = std::make_unique<CheckpointFile>(files, lane, start);
  RETURN_IF_ERROR(checkpoint->Begin());
  return checkpoint;
}

CheckpointFile::CheckpointFile(env::FileSystem& files, const LaneIdentity& lane,
                               const CheckpointStart& start)
    : files_(files),
      directory_(lane.directory),
      header_{.lane = lane.lane,
              .generation = lane.generation,
              .number = start.number,
              .salt = start.salt,
              .seq = start.seq,
              .first_segment = start.first_segment,
              .in_database = start.in_database} {}

CheckpointFile::~CheckpointFile() {
  if (!unfinished_) return;
  // Without its name the file means nothing; when removing it fails too, the next start does it.
  [[maybe_unused]] const Status ignored =
      files_.Remove(PathIn(directory_, UnfinishedCheckpointName(header_.number)));
}

Status CheckpointFile::Begin() {
  CHECK(header_.number != 0 && header_.first_segment != 0);
  const std::string path = PathIn(directory_, UnfinishedCheckpointName(header_.number));
  // One may be left of a failure whose file could not be removed.
  if (const Status removed = files_.Remove(path);
      !removed.ok() && removed.code() != StatusCode::kNotFound) {
    return removed;
  }
  Result<std::unique_ptr<env::File>> file = files_.Open(path, env::OpenMode::kCreateNew);
  if (!file.ok()) return file.status();
  unfinished_ = true;
  file_ = std::move(*file);
  std::array<char, kCheckpointHeaderBytes> bytes;
  EncodeCheckpointHeader(header_, bytes.data());
  RETURN_IF_ERROR(file_->WriteAt(0, {bytes.data(), bytes.size()}));
  bytes_ = bytes.size();
  return OkStatus();
}

void CheckpointFile::MakeBlock(size_t payload_bytes) {
  const size_t wanted = kBlockHeaderBytes + payload_bytes;
  if (wanted <= block_capacity_) return;
  block_ = std::make_unique_for_overwrite<char[]>(wanted);
  block_capacity_ = wanted;
}

Status CheckpointFile::WriteBlock(const BlockHeader& header) {
  EncodeBlockHeader(header, BlockChecksumSeed(header_.salt, bytes_), block_.get());
  const size_t block_bytes = kBlockHeaderBytes + header.stored_bytes;
  RETURN_IF_ERROR(file_->WriteAt(bytes_, {block_.get(), block_bytes}));
  bytes_ += block_bytes;
  entries_ += header.entries;
  return OkStatus();
}

Status CheckpointFile::Append(std::string_view raw, uint32_t entries) {
  if (status_.ok()) status_ = DoAppend(raw, entries);
  return status_;
}

Status CheckpointFile::DoAppend(std::string_view raw, uint32_t entries) {
  CHECK(file_ != nullptr && entries != 0);
  CHECK(raw.size() <= (entries == 1 ? kCheckpointEntryBytesMax : kCheckpointBlockBytesMax));
  MakeBlock(CompressedBytesMax(raw.size()));
  char* const payload = block_.get() + kBlockHeaderBytes;
  BlockHeader header{.stored_bytes = static_cast<uint32_t>(CompressBlock(raw, payload)),
                     .raw_bytes = static_cast<uint32_t>(raw.size()),
                     .entries = entries,
                     .codec = BlockCodec::kLz4};
  if (header.stored_bytes >= header.raw_bytes) {
    header.codec = BlockCodec::kNone;
    header.stored_bytes = header.raw_bytes;
    std::memcpy(payload, raw.data(), raw.size());
  }
  RETURN_IF_ERROR(WriteBlock(header));
  // One large value is not worth keeping its room.
  if (block_capacity_ > 2 * kCheckpointBlockBytesMax) {
    block_.reset();
    block_capacity_ = 0;
  }
  if (bytes_ - synced_bytes_ < kSyncEveryBytes) return OkStatus();
  synced_bytes_ = bytes_;
  return file_->Sync();
}

Status CheckpointFile::Commit(uint64_t end_seq) {
  if (status_.ok()) status_ = DoCommit(end_seq);
  return status_;
}

Status CheckpointFile::DoCommit(uint64_t end_seq) {
  CHECK(file_ != nullptr && end_seq >= header_.seq);
  MakeBlock(kCheckpointEndBytes);
  EncodeCheckpointEnd({.entries = entries_, .end_seq = end_seq}, block_.get() + kBlockHeaderBytes);
  RETURN_IF_ERROR(WriteBlock({.stored_bytes = kCheckpointEndBytes,
                              .raw_bytes = kCheckpointEndBytes,
                              .type = BlockType::kEnd}));
  // The order is what makes a file with this name whole, and what comes before it superfluous:
  // 1. the bytes, 2. the name, 3. the name for good. Only then may anything else be removed.
  RETURN_IF_ERROR(file_->Sync());
  file_.reset();
  RETURN_IF_ERROR(files_.Rename(PathIn(directory_, UnfinishedCheckpointName(header_.number)),
                                PathIn(directory_, CheckpointName(header_.number))));
  unfinished_ = false;
  return files_.SyncDirectory(directory_);
}

Status RemoveBeforeCheckpoint(env::FileSystem& files, const LaneIdentity& lane, uint64_t number,
                              uint64_t first_segment) {
  Result<std::vector<std::string>> names = files.List(lane.directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const uint64_t checkpoint = CheckpointNumberOf(name);
    const uint64_t segment = SegmentNumberOf(name);
    const bool before =
        (checkpoint != 0 && checkpoint < number) || (segment != 0 && segment < first_segment);
    if (before) RETURN_IF_ERROR(files.Remove(PathIn(lane.directory, name)));
  }
  return OkStatus();
}

}  // namespace corelane::wal
