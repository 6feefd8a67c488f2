#pragma once

// OpenRocksDb: the engine for data larger than memory (rocksdb_engine.h), or why there is none. The
// build picks the file behind this header: rocksdb_engine.cc and its like, or rocksdb_absent.cc
// when corelane is built without RocksDB.

#include <corelane/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "storage/engine.h"

namespace corelane::storage {

// Which engine a server's lanes use.
enum class EngineKind : uint8_t { kMemory, kRocksDb };

// Memory for blocks of the database, of all lanes together. What is written and not flushed yet
// comes on top: three eighths of it at most.
inline constexpr uint64_t kRocksDbCacheBytesDefault = uint64_t{256} << 20;
// Of each lane; below it the write buffers would not get smaller any more.
inline constexpr uint64_t kRocksDbCacheBytesMin = uint64_t{8} << 20;

// Table files that a database keeps open.
inline constexpr uint32_t kRocksDbOpenFilesMax = 512;

// The name of the database's directory inside a lane's directory.
inline constexpr const char* kRocksDbDirectory = "rocksdb";
// A file that every database has from the end of its making on.
inline constexpr const char* kRocksDbCurrentFile = "CURRENT";

struct RocksDbOptions {
  std::string path;        // a directory, made when nothing of one is there; its parent must be
  uint64_t hash_seed = 0;  // of base::KeyHash; a database keeps the one that it was made with
  uint64_t cache_bytes = kRocksDbCacheBytesDefault;  // of this database
};

// Starts the threads that all databases of the process share, if they do not run yet. They run
// where the calling thread may: it must not be one that is pinned to a core. kBadArgument when this
// build has no RocksDB.
[[nodiscard]] Status PrepareRocksDb();

// kIoError, kCorruption, kIncompatible or kLocked, with the path. The engine belongs to the thread
// that calls it, except for what rocksdb_engine.h says of Persist().
[[nodiscard]] Result<std::unique_ptr<Engine>> OpenRocksDb(const RocksDbOptions& options);

}  // namespace corelane::storage
