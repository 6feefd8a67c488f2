#include "shard/slice_opener.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "shard/log_replay.h"
#include "storage/placement.h"
#include "storage/rocksdb_factory.h"
#include "storage/striped_engine.h"
#include "wal/checkpoint_writer.h"
#include "wal/lane_log_writer.h"
#include "wal/salvage.h"

namespace corelane::shard {
namespace {

constexpr size_t kReclaimedTogether = 64;

std::string DatabasePath(const wal::LaneIdentity& lane) {
  return lane.directory + "/" + storage::kRocksDbDirectory;
}

// Appends to a log of the control plane, which may wait for the helper where a lane may not.
Status WaitForRoom(wal::LaneLog& log, size_t bytes) {
  for (;;) {
    switch (log.Admit(1, bytes)) {
      case wal::Admission::kOk:
        return OkStatus();
      case wal::Admission::kWait:
        log.EndTurn();
        std::this_thread::yield();
        break;
      case wal::Admission::kDiskFull:
      case wal::Admission::kFailed:
        return log.health();
    }
  }
}

// Writes every entry of `engine` to the log of its new lane.
Status CopyEntries(storage::Engine& engine, std::vector<std::unique_ptr<wal::LaneLogWriter>>& logs,
                   int64_t now_ms) {
  Status status;
  const auto lanes = static_cast<uint32_t>(logs.size());
  storage::WalkCursor cursor = storage::kWalkStart;
  do {
    cursor = engine.VisitStripe(cursor, [&](const storage::EntryView& entry) {
      if (!status.ok() || entry.value.expires_at <= now_ms) return;
      wal::LaneLogWriter& log = *logs[storage::LaneOf(entry.hash, lanes)];
      status = WaitForRoom(log, entry.key.size() + entry.value.bytes.size());
      if (status.ok()) log.AppendPut(entry.key, entry.value);
    });
    for (auto& log : logs) log->EndTurn();
    engine.Reclaim(kReclaimedTogether);
  } while (status.ok() && cursor != storage::kWalkStart);
  return engine.failures() == 0 ? status : engine.health();
}

// As wal::RecoverLane; damage is told together with what it means for a start.
Result<wal::LaneRecovery> ReadLog(env::FileSystem& files, const wal::LaneIdentity& lane,
                                  LogReplay& replay) {
  Result<wal::LaneRecovery> read = wal::RecoverLane(files, lane, replay);
  if (read.ok()) replay.DropExpired();
  if (read.code() != StatusCode::kCorruption) return read;
  return Status(StatusCode::kCorruption,
                read.status().message() +
                    "; not starting, nothing was changed: restore the file from a copy, or start "
                    "corelane-server with --recover=salvage, which keeps what is sound");
}

class IgnoringVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& /*frame*/) override { return OkStatus(); }
};

void TellReport(const std::string& directory, const wal::SalvageReport& report) {
  for (const std::string& line : report.lines) {
    base::Log(base::Severity::kWarning, "salvage: %s", line);
  }
  if (report.lines_left_out != 0) {
    base::Log(base::Severity::kWarning, "salvage: %s: and %d more like these", directory,
              report.lines_left_out);
  }
  base::Log(base::Severity::kWarning,
            "salvage: %s: kept %d entries of checkpoints and %d frames; dropped %d bytes; "
            "%d frames are missing",
            directory, report.entries, report.frames, report.dropped_bytes, report.missing_frames);
}

}  // namespace

Result<std::unique_ptr<SliceOpener>> SliceOpener::Open(const SliceOpenerOptions& options) {
  auto opener = std::make_unique<SliceOpener>(options);
  if (options.open_database && !options.fsync) {
    return Status(StatusCode::kBadArgument, "a database cannot go without a log");
  }
  if (options.fsync) {
    RETURN_IF_ERROR(opener->OpenDirectory());
  } else {
    opener->hash_seed_ = options.new_hash_seed;
    opener->lanes_before_ = options.lanes;
  }
  return opener;
}

SliceOpener::SliceOpener(const SliceOpenerOptions& options)
    : options_(options), recovered_(options.lanes) {}

Status SliceOpener::OpenDirectory() {
  const wal::NewDirectory fresh{options_.lanes, options_.new_hash_seed};
  Result<std::unique_ptr<wal::DataDirectory>> directory =
      wal::DataDirectory::Open(*options_.files, *options_.clock, options_.directory, fresh);
  if (!directory.ok()) return directory.status();
  directory_ = std::move(*directory);
  hash_seed_ = directory_->manifest().hash_seed;
  lanes_before_ = directory_->manifest().lanes;
  RETURN_IF_ERROR(CheckEngine());
  if (options_.salvage) RETURN_IF_ERROR(FindDamage());
  return lanes_before_ == options_.lanes && damaged_.empty() ? OkStatus() : Reshape();
}

