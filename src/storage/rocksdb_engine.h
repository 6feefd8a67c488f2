#pragma once

// RocksDbEngine: the keys of a lane in a RocksDB database, for data larger than memory. One
// database a lane, in a directory of its own; ROCKSDB_FORMAT.md says what is in it. It opens its
// files itself, past env::FileSystem.
//
// One thread makes all calls, except Persist(), which any thread may call while the engine lives.
//
// A call may block: on a read from the disk, and on a write when flushes or compactions are behind.
//
// The database has no log of its own; the lane's is the log. After the death of the process the
// database holds the changes up to some point (all of them at least up to the last Persist()), and
// its counters are those of that point: each change writes them in the same batch. The frames of
// the lane's log are then put in again, from the start or from anywhere before that point. A frame
// says how an entry is, not how it differs, so the end is the same.
//
// A read that fails, or finds something that is no record, is not an absent key: failures() counts
// it and health() says what it was. From then on every change is refused: Put and SetExpiry answer
// kOutOfMemory, Erase false. So no change can be based on a key that only seemed to be absent.
//
// Views of Get live until a changing call or Reclaim(), and at most through the next
// kGetViewsMax - 1 calls of Get. Of an entry that is visited the value lives for the visit only,
// the key as long as other views.

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/engine.h"
#include "storage/rocksdb_factory.h"
#include "storage/rocksdb_record.h"

namespace corelane::storage {

inline constexpr size_t kGetViewsMax = 8;

// A visited stripe has this many entries, and the few more that share a place with the last.
inline constexpr size_t kVisitedTogether = 128;
// Expired entries that one SweepStripe drops.
inline constexpr size_t kSweptTogether = 64;

class RocksDbEngine final : public Engine {
 public:
  [[nodiscard]] static Result<std::unique_ptr<RocksDbEngine>> Open(const RocksDbOptions& options);

  // Use Open.
  RocksDbEngine(const RocksDbOptions& options, std::unique_ptr<rocksdb::DB> database);
  RocksDbEngine(const RocksDbEngine&) = delete;
  RocksDbEngine& operator=(const RocksDbEngine&) = delete;
  // Flushes what is not on the disk yet.
  ~RocksDbEngine() override = default;

  [[nodiscard]] bool Get(const HashedKey& key, int64_t now_ms, kv::ValueView* value) override;
  [[nodiscard]] PutResult Put(const HashedKey& key, const kv::ValueView& value) override;
  bool Erase(const HashedKey& key, int64_t now_ms) override;
  [[nodiscard]] ExpireResult SetExpiry(const HashedKey& key, int64_t now_ms,
                                       kv::ExpiryMillis expires_at) override;
  [[nodiscard]] AnnotateResult Annotate(const HashedKey& key, int64_t now_ms, kv::Marks marks,
                                        uint64_t version) override;
  void Prefetch(std::span<const uint64_t> hashes) override { static_cast<void>(hashes); }
  WalkCursor VisitStripe(WalkCursor cursor, EntryVisitor visitor) override;
  // In the order of expiry, wherever the entries are: the cursor only tells the first call from the
  // others.
  WalkCursor SweepStripe(WalkCursor cursor, int64_t now_ms) override;
  // The room on the disk comes back with later compactions.
  void Clear() override;
  bool Reclaim(size_t entries_max) override;
  // There is no table: its figures are 0.
  [[nodiscard]] EngineStats Stats() const override;
  [[nodiscard]] Status health() const override { return health_; }

  // Any thread: when this is OK, every change that was made before the call is on stable storage,
  // with the counters. It waits for the disk.
  [[nodiscard]] Status Persist() override;
  [[nodiscard]] bool KeepsItself() const override { return true; }

 private:
  // What is there under a key before it changes.
  struct Found {
    bool present = false;
    kv::ValueView value;  // points into before_
  };

  [[nodiscard]] Status CheckFormat();
  [[nodiscard]] Status ReadCounters();

  // Finds the key and encodes it into data_key_. False when that failed.
  [[nodiscard]] bool Find(const HashedKey& key, Found& found);
  // Collect a change in batch_ and next_; Commit() makes it.
  void Begin();
  void AddRecord(std::string_view key, const kv::ValueView& value);
  void AddRemoval(std::string_view key, const kv::ValueView& value);
  [[nodiscard]] bool Commit();
  [[nodiscard]] bool Replace(const HashedKey& key, const Found& found, const kv::ValueView& value);
  bool Remove(const HashedKey& key, const Found& found);
  void Fail(const rocksdb::Status& status);
  void FailOnRecord(std::string_view database_key);
  void ReleaseViews();
  [[nodiscard]] std::string_view Keep(std::string_view key);

  const std::string path_;
  const uint64_t hash_seed_;
  const std::unique_ptr<rocksdb::DB> database_;  // views below point into it: they go first
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteOptions write_options_;
  RecordCounters counters_;
  RecordCounters next_;  // counters_ with what batch_ changes
  uint64_t expired_on_read_ = 0;
  uint64_t expired_by_sweep_ = 0;
  Status health_;

  // What the sweep has dropped need not be stepped over again: nothing in the order of expiry comes
  // before this key of the database. And no entry expires before that time.
  std::string sweep_from_;
  kv::ExpiryMillis next_expiry_;

  std::array<rocksdb::PinnableSlice, kGetViewsMax> views_;
  size_t next_view_ = 0;
  rocksdb::PinnableSlice before_;
  std::vector<std::string> visited_keys_;  // blocks that never move

  // Scratch.
  rocksdb::WriteBatch batch_;
  std::string data_key_;
  std::string expiry_key_;
};

}  // namespace corelane::storage
