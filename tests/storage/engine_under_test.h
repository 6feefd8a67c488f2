#pragma once

// For tests of what both engines do: one of the kinds that this build has, empty, with a place on
// the disk if it wants one.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "fault/temp_directory.h"
#include "storage/rocksdb_factory.h"
#include "storage/striped_engine.h"

namespace corelane::storage {

inline std::vector<EngineKind> EngineKinds() {
  std::vector<EngineKind> kinds = {EngineKind::kMemory};
  if (PrepareRocksDb().ok()) kinds.push_back(EngineKind::kRocksDb);
  return kinds;
}

inline std::string EngineKindName(const testing::TestParamInfo<EngineKind>& kind) {
  return kind.param == EngineKind::kMemory ? "Memory" : "RocksDb";
}

// Small, so that a test gets beyond what is in memory.
inline RocksDbOptions TestDatabase(const std::string& path, uint64_t hash_seed) {
  return {path, hash_seed, kRocksDbCacheBytesMin};
}

struct EngineUnderTest {
  EngineUnderTest(EngineKind kind, uint64_t hash_seed) {
    if (kind == EngineKind::kMemory) {
      engine = MakeStripedEngine(hash_seed);
      return;
    }
    Result<std::unique_ptr<Engine>> opened =
        OpenRocksDb(TestDatabase(directory.Sub("database"), hash_seed));
    CHECK(opened.ok());
    engine = std::move(*opened);
  }

  const fault::TempDirectory directory;
  std::unique_ptr<Engine> engine;
};

}  // namespace corelane::storage
