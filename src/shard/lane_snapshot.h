#pragma once

// LaneSnapshot: what one lane says of itself when INFO or STATS ask. Each lane fills one on its own
// thread and sends it inside a reply, as plain bytes; the connection's lane adds them up. Never
// leaves the process.

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "io/reactor.h"
#include "shard/checkpointer.h"
#include "shard/command_stats.h"
#include "shard/facts.h"
#include "shard/mailbox.h"
#include "storage/engine.h"

namespace corelane::shard {

class Slice;
struct CommandContext;
struct MergeContext;

using ShortText = std::array<char, 160>;

struct LaneSnapshot {
  uint32_t lane = 0;
  LaneCounters counters;
  ErrorCounts errors{};
  MailboxCounters mailbox;
  io::ReactorCounters reactor;
  storage::EngineStats engine;
  uint64_t key_bytes_max = 0;
  uint64_t value_bytes_max = 0;
  bool logged = false;
  bool log_healthy = true;
  uint64_t log_frames = 0;
  uint64_t log_bytes = 0;
  uint64_t log_last_seq = 0;
  uint64_t log_durable_seq = 0;
  uint64_t log_syncs = 0;
  uint64_t log_sync_nanos_max = 0;
  uint64_t log_segments = 0;
  CheckpointStats checkpoint;
  ShortText log_failure{};  // NUL-terminated, cut if need be
  ShortText io_back_end{};
  ShortText io_fallback_reason{};
};
static_assert(std::is_trivially_copyable_v<LaneSnapshot>);

[[nodiscard]] LaneSnapshot TakeSnapshot(Slice& slice, const LaneFacts& facts);

// The `run` of a command that gathers snapshots, and what its merge gets of them.
void RunLaneSnapshot(CommandContext& context);
[[nodiscard]] std::vector<LaneSnapshot> ReadSnapshots(const MergeContext& context);

}  // namespace corelane::shard
