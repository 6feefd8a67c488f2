#include "wal/data_directory.h"

#include <corelane/limits.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "wal/checkpoint_format.h"
#include "wal/format.h"

namespace corelane::wal {
namespace {

constexpr std::string_view kLockName = "LOCK";
constexpr std::string_view kManifestName = "MANIFEST";
constexpr std::string_view kGenerationStart = "gen-";
// Of a generation that was damaged and that somebody may still want to look at.
constexpr std::string_view kKeptSuffix = ".damaged";

bool IsGeneration(const std::string& name) { return name.starts_with(kGenerationStart); }

std::string GenerationName(uint64_t generation) { return absl::StrFormat("gen-%06u", generation); }

// True when some lane below has a segment or a checkpoint.
Result<bool> HoldsLogs(env::FileSystem& files, const std::string& generation) {
  Result<std::vector<std::string>> lanes = files.List(generation);
  if (!lanes.ok()) return lanes.status();
  for (const std::string& lane : *lanes) {
    Result<std::vector<std::string>> names = files.List(generation + "/" + lane);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      if (SegmentNumberOf(name) != 0 || CheckpointNumberOf(name) != 0) return true;
    }
  }
  return false;
}

// The manifest is the last step of a creation, so generations without one are leftovers, but only
// as long as there is nothing in them.
Status CheckNoLogs(env::FileSystem& files, const std::string& path) {
  Result<std::vector<std::string>> names = files.List(path);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!IsGeneration(name)) continue;
    Result<bool> logs = HoldsLogs(files, path + "/" + name);
    if (!logs.ok()) return logs.status();
    if (*logs) {
      return Status(StatusCode::kCorruption,
                    "there are logs in " + name + " but no MANIFEST: restore it from a copy");
    }
  }
  return OkStatus();
}

// kBadArgument when a server would make a new data directory there, or could not.
Status CheckIsOurs(env::FileSystem& files, const std::string& path) {
  Result<bool> exists = files.Exists(path + "/" + std::string(kManifestName));
  if (!exists.ok() || *exists) return exists.status();
  exists = files.Exists(path);
  if (!exists.ok()) return exists.status();
  if (!*exists) return Status(StatusCode::kBadArgument, "there is no such directory");
  RETURN_IF_ERROR(CheckNoLogs(files, path));
  return Status(StatusCode::kBadArgument, "there is no MANIFEST in it, so it is none of corelane");
}

Status WithDirectory(const Status& status, const std::string& path) {
  return Status(status.code(), absl::StrFormat("data directory %s: %s", path, status.message()));
}

}  // namespace

Result<std::unique_ptr<DataDirectory>> DataDirectory::Open(env::FileSystem& files,
                                                           const env::Clock& clock,
                                                           const std::string& path,
                                                           const NewDirectory& fresh) {
  CHECK(fresh.lanes >= 1 && fresh.lanes <= kLanesMax);
  if (Status status = files.CreateDirectories(path); !status.ok()) {
    return WithDirectory(status, path);
  }
  Result<std::unique_ptr<env::FileLock>> lock = files.Lock(path + "/" + std::string(kLockName));
  if (lock.code() == StatusCode::kLocked) {
    return Status(StatusCode::kLocked,
                  "data directory " + path + " is in use by another corelane process");
  }
  if (!lock.ok()) return WithDirectory(lock.status(), path);
  auto directory = std::make_unique<DataDirectory>(files, path, std::move(lock).value());
  Result<bool> exists = files.Exists(path + "/" + std::string(kManifestName));
  if (!exists.ok()) return WithDirectory(exists.status(), path);
  Status status = *exists ? directory->ReadManifest(Use::kChange) : directory->Create(clock, fresh);
  if (status.ok() && *exists) status = directory->KeepManifest();
  if (!status.ok()) return WithDirectory(status, path);
  return directory;
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::OpenExisting(env::FileSystem& files,
                                                                   const std::string& path,
                                                                   Use use) {
  // Before the lock, which may make its file.
  if (Status status = CheckIsOurs(files, path); !status.ok()) return WithDirectory(status, path);
  const std::string lock_path = path + "/" + std::string(kLockName);
  Result<std::unique_ptr<env::FileLock>> lock =
      use == Use::kRead ? files.LockShared(lock_path) : files.Lock(lock_path);
  if (lock.code() == StatusCode::kLocked) {
    return Status(
        StatusCode::kLocked,
        "data directory " + path + " is in use by a running server or another corelane program");
  }
  const bool unlocked = use == Use::kRead && lock.code() == StatusCode::kNotFound;
  if (!lock.ok() && !unlocked) return WithDirectory(lock.status(), path);
  auto directory =
      std::make_unique<DataDirectory>(files, path, unlocked ? nullptr : std::move(lock).value());
  Status status = directory->ReadManifest(use);
  if (status.ok() && use != Use::kRead) status = directory->KeepManifest();
  if (!status.ok()) return WithDirectory(status, path);
  return directory;
}

Status DataDirectory::Create(const env::Clock& clock, const NewDirectory& fresh) {
  RETURN_IF_ERROR(CheckNoLogs(files_, path_));
  is_new_ = true;
  const Manifest manifest{.created_at_s = static_cast<uint64_t>(clock.WallMillis() / 1000),
                          .hash_seed = fresh.hash_seed,
                          .generation = 1,
                          .lanes = fresh.lanes};
  RETURN_IF_ERROR(MakeGeneration(manifest.generation, manifest.lanes));
  return WriteManifest(manifest);
}

Status DataDirectory::ReadManifest(Use use) {
  Result<std::string> bytes =
      env::ReadFile(files_, path_ + "/" + std::string(kManifestName), kManifestBytesMax);
  if (!bytes.ok()) return bytes.status();
  Result<Manifest> manifest = DecodeManifest(*bytes);
  if (!manifest.ok()) return manifest.status();
  manifest_ = *manifest;
  if (use == Use::kChange) RETURN_IF_ERROR(UndoKeeping());
  return CheckLanes();
}

// CommitGenerationKeepingTheOld() was stopped between its two steps: the generation that counts has
// the other name already.
Status DataDirectory::UndoKeeping() {
  const std::string generation = GenerationPath(manifest_.generation);
  const std::string kept = generation + std::string(kKeptSuffix);
  Result<bool> exists = files_.Exists(generation);
  if (!exists.ok() || *exists) return exists.status();
  exists = files_.Exists(kept);
  if (!exists.ok() || !*exists) return exists.status();
  RETURN_IF_ERROR(files_.Rename(kept, generation));
  return files_.SyncDirectory(path_);
}

// A process that was killed may have renamed the manifest and not synced the directory any more.
// What is built on it now is not to be found below the one before, or below none.
Status DataDirectory::KeepManifest() { return files_.SyncDirectory(path_); }

// A lane directory that is not there was taken away: an empty log would stand for lost data.
Status DataDirectory::CheckLanes() const {
  for (uint32_t lane = 0; lane < manifest_.lanes; ++lane) {
    const std::string directory = Lane(lane).directory;
    Result<bool> exists = files_.Exists(directory);
    if (!exists.ok()) return exists.status();
    if (!*exists) {
      return Status(StatusCode::kCorruption, directory + " is missing: restore it from a copy");
    }
  }
  return OkStatus();
}

Status DataDirectory::MakeGeneration(uint64_t generation, uint32_t lanes) {
  const std::string directory = GenerationPath(generation);
  RETURN_IF_ERROR(files_.RemoveRecursively(directory));
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    const std::string lane_directory = LaneOf(generation, lane).directory;
    RETURN_IF_ERROR(files_.CreateDirectories(lane_directory));
    RETURN_IF_ERROR(files_.SyncDirectory(lane_directory));
  }
  RETURN_IF_ERROR(files_.SyncDirectory(directory));
  return files_.SyncDirectory(path_);
}

