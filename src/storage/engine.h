#pragma once

// Engine: one lane's slice of the keys. No I/O and no clock: the time is passed in. The executor
// (shard/) is its only caller and owns the meeting with the log.
//
// Thread rules: single-threaded, unless the implementation says otherwise. Views handed out live
// until the next call that may change the engine. Results of the data path are small enums. A key
// past its expiry is absent for every call that gets `now`.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "kv/value.h"

namespace corelane::storage {

// A key with its base::KeyHash: computed once, at the router, and carried from there on.
struct HashedKey {
  std::string_view key;
  uint64_t hash = 0;
};

enum class PutResult : uint8_t { kInserted, kReplaced, kOutOfMemory };
enum class ExpireResult : uint8_t { kSet, kAbsent, kOutOfMemory };
enum class AnnotateResult : uint8_t { kSet, kAbsent, kOutOfMemory };

// `table_capacity`: slots there are now. `load_factor` = entries / table_capacity. `data_bytes`:
// key and value lengths, exact. `entries` counts entries that have expired and were not yet met by
// a read or the sweep.
struct EngineStats {
  uint64_t entries = 0;
  uint64_t entries_with_expiry = 0;
  uint64_t data_bytes = 0;
  uint64_t table_capacity = 0;
  uint64_t stripes = 0;
  uint64_t stripe_splits = 0;
  uint64_t expired_on_read = 0;
  uint64_t expired_by_sweep = 0;

  [[nodiscard]] double load_factor() const {
    return table_capacity == 0 ? 0.0
                               : static_cast<double>(entries) / static_cast<double>(table_capacity);
  }
};

struct EntryView {
  std::string_view key;
  uint64_t hash = 0;
  kv::ValueView value;
};
using EntryVisitor = absl::FunctionRef<void(const EntryView&)>;

// A walk's place: a position in the space of hashes. Starts and ends with 0 (like a SCAN cursor).
using WalkCursor = uint64_t;
inline constexpr WalkCursor kWalkStart = 0;

class Engine {
 public:
  virtual ~Engine() = default;

  // True when the key is there and not expired. `value` may be null (EXISTS).
  [[nodiscard]] virtual bool Get(const HashedKey& key, int64_t now_ms, kv::ValueView* value) = 0;

  // Inserts or overwrites everything that a ValueView has. The bytes of `value` may point into
  // this engine (even into the same entry).
  [[nodiscard]] virtual PutResult Put(const HashedKey& key, const kv::ValueView& value) = 0;

  // True when the key was there and not expired; it is gone either way.
  virtual bool Erase(const HashedKey& key, int64_t now_ms) = 0;

  // Sets or (kNoExpiry) removes the expiry of a key that is there.
  [[nodiscard]] virtual ExpireResult SetExpiry(const HashedKey& key, int64_t now_ms,
                                               kv::ExpiryMillis expires_at) = 0;

  // Sets the marks and the version of a key that is there, and nothing else of it.
  [[nodiscard]] virtual AnnotateResult Annotate(const HashedKey& key, int64_t now_ms,
                                                kv::Marks marks, uint64_t version) = 0;

  // Brings what the coming calls for these hashes will touch into the cache, all of them
  // overlapping. A hint, at most kPrefetchMax at a time.
  static constexpr size_t kPrefetchMax = 32;
  virtual void Prefetch(std::span<const uint64_t> hashes) = 0;

  // Visits every entry of the stripe at `cursor`, expired ones too, and returns where the next
  // stripe begins, or kWalkStart after the last. A walk from kWalkStart until it comes back meets
  // every entry that is there throughout at least once, whatever changes in between, and exactly
  // once as stripes are ranges of hashes. The low byte of a place is zero. The visitor must not
  // change the engine; a value's bytes are there only while it is visited.
  virtual WalkCursor VisitStripe(WalkCursor cursor, EntryVisitor visitor) = 0;

  // Drops expired entries of the stripe at `cursor`; returns the next place. Work is bounded by one
  // stripe; stripes without expiring entries are skipped over, up to a bounded number at a time.
  virtual WalkCursor SweepStripe(WalkCursor cursor, int64_t now_ms) = 0;

  // Empties the engine at once as far as any reader can tell; memory goes back in slices by
  // Reclaim().
  virtual void Clear() = 0;
  // Frees about `entries_max` cleared entries. True while there are more.
  virtual bool Reclaim(size_t entries_max) = 0;

  [[nodiscard]] virtual EngineStats Stats() const = 0;

  // True for an engine with a store of its own on the disk: a checkpoint then has no entries, it
  // calls Persist() instead, which makes everything durable that was put before. From any thread;
  // it waits for the disk.
  [[nodiscard]] virtual bool KeepsItself() const { return false; }
  [[nodiscard]] virtual Status Persist() { return OkStatus(); }

  // True for an engine whose calls may fail at all. The executor then keeps each reply back until
  // it has seen that nothing has failed.
  [[nodiscard]] bool fallible() const { return fallible_; }
  // How often a call could not find out what is there, or not make a change, for another reason
  // than memory: an engine that keeps its entries on a disk. What such a call answered means
  // nothing; the executor compares before and after, and lets no such reply go.
  [[nodiscard]] uint64_t failures() const { return failures_; }
  // What the first failure was. An engine that has failed refuses changes from then on.
  [[nodiscard]] virtual Status health() const { return OkStatus(); }

 protected:
  enum class Fallible : uint8_t { kNo, kYes };
  explicit Engine(Fallible fallible = Fallible::kNo) : fallible_(fallible == Fallible::kYes) {}
  void CountFailure() { ++failures_; }

 private:
  const bool fallible_;
  uint64_t failures_ = 0;
};

}  // namespace corelane::storage
