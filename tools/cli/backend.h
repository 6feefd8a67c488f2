#pragma once

// Backend: what corelane-cli talks to, a server over TCP or a store in this process. Owned by main;
// one thread. The operations and their errors are those of corelane::Client.

#include <corelane/client.h>
#include <corelane/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/snapshot_format.h"

namespace corelane::cli {

struct TypedPut {
  std::string key;
  Value value;
  std::optional<std::chrono::milliseconds> ttl;
};

class Backend {
 public:
  using Millis = std::chrono::milliseconds;

  virtual ~Backend() = default;

  [[nodiscard]] virtual Status Ping() = 0;
  // Without a `ttl` the key stays until it is deleted.
  [[nodiscard]] virtual Status Put(std::string_view key, std::string_view value,
                                   std::optional<Millis> ttl) = 0;
  [[nodiscard]] virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;
  [[nodiscard]] virtual Result<bool> Delete(std::string_view key) = 0;
  [[nodiscard]] virtual Result<int64_t> Increment(std::string_view key, int64_t delta) = 0;
  [[nodiscard]] virtual Result<std::optional<TimeToLive>> Ttl(std::string_view key) = 0;
  [[nodiscard]] virtual Result<bool> Expire(std::string_view key, Millis ttl) = 0;
  [[nodiscard]] virtual Result<uint64_t> Count() = 0;
  [[nodiscard]] virtual Result<ListPage> List(uint64_t cursor) = 0;
  [[nodiscard]] virtual Result<ServerStats> Stats() = 0;
  // Takes a checkpoint.
  [[nodiscard]] virtual Status Save() = 0;

  // For many entries at once, one result each, in order.
  [[nodiscard]] virtual std::vector<Result<std::optional<StoredValue>>> GetBatch(
      std::span<const std::string> keys) = 0;
  [[nodiscard]] virtual std::vector<Status> PutBatch(std::span<const TypedPut> puts) = 0;
  // A put that exceeds these would be refused, and may cost the connection.
  [[nodiscard]] virtual Result<EntryLimits> Limits() = 0;

  // The end; tells what a store's last sync has to say. Nothing may be called afterwards.
  [[nodiscard]] virtual Status Close() = 0;
};

// A server. Connects before it returns.
[[nodiscard]] Result<std::unique_ptr<Backend>> ConnectBackend(ClientOptions options);

// A store in this process, in `directory`, which it makes if there is none.
[[nodiscard]] Result<std::unique_ptr<Backend>> OpenBackend(std::string directory);

}  // namespace corelane::cli
