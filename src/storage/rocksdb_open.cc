// How a database is opened: its options, and the check that it is one of ours.

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb_engine.h"

namespace corelane::storage {
namespace {

// Of all databases of the process together.
constexpr int kFlushThreads = 1;
constexpr int kCompactionThreads = 1;

// Small entries: a point read brings one block in.
constexpr size_t kBlockBytes = size_t{4} << 10;
// One false positive in a hundred.
constexpr double kFilterBitsPerKey = 10;
constexpr double kMemtableFilterShare = 0.05;

constexpr uint64_t kWriteBufferBytesMin = uint64_t{1} << 20;
constexpr uint64_t kWriteBufferBytesMax = uint64_t{64} << 20;
// Together three eighths of the cache at most (kRocksDbCacheBytesDefault).
constexpr uint64_t kWriteBufferShare = 8;
constexpr int kWriteBuffers = 3;

constexpr size_t kInfoLogBytesMax = size_t{1} << 20;
constexpr uint64_t kSyncedTogetherBytes = uint64_t{1} << 20;
// Of the cache's own lock: only the lane and a compaction meet there.
constexpr int kCacheShardBits = 2;

rocksdb::Slice FormatKey() { return {&kFormatSpace, 1}; }
rocksdb::Slice CountersKey() { return {&kCountersSpace, 1}; }

std::shared_ptr<rocksdb::TableFactory> MakeTableFactory(uint64_t cache_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(static_cast<size_t>(cache_bytes), kCacheShardBits);
  table.block_size = kBlockBytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
  // Indexes and filters count as well: what the user has set is all there is.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  return std::shared_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(table));
}

rocksdb::Options MakeOptions(const RocksDbOptions& options) {
  rocksdb::Options made;
  made.create_if_missing = true;
  made.table_factory = MakeTableFactory(options.cache_bytes);
  made.compression = rocksdb::kLZ4Compression;
  made.level_compaction_dynamic_level_bytes = true;
  made.write_buffer_size = static_cast<size_t>(std::clamp(
      options.cache_bytes / kWriteBufferShare, kWriteBufferBytesMin, kWriteBufferBytesMax));
  made.max_write_buffer_number = kWriteBuffers;
  made.memtable_prefix_bloom_size_ratio = kMemtableFilterShare;
  made.memtable_whole_key_filtering = true;
  // One thread writes.
  made.allow_concurrent_memtable_write = false;
  made.enable_write_thread_adaptive_yield = false;
  made.max_background_jobs = kFlushThreads + kCompactionThreads;
  made.max_open_files = static_cast<int>(kRocksDbOpenFilesMax);
  made.bytes_per_sync = kSyncedTogetherBytes;
  made.skip_stats_update_on_db_open = true;
  made.stats_dump_period_sec = 0;
  made.stats_persist_period_sec = 0;
  made.info_log_level = rocksdb::WARN_LEVEL;
  made.max_log_file_size = kInfoLogBytesMax;
  made.keep_log_file_num = 2;
  return made;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// False when there are files of a database that has no CURRENT file any more: RocksDB would make an
// empty one in its place. The first manifest alone is what a crash leaves while one is made.
Result<bool> MayBeMade(const std::string& path) {
  constexpr std::string_view kManifest = "MANIFEST-";
  constexpr std::string_view kFirstManifest = "MANIFEST-000001";
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::Env::Default()->GetChildren(path, &names);
  if (listed.IsNotFound()) return true;
  if (!listed.ok()) {
    return Status(StatusCode::kIoError, absl::StrCat("database ", path, ": ", listed.ToString()));
  }
  if (std::find(names.begin(), names.end(), kRocksDbCurrentFile) != names.end()) return true;
  return std::none_of(names.begin(), names.end(), [&](std::string_view name) {
    return EndsWith(name, ".sst") ||
           (name.substr(0, kManifest.size()) == kManifest && name != kFirstManifest);
  });
}

Status OpenFailure(const std::string& path, const rocksdb::Status& status) {
  StatusCode code = StatusCode::kIoError;
  if (status.IsCorruption()) code = StatusCode::kCorruption;
  // It says so only in words.
  if (status.ToString().find("lock hold by current process") != std::string::npos ||
      status.ToString().find("While lock file") != std::string::npos) {
    code = StatusCode::kLocked;
  }
  return Status(code, absl::StrCat("database ", path, ": ", status.ToString()));
}

}  // namespace

Status PrepareRocksDb() {
  rocksdb::Env* const env = rocksdb::Env::Default();
  env->SetBackgroundThreads(kFlushThreads, rocksdb::Env::HIGH);
  env->SetBackgroundThreads(kCompactionThreads, rocksdb::Env::LOW);
  return OkStatus();
}

Result<std::unique_ptr<Engine>> OpenRocksDb(const RocksDbOptions& options) {
  Result<std::unique_ptr<RocksDbEngine>> engine = RocksDbEngine::Open(options);
  if (!engine.ok()) return engine.status();
  return std::unique_ptr<Engine>(std::move(*engine));
}

Result<std::unique_ptr<RocksDbEngine>> RocksDbEngine::Open(const RocksDbOptions& options) {
  const Result<bool> may_be_made = MayBeMade(options.path);
  if (!may_be_made.ok()) return may_be_made.status();
  if (!*may_be_made) {
    return Status(StatusCode::kCorruption,
                  absl::StrCat("database ", options.path, ": its file ", kRocksDbCurrentFile,
                               " is missing, others of it are there"));
  }
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(MakeOptions(options), options.path, &opened);
  if (!status.ok()) return OpenFailure(options.path, status);
  auto engine = std::make_unique<RocksDbEngine>(options, std::unique_ptr<rocksdb::DB>(opened));
  Status checked = engine->CheckFormat();
  if (checked.ok()) checked = engine->ReadCounters();
  if (!checked.ok()) {
    return Status(checked.code(), absl::StrCat("database ", options.path, ": ", checked.message()));
  }
  return engine;
}

// The first thing that is written, so whatever of a database survives has it.
Status RocksDbEngine::CheckFormat() {
  std::string bytes;
  const rocksdb::Status read = database_->Get(read_options_, FormatKey(), &bytes);
  if (read.IsNotFound()) {
    const auto made = EncodeDatabaseFormat({kRocksDbFormatVersion, hash_seed_});
    const rocksdb::Status written =
        database_->Put(write_options_, FormatKey(), {made.data(), made.size()});
    return written.ok() ? OkStatus() : Status(StatusCode::kIoError, written.ToString());
  }
  if (!read.ok()) return Status(StatusCode::kIoError, read.ToString());
  DatabaseFormat format;
  if (!DecodeDatabaseFormat(bytes, format)) {
    return Status(StatusCode::kCorruption, "its first entry does not say what it is");
  }
  if (format.version > kRocksDbFormatVersion) {
    return Status(StatusCode::kIncompatible,
                  absl::StrCat("format version ", format.version, ", this program knows ",
                               kRocksDbFormatVersion));
  }
  if (format.hash_seed != hash_seed_) {
    return Status(StatusCode::kCorruption,
                  "it was made with another hash seed: it belongs to another data directory");
  }
  return OkStatus();
}

Status RocksDbEngine::ReadCounters() {
  std::string bytes;
  const rocksdb::Status read = database_->Get(read_options_, CountersKey(), &bytes);
  if (read.IsNotFound()) return OkStatus();  // nothing has ever been put
  if (!read.ok()) return Status(StatusCode::kIoError, read.ToString());
  if (DecodeCounters(bytes, counters_)) return OkStatus();
  return Status(StatusCode::kCorruption, "its counters cannot be read");
}

}  // namespace corelane::storage
