#include "shard/slice_opener.h"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

// What damage means for a start, told together with it.

Status DamagedLog(const Status& damage) {
  return Status(StatusCode::kCorruption,
                damage.message() +
                    "; not starting, nothing was changed: restore the file from a copy, or start "
                    "corelane-server with --recover=salvage, which keeps what is sound");
}

// Salvage would put what is left of the log over the database that the whole log has made.
Status DamagedLogOfDatabase(const Status& damage, const wal::LaneIdentity& lane) {
  return Status(
      StatusCode::kCorruption,
      absl::StrCat(damage.message(), "; not starting, nothing was changed: restore ",
                   lane.directory,
                   " from a copy; --recover=salvage repairs logs and checkpoints, not databases"));
}

Status DamagedDatabase(const Status& damage, const wal::LaneIdentity& lane) {
  return Status(StatusCode::kCorruption,
                absl::StrCat(damage.message(), "; not starting: restore ", lane.directory,
                             " from a copy; --recover=salvage does not repair databases"));
}

Status MissingDatabase(const wal::LaneIdentity& lane) {
  return Status(StatusCode::kCorruption,
                absl::StrCat(DatabasePath(lane),
                             " is no database, but the lane's checkpoint says that the entries are "
                             "in one; not starting, nothing was changed: restore ",
                             lane.directory, " from a copy"));
}

Status NeedsDatabases(const std::string& reason) {
  return Status(StatusCode::kIncompatible, reason + ": this data directory needs --engine=rocksdb");
}

// Reads a lane's log and keeps nothing but whether a database belongs to it.
class JudgingVisitor final : public wal::FrameVisitor {
 public:
  Status OnFrame(const wal::Frame& /*frame*/) override { return OkStatus(); }
  Status OnCheckpoint(const wal::CheckpointHeader& header, uint64_t /*file_bytes*/) override {
    in_database_ = header.in_database;
    return OkStatus();
  }
  [[nodiscard]] bool in_database() const { return in_database_; }

 private:
  bool in_database_ = false;
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
  // What is put over a database stays there even when the rest of the log turns out to be damaged:
  // with databases all logs are judged before the first one is opened.
  if (options_.salvage || options_.open_database) RETURN_IF_ERROR(FindDamage());
  return lanes_before_ == options_.lanes && damaged_.empty() ? OkStatus() : Reshape();
}

// Reads all logs once more than a start in memory without --recover=salvage does. Changes nothing.
Status SliceOpener::FindDamage() {
  std::vector<bool> damaged(lanes_before_, false);
  bool any = false;
  for (uint32_t lane = 0; lane < lanes_before_; ++lane) {
    const wal::LaneIdentity identity = directory_->Lane(lane);
    JudgingVisitor judge;
    const Status status = wal::RecoverLane(*options_.files, identity, judge).status();
    if (!status.ok() && status.code() != StatusCode::kCorruption) return status;
    RETURN_IF_ERROR(CheckDatabase(identity, judge.in_database(), status));
    if (status.ok()) continue;
    if (!options_.salvage) return DamagedLog(status);
    base::Log(base::Severity::kWarning, "salvage: %s is damaged: %s", identity.directory,
              status.message());
    damaged[lane] = true;
    any = true;
  }
  if (any) damaged_ = std::move(damaged);
  return OkStatus();
}

// `in_database`: the checkpoint says so. `log`: what recovery says of the lane's log.
Status SliceOpener::CheckDatabase(const wal::LaneIdentity& lane, bool in_database,
                                  const Status& log) const {
  if (in_database && !options_.open_database) {
    return NeedsDatabases(lane.directory + " has a checkpoint of a database");
  }
  const std::string path = DatabasePath(lane);
  if (in_database) {
    const Result<bool> whole = options_.files->Exists(path + "/" + storage::kRocksDbCurrentFile);
    if (!whole.ok()) return whole.status();
    if (!*whole) return MissingDatabase(lane);
  }
  const Result<bool> exists = options_.files->Exists(path);
  if (!exists.ok()) return exists.status();
  return log.ok() || !*exists ? OkStatus() : DamagedLogOfDatabase(log, lane);
}

// A log may begin where a database stood then, so a database must not be passed over.
Status SliceOpener::CheckEngine() const {
  if (options_.open_database) return OkStatus();
  for (uint32_t lane = 0; lane < lanes_before_; ++lane) {
    const std::string database = DatabasePath(directory_->Lane(lane));
    const Result<bool> exists = options_.files->Exists(database);
    if (!exists.ok()) return exists.status();
    if (*exists) return NeedsDatabases(database + " is a database");
  }
  return OkStatus();
}

std::unique_ptr<storage::Engine> SliceOpener::NewTable() const {
  return std::make_unique<storage::StripedEngine>(hash_seed_, options_.sharing);
}

Result<std::unique_ptr<storage::Engine>> SliceOpener::NewEngine(
    const wal::LaneIdentity& lane) const {
  if (!options_.open_database) return NewTable();
  const std::string path = DatabasePath(lane);
  RETURN_IF_ERROR(options_.files->CreateDirectories(path));
  Result<std::unique_ptr<storage::Engine>> engine = options_.open_database(path, hash_seed_);
  if (engine.code() == StatusCode::kCorruption) return DamagedDatabase(engine.status(), lane);
  return engine;
}

// As wal::RecoverLane, into the engine.
Result<wal::LaneRecovery> SliceOpener::ReadLog(const wal::LaneIdentity& lane,
                                               storage::Engine& engine) const {
  LogReplay replay(engine, hash_seed_, *options_.clock, lane.directory);
  Result<wal::LaneRecovery> read = wal::RecoverLane(*options_.files, lane, replay);
  if (read.code() == StatusCode::kCorruption) {
    return engine.failures() == 0 ? DamagedLog(read.status())
                                  : DamagedDatabase(read.status(), lane);
  }
  if (!read.ok()) return read;
  RETURN_IF_ERROR(CheckDatabase(lane, read->checkpoint.in_database, OkStatus()));
  replay.DropExpired();
  return read;
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
  if (!IsDamaged(lane)) return ReadLog(identity, engine).status();
  LogReplay replay(engine, hash_seed_, *options_.clock, identity.directory);
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
    // A damaged lane has no database, and is not given one: a start after a crash could not tell it
    // from one that the whole log has made.
    const Result<std::unique_ptr<storage::Engine>> engine =
        IsDamaged(lane) ? NewTable() : NewEngine(directory_->Lane(lane));
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
  const int64_t begin_ns = options_.clock->MonotonicNanos();
  Result<wal::LaneRecovery> log = ReadLog(identity, *recovered.engine);
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
