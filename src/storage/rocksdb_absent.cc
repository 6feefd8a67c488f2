#include "storage/rocksdb_factory.h"

namespace corelane::storage {

Status PrepareRocksDb() {
  return Status(StatusCode::kBadArgument,
                "--engine=rocksdb: RocksDB was left out of this build (librocksdb-dev, and "
                "-Drocksdb=enabled)");
}

Result<std::unique_ptr<Engine>> OpenRocksDb(const RocksDbOptions& /*options*/) {
  return PrepareRocksDb();
}

}  // namespace corelane::storage