// Reads everything once more than a start without the flag does, which is to be rare.
Status SliceOpener::FindDamage() {
  std::vector<bool> damaged(lanes_before_, false);
  bool any = false;
  for (uint32_t lane = 0; lane < lanes_before_; ++lane) {
    const wal::LaneIdentity identity = directory_->Lane(lane);
    IgnoringVisitor ignored;
    const Status status = wal::RecoverLane(*options_.files, identity, ignored).status();
    if (status.ok()) continue;
    if (status.code() != StatusCode::kCorruption) return status;
    base::Log(base::Severity::kWarning, "salvage: %s is damaged: %s", identity.directory,
              status.message());
    damaged[lane] = true;
    any = true;
  }
  if (any) damaged_ = std::move(damaged);
  return OkStatus();
}

// A log may begin where a database stood then, so a database must not be passed over.
Status SliceOpener::CheckEngine() const {
  if (options_.open_database) return OkStatus();
  for (uint32_t lane = 0; lane < lanes_before_; ++lane) {
    const std::string database = DatabasePath(directory_->Lane(lane));
    const Result<bool> exists = options_.files->Exists(database);
    if (!exists.ok()) return exists.status();
    if (*exists) {
      return Status(StatusCode::kIncompatible,
                    database + " is a database: this data directory needs --engine=rocksdb");
    }
  }
  return OkStatus();
}

Result<std::unique_ptr<storage::Engine>> SliceOpener::NewEngine(
    const wal::LaneIdentity& lane) const {
  if (!options_.open_database) {
    return std::unique_ptr<storage::Engine>(
        std::make_unique<storage::StripedEngine>(hash_seed_, options_.sharing));
  }
  const std::string path = DatabasePath(lane);
  RETURN_IF_ERROR(options_.files->CreateDirectories(path));
  return options_.open_database(path, hash_seed_);
}

wal::LaneLogOptions SliceOpener::LogOptions(const wal::LaneIdentity& lane) const {
  wal::LaneLogOptions log;
  log.files = options_.files;
  log.clock = options_.clock;
  log.lane = lane;
  log.segment_bytes = options_.segment_bytes;
  log.salt_seed = hash_seed_;
  return log;
}

Result<std::vector<std::unique_ptr<wal::LaneLogWriter>>> SliceOpener::OpenNextLogs() {
  std::vector<std::unique_ptr<wal::LaneLogWriter>> logs;
  for (uint32_t lane = 0; lane < options_.lanes; ++lane) {
    wal::LaneLogOptions log_options = LogOptions(directory_->NextLane(lane));
    log_options.mode = wal::FsyncMode::kOs;  // Close() syncs
    Result<std::unique_ptr<wal::LaneLogWriter>> log = wal::OpenLaneLog(log_options);
    if (!log.ok()) return log.status();
    logs.push_back(std::move(*log));
  }
  return logs;
}

Status SliceOpener::ReadOldLane(uint32_t lane, storage::Engine& engine) {
  const wal::LaneIdentity identity = directory_->Lane(lane);
  LogReplay replay(engine, hash_seed_, *options_.clock, identity.directory);
  if (damaged_.empty() || !damaged_[lane]) {
    return ReadLog(*options_.files, identity, replay).status();
  }
  const Result<wal::SalvageReport> report = wal::SalvageLane(*options_.files, identity, replay);
  if (!report.ok()) return report.status();
  replay.DropExpired();
  TellReport(identity.directory, *report);
  return OkStatus();
}

Status SliceOpener::Commit() {
  if (damaged_.empty()) return directory_->CommitGeneration();
  const Result<std::string> kept = directory_->CommitGenerationKeepingTheOld();
  if (!kept.ok()) return kept.status();
  base::Log(base::Severity::kWarning,
            "salvage: done; all files as they were are kept in %s/%s: remove it when nobody needs "
            "it any more",
            options_.directory, *kept);
  return OkStatus();
}

