#pragma once

// Slice: a lane's keys together with their log. The one place where a change of the engine becomes
// a frame of the log: every command that changes keys does it through here, in this order: the
// executor has made sure that the log has room (Admit), the engine changes, the frame is appended.
//
// It also knows what a reply depends on. After a command, gate_seq() is the highest log sequence
// number whose change the command made or may have read and which is not yet released (0: none);
// the reply must not leave before LaneLog::released_seq() reaches it.
//
// One lane, one thread.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "env/clock.h"
#include "kv/value.h"
#include "shard/checkpointer.h"
#include "storage/engine.h"
#include "wal/checkpoint_sink.h"
#include "wal/lane_log.h"

namespace corelane::shard {

struct SliceLimits {
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
};

class Slice {
 public:
  // `log` may be null: nothing is logged, every reply may leave at once.
  Slice(std::unique_ptr<storage::Engine> engine, std::unique_ptr<wal::LaneLog> log,
        SliceLimits limits, uint32_t lane, uint32_t lanes);

  [[nodiscard]] uint32_t lane() const { return lane_; }
  [[nodiscard]] uint32_t lanes() const { return lanes_; }
  [[nodiscard]] const SliceLimits& limits() const { return limits_; }
  [[nodiscard]] storage::Engine& engine() { return *engine_; }
  [[nodiscard]] wal::LaneLog* log() { return log_.get(); }
  // Null without a log.
  [[nodiscard]] Checkpointer* checkpointer() { return checkpointer_.get(); }
  // Once, before the first request, where there is a log.
  void EnableCheckpoints(std::unique_ptr<wal::CheckpointSink> sink, const env::Clock& clock,
                         const Checkpointer::Start& start);

  // The wall clock of this turn, read once per turn.
  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }

  // Reads and changes. A change's key and value have passed the limits and the log's Admit().
  [[nodiscard]] bool Get(const storage::HashedKey& key, kv::ValueView* value);
  // False: out of memory, nothing changed. The value's bytes must not point into this engine (the
  // log's frame is written from them after the engine has changed). Its created-at is set to now
  // when it is 0. Client flags, version and marks are not kept: they are the memcache protocol's,
  // which stores with PutNoted().
  [[nodiscard]] bool Put(const storage::HashedKey& key, const kv::ValueView& value) {
    return PutNoted(key, kv::WithoutNotes(value));
  }
  [[nodiscard]] bool PutNoted(const storage::HashedKey& key, kv::ValueView value);
  bool Erase(const storage::HashedKey& key);
  [[nodiscard]] storage::ExpireResult SetExpiry(const storage::HashedKey& key, kv::ExpiryMillis at);
  // What the memcache protocol remembers about a key that is there. A change of a mark that is
  // logged needs the log's Admit(); any other does not. False: no such key, or out of memory.
  [[nodiscard]] bool Annotate(const storage::HashedKey& key, kv::Marks marks, uint64_t version);
  // A version that no value has had and no earlier run has given out: counted up from the clock.
  [[nodiscard]] uint64_t DrawVersion();
  // What the next DrawVersion() gives: higher than every version so far.
  [[nodiscard]] uint64_t NextVersion();
  void Clear();
  // Remembers to clear at that time, until a Clear() comes first. Not logged. Whoever sets the time
  // of the turn calls ClearLate() when ClearDue(); it clears if the log has room.
  void ClearAt(int64_t at_ms) { clear_at_ms_ = at_ms; }
  [[nodiscard]] bool ClearDue() const { return now_ms_ >= clear_at_ms_; }
  void ClearLate();
  // For commands that read what no single key names (DBSIZE, scans): the reply depends on
  // everything before it.
  void ReadAll();

  // WATCH. A token says how the key stands now; every Watch() is followed by one Unwatch() with its
  // token, which tells whether the key was changed, came or went in between.
  [[nodiscard]] int64_t Watch(const storage::HashedKey& key);
  [[nodiscard]] bool Unwatch(const storage::HashedKey& key, int64_t token);

  // The reply waits until this attempt of the checkpointer is over, and tells how it ended.
  void WaitForCheckpoint(uint64_t attempt) { awaited_checkpoint_ = attempt; }
  // 0: none.
  [[nodiscard]] uint64_t awaited_checkpoint() const { return awaited_checkpoint_; }

  void BeginCommand() { gate_seq_ = awaited_checkpoint_ = 0; }
  [[nodiscard]] uint64_t gate_seq() const { return gate_seq_; }
  // Orderly end of the log: what is in it is durable when this is OK.
  [[nodiscard]] Status Close();

  [[nodiscard]] bool Released(uint64_t seq) const {
    return log_ == nullptr || seq <= log_->released_seq();
  }
  // The log has failed: what it has not released by now it never will.
  [[nodiscard]] bool LogFailed() const {
    return log_ != nullptr && log_->health().code() == StatusCode::kWalWriteFailed;
  }

 private:
  void Wrote(uint64_t hash, uint64_t seq);
  void WasRead(uint64_t hash);

  struct Watching {
    uint32_t watchers = 0;
    int64_t changes = 0;  // since somebody watches
  };
  void Changed(uint64_t hash);
  [[nodiscard]] int64_t TokenOf(const storage::HashedKey& key, const Watching& watching);

  // What was written last under each of these buckets of hashes. A read waits for its bucket, which
  // may be a little more than for its key, and far less than for the whole log.
  static constexpr size_t kBuckets = 4096;
  [[nodiscard]] static size_t BucketOf(uint64_t hash) { return (hash >> 16) % kBuckets; }

  const std::unique_ptr<storage::Engine> engine_;
  const std::unique_ptr<wal::LaneLog> log_;
  std::unique_ptr<Checkpointer> checkpointer_;
  const SliceLimits limits_;
  const uint32_t lane_;
  const uint32_t lanes_;
  int64_t now_ms_ = 0;
  int64_t clear_at_ms_ = kv::kNoExpiry;
  uint64_t next_version_ = 0;  // 0: none was asked for yet
  uint64_t gate_seq_ = 0;
  uint64_t awaited_checkpoint_ = 0;
  uint64_t clear_seq_ = 0;
  absl::flat_hash_map<uint64_t, Watching> watches_;  // by the key's hash
  std::array<uint64_t, kBuckets> written_seq_{};
};

}  // namespace corelane::shard
