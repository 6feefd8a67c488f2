#pragma once

// Store: corelane in process. The same table and the same log as the server's, without a server;
// any number of threads may use one store at once.
//
//   corelane::Result<std::unique_ptr<corelane::Store>> store =
//       corelane::Store::Open({.directory = "my-data"});
//   if (!store.ok()) return Fail(store.status());
//   corelane::Status status = (*store)->Put("greeting", "hello world");
//   corelane::Result<std::optional<std::string>> value = (*store)->Get("greeting");
//
// Threads: every function may be called from any thread at any time, except Close() and the
// destructor, which need the store to themselves. Readers of different keys do not wait for each
// other, and readers never wait for the disk (unless Sync::kAlways is chosen: what they have read
// is durable then). Writers with a log take turns for the time of a memory copy.
//
// Ownership: the store owns its keys and values; what it returns is a copy.
//
// The data directory is the server's: a store can open what a server has written, and the other way
// round, one process at a time.

#include <corelane/limits.h>
#include <corelane/status.h>
#include <corelane/value.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corelane {

// When a change is on stable storage. In all modes with a log it survives the death of the process
// as soon as the call returns.
enum class Sync : uint8_t {
  kAlways,       // when the call returns
  kEverySecond,  // within about a second
  kOs,           // when the system likes
};

struct StoreOptions {
  std::string directory;  // empty: memory only, no log
  Sync sync = Sync::kEverySecond;
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
  uint64_t segment_bytes = uint64_t{64} << 20;  // of the log
  // When the log has grown by this, and by as much as the keys and values take, the store takes a
  // checkpoint by itself, which makes the log before it superfluous; 0: only Save() does.
  uint64_t checkpoint_log_bytes = uint64_t{64} << 20;
};

struct StoreStats {
  uint64_t entries = 0;         // expired ones that were not yet swept included
  uint64_t data_bytes = 0;      // the sum of key and value lengths, exact
  uint64_t table_capacity = 0;  // slots
  double load_factor = 0;       // entries / table_capacity
};

class Store {
 public:
  // Opens or creates; replays the log. kLocked when another process has the directory;
  // kIncompatible, kCorruption, kDiskFull, kIoError with a message that names the file.
  [[nodiscard]] static Result<std::unique_ptr<Store>> Open(const StoreOptions& options);

  // Closes; a failure of the last sync is lost here, so call Close() where it matters.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Takes a checkpoint: everything that was done before the call is on stable storage then, and
  // the log before it is removed. Others go on reading and writing meanwhile. kError without a
  // directory; any other failure leaves the log as it was.
  [[nodiscard]] Status Save();

  // Syncs and closes the log. Nothing may be called afterwards.
  [[nodiscard]] Status Close();

  // Stores or overwrites. A `ttl` of zero expires at once.
  [[nodiscard]] Status Put(std::string_view key, std::string_view value,
                           std::optional<std::chrono::milliseconds> ttl = std::nullopt);
  [[nodiscard]] Status PutTyped(std::string_view key, const Value& value,
                                std::optional<std::chrono::milliseconds> ttl = std::nullopt);
  // Best effort: returns how many went in.
  [[nodiscard]] size_t MultiPut(std::span<const KeyValue> entries);

  // Empty when there is no such key. A number comes as text, a boolean as 1 or 0.
  [[nodiscard]] Result<std::optional<std::string>> Get(std::string_view key) const;
  [[nodiscard]] Result<std::optional<StoredValue>> GetTyped(std::string_view key) const;
  // One result a key, in order.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> MultiGet(
      std::span<const std::string_view> keys) const;
  // Without fetching the value.
  [[nodiscard]] Result<bool> Contains(std::string_view key) const;

  // Says whether the key was there.
  [[nodiscard]] Result<bool> Delete(std::string_view key);
  // Adds to an integer (or text that reads as one); a missing key counts from 0. The new value.
  [[nodiscard]] Result<int64_t> Increment(std::string_view key, int64_t delta = 1);
  // False when there is no such key.
  [[nodiscard]] Result<bool> Expire(std::string_view key, std::chrono::milliseconds ttl);
  // False when there is no such key, or it had no expiry.
  [[nodiscard]] Result<bool> Persist(std::string_view key);
  // Empty when there is no such key.
  [[nodiscard]] Result<std::optional<TimeToLive>> Ttl(std::string_view key) const;
  [[nodiscard]] Status Clear();

  // Writes up to keys.size() keys, in no order, expired ones left out; returns how many.
  [[nodiscard]] size_t ListKeys(std::span<std::string> keys) const;
  // Appends about `wanted` keys and returns where to go on; starts and ends with 0. Every key that
  // is there all the while is met.
  [[nodiscard]] uint64_t Scan(uint64_t cursor, size_t wanted, std::vector<std::string>& keys) const;

  [[nodiscard]] uint64_t Count() const;
  [[nodiscard]] uint64_t BytesUsed() const;
  [[nodiscard]] StoreStats Stats() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace corelane