// Reads the logs of all old lanes, one after the other, and writes what lives into logs for the new
// number of lanes, as a new generation of the directory. Nothing of the old generation changes
// before the new one is complete and durable.
Status SliceOpener::Reshape() {
  base::Log(base::Severity::kInfo, "%s: rewriting the logs of %d lanes for %d", options_.directory,
            lanes_before_, options_.lanes);
  RETURN_IF_ERROR(directory_->PrepareGeneration(options_.lanes));
  auto logs = OpenNextLogs();
  if (!logs.ok()) return logs.status();
  for (uint32_t lane = 0; lane < lanes_before_; ++lane) {
    const Result<std::unique_ptr<storage::Engine>> engine = NewEngine(directory_->Lane(lane));
    if (!engine.ok()) return engine.status();
    RETURN_IF_ERROR(ReadOldLane(lane, **engine));
    RETURN_IF_ERROR(CopyEntries(**engine, *logs, options_.clock->WallMillis()));
  }
  for (const auto& log : *logs) RETURN_IF_ERROR(log->Close());
  logs->clear();
  return Commit();
}

Status SliceOpener::Recover(uint32_t lane) {
  Recovered& recovered = recovered_[lane];
  const wal::LaneIdentity identity =
      directory_ == nullptr ? wal::LaneIdentity{} : directory_->Lane(lane);
  Result<std::unique_ptr<storage::Engine>> engine = NewEngine(identity);
  if (!engine.ok()) return engine.status();
  recovered.engine = std::move(*engine);
  if (directory_ == nullptr) return OkStatus();
  LogReplay replay(*recovered.engine, hash_seed_, *options_.clock, identity.directory);
  const int64_t begin_ns = options_.clock->MonotonicNanos();
  Result<wal::LaneRecovery> log = ReadLog(*options_.files, identity, replay);
  if (!log.ok()) return log.status();
  recovered.log = std::move(*log);
  if (options_.announce && recovered.log.checkpoint.number != 0) {
    base::Log(base::Severity::kInfo, "%s: checkpoint %d has %d keys, %d bytes", identity.directory,
              recovered.log.checkpoint.number, recovered.log.checkpoint.entries,
              recovered.log.checkpoint.bytes);
  }
  if (options_.announce && recovered.log.frames != 0) {
    base::Log(base::Severity::kInfo, "%s: %d changes read in %d ms, %d keys", identity.directory,
              recovered.log.frames, (options_.clock->MonotonicNanos() - begin_ns) / 1'000'000,
              recovered.engine->Stats().entries);
  }
  return OkStatus();
}

Result<SliceParts> SliceOpener::OpenParts(uint32_t lane, wal::DurabilityListener* listener) {
  Recovered& recovered = recovered_[lane];
  CHECK(recovered.engine != nullptr);
  SliceParts parts;
  parts.engine = std::move(recovered.engine);
  if (directory_ == nullptr) return parts;
  const wal::LaneIdentity identity = directory_->Lane(lane);
  if (!recovered.log.torn_reason.empty()) {
    base::Log(base::Severity::kWarning, "%s: cutting %d bytes of a torn tail (%s)",
              identity.directory, recovered.log.torn_bytes, recovered.log.torn_reason);
  }
  RETURN_IF_ERROR(wal::CutLaneTail(*options_.files, identity, recovered.log));
  wal::LaneLogOptions log_options = LogOptions(identity);
  log_options.mode = *options_.fsync;
  log_options.next_seq = recovered.log.last_seq + 1;
  log_options.next_segment = recovered.log.last_segment + 1;
  log_options.listener = listener;
  Result<std::unique_ptr<wal::LaneLogWriter>> log = wal::OpenLaneLog(log_options);
  if (!log.ok()) return log.status();
  parts.log = std::move(*log);
  parts.log_bytes = recovered.log.bytes;
  parts.checkpoints = MakeCheckpointWriter(lane, *parts.engine, listener);
  return parts;
}

std::unique_ptr<wal::CheckpointSink> SliceOpener::MakeCheckpointWriter(
    uint32_t lane, storage::Engine& engine, wal::DurabilityListener* listener) const {
  wal::CheckpointWriterOptions writer;
  writer.files = options_.files;
  writer.clock = options_.clock;
  writer.lane = directory_->Lane(lane);
  writer.next_number = recovered_[lane].log.checkpoint.number + 1;
  writer.salt_seed = hash_seed_;
  writer.listener = listener;
  writer.announce = options_.announce;
  if (engine.KeepsItself()) writer.persist = [&engine] { return engine.Persist(); };
  return std::make_unique<wal::CheckpointWriter>(std::move(writer));
}

Status SliceOpener::Finish() {
  return directory_ == nullptr ? OkStatus() : directory_->RemoveLeftovers();
}

}  // namespace corelane::shard