Status DataDirectory::WriteManifest(const Manifest& manifest) {
  RETURN_IF_ERROR(env::WriteFileAtomically(files_, path_ + "/" + std::string(kManifestName),
                                           EncodeManifest(manifest)));
  manifest_ = manifest;
  return OkStatus();
}

std::string DataDirectory::GenerationPath(uint64_t generation) const {
  return path_ + "/" + GenerationName(generation);
}

LaneIdentity DataDirectory::LaneOf(uint64_t generation, uint32_t lane) const {
  return {.directory = GenerationPath(generation) + absl::StrFormat("/lane-%04u", lane),
          .lane = lane,
          .generation = generation};
}

LaneIdentity DataDirectory::Lane(uint32_t lane) const {
  CHECK(lane < manifest_.lanes);
  return LaneOf(manifest_.generation, lane);
}

LaneIdentity DataDirectory::NextLane(uint32_t lane) const {
  CHECK(lane < next_lanes_);
  return LaneOf(manifest_.generation + 1, lane);
}

Result<std::vector<std::string>> DataDirectory::Leftovers() const {
  Result<std::vector<std::string>> names = files_.List(path_);
  if (!names.ok()) return names.status();
  std::erase_if(*names, [&](const std::string& name) {
    return !IsGeneration(name) || name.ends_with(kKeptSuffix) ||
           name == GenerationName(manifest_.generation);
  });
  return names;
}

Status DataDirectory::RemoveLeftovers() {
  const Result<std::vector<std::string>> names = Leftovers();
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    RETURN_IF_ERROR(files_.RemoveRecursively(path_ + "/" + name));
  }
  return names->empty() ? OkStatus() : files_.SyncDirectory(path_);
}

Status DataDirectory::PrepareGeneration(uint32_t lanes) {
  CHECK(lanes >= 1 && lanes <= kLanesMax);
  RETURN_IF_ERROR(MakeGeneration(manifest_.generation + 1, lanes));
  next_lanes_ = lanes;
  return OkStatus();
}

// The other name comes first, and for good: were it the manifest, a crash would leave the old
// generation with a name that is removed at the next start.
Result<std::string> DataDirectory::CommitGenerationKeepingTheOld() {
  const std::string name = GenerationName(manifest_.generation) + std::string(kKeptSuffix);
  RETURN_IF_ERROR(files_.Rename(GenerationPath(manifest_.generation), path_ + "/" + name));
  RETURN_IF_ERROR(files_.SyncDirectory(path_));
  RETURN_IF_ERROR(CommitGeneration());
  return name;
}

Status DataDirectory::CommitGeneration() {
  CHECK(next_lanes_ != 0);
  Manifest next = manifest_;
  ++next.generation;
  next.lanes = next_lanes_;
  RETURN_IF_ERROR(WriteManifest(next));
  next_lanes_ = 0;
  return RemoveLeftovers();
}

}  // namespace corelane::wal
