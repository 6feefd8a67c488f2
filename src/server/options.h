#pragma once

// ServerOptions: everything about a server that its user can choose. main() fills it from flags;
// tests fill it directly. A plain value; read-only once the server has started.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/reactor.h"
#include "io/socket.h"
#include "shard/checkpointer.h"
#include "storage/rocksdb_factory.h"
#include "wal/lane_log.h"

namespace corelane::server {

// What a listener speaks. kAuto looks at the first byte of each connection.
enum class Scheme : uint8_t { kAuto, kNative, kResp, kText, kJson, kMemcache };
[[nodiscard]] std::string_view SchemeName(Scheme scheme);
// All of them, for people: "auto, native, ...".
[[nodiscard]] std::string SchemeNames();

struct ListenOptions {
  Scheme scheme = Scheme::kAuto;
  io::Endpoint endpoint{"127.0.0.1", kPortDefault};
};

// Reads "SCHEME://ADDRESS:PORT"; kBadArgument says what is wrong with it.
[[nodiscard]] Result<ListenOptions> ParseListen(const std::string& text);

inline constexpr uint32_t kMaxConnectionsDefault = 10'000;
inline constexpr size_t kOutputBufferBytesDefault = size_t{64} << 20;
inline constexpr int64_t kOutputGraceMillisDefault = 5'000;
inline constexpr int64_t kDrainTimeoutMillisDefault = 5'000;
inline constexpr uint64_t kSegmentBytesDefault = uint64_t{64} << 20;

struct ServerOptions {
  std::vector<ListenOptions> listen = {ListenOptions{}};
  uint32_t lanes = 0;     // 0: as many as this process may use cores
  bool pin_lanes = true;  // lane i to the i-th core this process may use
  io::BackEndChoice io = io::BackEndChoice::kAuto;
  int64_t spin_us = 0;  // how long an idle lane polls before it sleeps

  std::string data_directory = "corelane-data";
  std::optional<wal::FsyncMode> fsync = wal::FsyncMode::kEverySecond;  // none: no log at all
  uint64_t segment_bytes = kSegmentBytesDefault;
  bool salvage = false;  // start with what is sound of damaged logs and checkpoints
  shard::CheckpointPolicy checkpoints;

  storage::EngineKind engine = storage::EngineKind::kMemory;  // kRocksDb needs a log
  // Of all lanes; 0: kRocksDbCacheBytesDefault, or what they need at least if that is more.
  uint64_t rocksdb_cache_bytes = 0;

  uint32_t max_connections = kMaxConnectionsDefault;
  size_t output_buffer_bytes_max = kOutputBufferBytesDefault;
  int64_t output_grace_ms = kOutputGraceMillisDefault;
  int64_t idle_timeout_ms = 0;  // 0: connections may idle for ever
  int64_t drain_timeout_ms = kDrainTimeoutMillisDefault;
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
};

// "always", "everysec", "os", "off".
[[nodiscard]] std::string_view FsyncName(const std::optional<wal::FsyncMode>& mode);

}  // namespace corelane::server
