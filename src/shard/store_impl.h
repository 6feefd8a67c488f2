#pragma once

// Store::Impl: what stands behind <corelane/store.h>. One engine in shared mode, one log with
// turns, one thread that sweeps.
//
// Locks, in the order in which they are taken: the log's turn (writers only), then the stripe of
// the key.

#include <corelane/store.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "absl/functional/function_ref.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "shard/slice_opener.h"
#include "shard/store_checkpoint.h"
#include "shard/store_log.h"
#include "storage/striped_engine.h"

namespace corelane {

class Store::Impl {
 public:
  explicit Impl(const StoreOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Status Open();
  [[nodiscard]] Status Close();

  [[nodiscard]] storage::StripedEngine& engine() { return *engine_; }
  [[nodiscard]] int64_t now_ms() const { return clock_.WallMillis(); }
  [[nodiscard]] storage::HashedKey Hash(std::string_view key) const;
  [[nodiscard]] Status CheckKey(std::string_view key) const;

  // Calls `see` with the value of the key, under its lock; false when it is not there.
  [[nodiscard]] Result<bool> Read(std::string_view key,
                                  absl::FunctionRef<void(const kv::ValueView&)> see);

  // One change of one key: `change` runs with the key locked and room for `value_bytes` in the log.
  // It changes the engine, appends to the log (null: none), and returns the sequence number of what
  // it appended, 0 for nothing.
  using Change = absl::FunctionRef<uint64_t(const storage::HashedKey& key, wal::LaneLog* log)>;
  [[nodiscard]] Status Write(std::string_view key, size_t value_bytes, Change change);
  [[nodiscard]] Status Put(std::string_view key, kv::ValueView value,
                           std::optional<std::chrono::milliseconds> ttl);
  [[nodiscard]] Status Clear();
  [[nodiscard]] Status Save();

 private:
  void Sweep();
  void SaveIfDue();
  void StopSweeper();

  const StoreOptions options_;
  env::PosixFileSystem files_;
  env::SystemClock clock_;
  std::unique_ptr<shard::SliceOpener> opener_;  // holds the directory's lock: goes last
  shard::StoreLog log_;
  std::unique_ptr<storage::StripedEngine> engine_;

  std::optional<shard::StoreCheckpoint> checkpoint_;  // none without a directory
  int64_t next_save_ns_ = 0;  // by itself; after a failure not at once again

  std::mutex sweep_mutex_;
  std::condition_variable sweep_wake_;
  bool sweep_stop_ = false;
  std::thread sweeper_;
};

}  // namespace corelane
