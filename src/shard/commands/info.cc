// INFO and the binary protocol's STATS: every lane takes a snapshot, the connection's lane adds
// them up and writes the text.

#include <sys/resource.h>
#include <unistd.h>

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "env/process.h"
#include "shard/command_stats.h"
#include "shard/commands/commands.h"
#include "shard/commands/info_commands.h"
#include "shard/lane_snapshot.h"

namespace corelane::shard {
namespace {

void CopyText(std::string_view from, ShortText& to) {
  const size_t count = std::min(from.size(), to.size() - 1);
  std::memcpy(to.data(), from.data(), count);
}

MergedStats ReadCommandStats(const MergeContext& context) {
  MergedStats stats;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader reader(*part);
    std::string_view bytes;
    if (reader.EnterArray() < 0 || !reader.TakeBulk(bytes) || !reader.TakeBulk(bytes)) continue;
    stats.Add(bytes);
  }
  return stats;
}

ErrorCounts AllErrors(const std::vector<LaneSnapshot>& lanes) {
  ErrorCounts sum{};
  for (const LaneSnapshot& lane : lanes) {
    for (size_t code = 0; code < sum.size(); ++code) sum[code] += lane.errors[code];
  }
  return sum;
}

// Adds up one field over the lanes, e.g. Sum(lanes, [](auto& lane) { return lane.engine.entries;
// }).
template <typename Field>
uint64_t Sum(const std::vector<LaneSnapshot>& lanes, Field field) {
  uint64_t sum = 0;
  for (const LaneSnapshot& lane : lanes) sum += field(lane);
  return sum;
}

// "1.50M", as redis shows sizes to people.
std::string Human(uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGT";
  auto shown = static_cast<double>(bytes);
  size_t unit = 0;
  for (; shown >= 1024 && unit + 1 < kUnits.size(); ++unit) shown /= 1024;
  return unit == 0 ? absl::StrCat(bytes, "B") : absl::StrFormat("%.2f%c", shown, kUnits[unit]);
}

void AppendServer(const MergeContext& context, const std::vector<LaneSnapshot>& lanes,
                  std::string& text) {
  const ServerFacts& server = *context.facts.server;
  const int64_t uptime_s = (context.facts.clock->WallMillis() - server.started_at_ms) / 1000;
  absl::StrAppend(
      &text, "# Server\r\n", "redis_version:", base::ToAbsl(kRedisVersion),
      "\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_mode:standalone\r\nos:Linux"
      "\r\narch_bits:64\r\nserver_name:corelane\r\ncorelane_version:",
      server.version, "\r\nprocess_id:", getpid(), "\r\nrun_id:", server.run_id,
      "\r\ntcp_port:", server.port, "\r\nserver_time_usec:", context.facts.clock->WallMicros(),
      "\r\nuptime_in_seconds:", uptime_s, "\r\nuptime_in_days:", uptime_s / 86400,
      "\r\nmultiplexing_api:", lanes.empty() ? "" : lanes[0].io_back_end.data(),
      "\r\nexecutable:", server.executable,
      "\r\nconfig_file:\r\nio_threads_active:0\r\nlanes:", lanes.size(), "\r\n\r\n");
}

void AppendClients(const MergeContext& context, const std::vector<LaneSnapshot>& lanes,
                   std::string& text) {
  absl::StrAppend(&text, "# Clients\r\nconnected_clients:",
                  Sum(lanes, [](const auto& lane) { return lane.counters.connections_open; }),
                  "\r\ncluster_connections:0\r\nmaxclients:", context.facts.server->clients_max,
                  "\r\nclient_recent_max_input_buffer:0\r\nclient_recent_max_output_buffer:0"
                  "\r\nblocked_clients:0\r\ntracking_clients:0"
                  "\r\nclients_in_timeout_table:0\r\n\r\n");
}

void AppendMemory(const std::vector<LaneSnapshot>& lanes, std::string& text) {
  const uint64_t resident = env::ResidentBytes();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const uint64_t peak = std::max(resident, static_cast<uint64_t>(usage.ru_maxrss) * 1024);
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  const uint64_t dataset = Sum(lanes, [](const auto& lane) { return lane.engine.data_bytes; });
  absl::StrAppend(&text, "# Memory\r\nused_memory:", resident,
                  "\r\nused_memory_human:", Human(resident), "\r\nused_memory_rss:", resident,
                  "\r\nused_memory_rss_human:", Human(resident), "\r\nused_memory_peak:", peak,
                  "\r\nused_memory_peak_human:", Human(peak),
                  "\r\nused_memory_overhead:", resident - std::min(resident, dataset),
                  "\r\nused_memory_dataset:", dataset,
                  "\r\ntotal_system_memory:", pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  absl::StrAppend(&text,
                  "\r\nused_memory_lua:0\r\nused_memory_scripts:0"
                  "\r\nnumber_of_cached_scripts:0\r\nmaxmemory:0\r\nmaxmemory_human:0B"
                  "\r\nmaxmemory_policy:noeviction\r\nmem_fragmentation_ratio:1.00"
                  "\r\nactive_defrag_running:0\r\nlazyfree_pending_objects:0"
                  "\r\nlazyfreed_objects:0\r\n\r\n");
}

// The checkpoints of all lanes as one: complete when the last lane's is, failed when any lane's is.
struct CheckpointFacts {
  bool running = false;
  bool failed = false;
  uint64_t taken = UINT64_MAX;
  int64_t last_ms = INT64_MAX;
  int64_t took_s = -1;
  int64_t running_s = -1;
};

CheckpointFacts CheckpointFactsOf(const MergeContext& context,
                                  const std::vector<LaneSnapshot>& lanes) {
  CheckpointFacts facts;
  for (const LaneSnapshot& lane : lanes) {
    const CheckpointStats& stats = lane.checkpoint;
    facts.running |= stats.running;
    facts.failed |= stats.last_failed;
    facts.taken = std::min(facts.taken, stats.taken);
    facts.last_ms = std::min(facts.last_ms, stats.last_ms);
    if (stats.taken != 0) facts.took_s = std::max(facts.took_s, stats.took_ms / 1000);
    if (stats.running) {
      const int64_t running_ms = context.facts.clock->WallMillis() - stats.began_ms;
      facts.running_s = std::max(facts.running_s, running_ms / 1000);
    }
  }
  if (lanes.empty()) facts.taken = 0;
  facts.last_ms = std::max(facts.last_ms, context.facts.server->started_at_ms);
  return facts;
}

// A checkpoint stands for what redis calls a background save, and for its rewriting of the log.
void AppendCheckpoints(const MergeContext& context, const std::vector<LaneSnapshot>& lanes,
                       std::string& text) {
  const CheckpointFacts facts = CheckpointFactsOf(context, lanes);
  const int running = facts.running ? 1 : 0;
  const char* const status = facts.failed ? "err" : "ok";
  absl::StrAppend(
      &text, "rdb_changes_since_last_save:",
      Sum(lanes, [](const auto& lane) { return lane.checkpoint.changes; }),
      "\r\nrdb_bgsave_in_progress:", running, "\r\nrdb_last_save_time:", facts.last_ms / 1000,
      "\r\nrdb_last_bgsave_status:", status, "\r\nrdb_last_bgsave_time_sec:", facts.took_s,
      "\r\nrdb_current_bgsave_time_sec:", facts.running_s, "\r\nrdb_saves:", facts.taken);
  absl::StrAppend(&text, "\r\naof_rewrite_in_progress:", running,
                  "\r\naof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:", facts.took_s,
                  "\r\naof_current_rewrite_time_sec:", facts.running_s,
                  "\r\naof_last_bgrewrite_status:", status, "\r\n");
}

void AppendPersistence(const MergeContext& context, const std::vector<LaneSnapshot>& lanes,
                       std::string& text) {
  const bool logged = !lanes.empty() && lanes[0].logged;
  const bool healthy =
      std::all_of(lanes.begin(), lanes.end(), [](const auto& lane) { return lane.log_healthy; });
  text += "# Persistence\r\nloading:0\r\nasync_loading:0\r\n";
  AppendCheckpoints(context, lanes, text);
  const auto sum = [&](auto count) { return Sum(lanes, count); };
  absl::StrAppend(
      &text, "aof_enabled:", logged ? 1 : 0, "\r\naof_last_write_status:", healthy ? "ok" : "err",
      "\r\nfsync:", context.facts.server->fsync_mode,
      "\r\nlog_frames:", sum([](const auto& lane) { return lane.log_frames; }),
      "\r\nlog_bytes:", sum([](const auto& lane) { return lane.log_bytes; }),
      "\r\nlog_syncs:", sum([](const auto& lane) { return lane.log_syncs; }),
      "\r\nlog_bytes_since_checkpoint:",
      sum([](const auto& lane) { return lane.checkpoint.log_bytes; }),
      "\r\ncheckpoint_entries:", sum([](const auto& lane) { return lane.checkpoint.entries; }),
      "\r\ncheckpoint_bytes:", sum([](const auto& lane) { return lane.checkpoint.bytes; }), "\r\n");
  for (const LaneSnapshot& lane : lanes) {
    if (lane.log_healthy) continue;
    absl::StrAppend(&text, "log_failure_lane", lane.lane, ":", lane.log_failure.data(), "\r\n");
  }
  text += "\r\n";
}

std::string Kilobytes(uint64_t bytes) {
  return absl::StrFormat("%.2f", static_cast<double>(bytes) / 1024);
}

void AppendStats(const std::vector<LaneSnapshot>& lanes, std::string& text) {
  const ErrorCounts errors = AllErrors(lanes);
  const uint64_t total_errors = std::accumulate(errors.begin(), errors.end(), uint64_t{0});
  const auto total = [&](uint64_t LaneCounters::*field) {
    return Sum(lanes, [field](const auto& lane) { return lane.counters.*field; });
  };
  absl::StrAppend(
      &text, "# Stats\r\ntotal_connections_received:", total(&LaneCounters::connections_accepted),
      "\r\ntotal_commands_processed:", total(&LaneCounters::commands),
      "\r\ninstantaneous_ops_per_sec:", total(&LaneCounters::commands_per_s),
      "\r\nrejected_connections:", total(&LaneCounters::connections_refused), "\r\nexpired_keys:",
      Sum(lanes,
          [](const auto& lane) {
            return lane.engine.expired_on_read + lane.engine.expired_by_sweep;
          }),
      "\r\nexpired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\nevicted_keys:0"
      "\r\nevicted_clients:0\r\npubsub_channels:0\r\npubsub_patterns:0\r\nlatest_fork_usec:0"
      "\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\nslave_expires_tracked_keys:0"
      "\r\nkeyspace_hits:",
      total(&LaneCounters::reads_hit), "\r\nkeyspace_misses:", total(&LaneCounters::reads_missed));
  absl::StrAppend(
      &text, "\r\ntotal_net_input_bytes:",
      Sum(lanes, [](const auto& lane) { return lane.reactor.received_bytes; }),
      "\r\ntotal_net_output_bytes:",
      Sum(lanes, [](const auto& lane) { return lane.reactor.sent_bytes; }),
      "\r\ninstantaneous_input_kbps:", Kilobytes(total(&LaneCounters::input_bytes_per_s)),
      "\r\ninstantaneous_output_kbps:", Kilobytes(total(&LaneCounters::output_bytes_per_s)),
      "\r\ntotal_error_replies:", total_errors,
      "\r\nclient_output_buffer_limit_disconnections:", total(&LaneCounters::connections_cut_off),
      "\r\nclient_idle_timeout_disconnections:", total(&LaneCounters::connections_timed_out),
      "\r\nprotocol_errors:", total(&LaneCounters::protocol_errors),
      "\r\nwrites_refused:", total(&LaneCounters::writes_refused),
      "\r\ncommands_crossed_lanes:", total(&LaneCounters::commands_remote), "\r\n\r\n");
}

void AppendReplication(std::string& text) {
  absl::StrAppend(
      &text,
      "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover"
      "\r\nmaster_repl_offset:0\r\nsecond_repl_offset:-1\r\nrepl_backlog_active:0"
      "\r\nrepl_backlog_size:0\r\nrepl_backlog_histlen:0\r\n\r\n");
}

void AppendCpu(std::string& text) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  absl::StrAppendFormat(&text, "# CPU\r\nused_cpu_sys:%.6f\r\nused_cpu_user:%.6f\r\n\r\n",
                        seconds(usage.ru_stime), seconds(usage.ru_utime));
}

void AppendLanes(const std::vector<LaneSnapshot>& lanes, std::string& text) {
  text += "# Lanes\r\n";
  for (const LaneSnapshot& lane : lanes) {
    absl::StrAppend(&text, "lane", lane.lane, ":io=", lane.io_back_end.data(),
                    ",keys=", lane.engine.entries, ",connections=", lane.counters.connections_open,
                    ",commands=", lane.counters.commands,
                    ",crossed=", lane.counters.commands_remote, ",received=", lane.mailbox.received,
                    ",doorbells=", lane.mailbox.doorbells, ",spilled=", lane.mailbox.spilled,
                    ",log_room_waits=", lane.counters.waits_for_log_room,
                    ",log_last_seq=", lane.log_last_seq, ",log_durable_seq=", lane.log_durable_seq,
                    ",sync_us_max=", lane.log_sync_nanos_max / 1000, "\r\n");
    if (lane.io_fallback_reason[0] != '\0') {
      absl::StrAppend(&text, "lane", lane.lane, "_io_fallback:", lane.io_fallback_reason.data(),
                      "\r\n");
    }
  }
  text += "\r\n";
}

void AppendKeyspace(const std::vector<LaneSnapshot>& lanes, std::string& text) {
  const uint64_t keys = Sum(lanes, [](const auto& lane) { return lane.engine.entries; });
  text += "# Keyspace\r\n";
  if (keys == 0) return;
  absl::StrAppend(&text, "db0:keys=", keys, ",expires=",
                  Sum(lanes, [](const auto& lane) { return lane.engine.entries_with_expiry; }),
                  ",avg_ttl=0\r\n");
}

// The sections with a line for each command come only when asked for.
bool WantsOnDemand(const MergeContext& context, std::string_view section) {
  return std::any_of(context.args.begin(), context.args.end(), [&](std::string_view word) {
    return WordIs(word, section) || WordIs(word, "all") || WordIs(word, "everything");
  });
}

void MergeInfo(MergeContext& context) {
  const std::vector<LaneSnapshot> lanes = ReadSnapshots(context);
  const auto wants = [&](std::string_view section) {
    if (context.args.empty()) return true;
    return std::any_of(context.args.begin(), context.args.end(), [&](std::string_view word) {
      return WordIs(word, section) || WordIs(word, "default") || WordIs(word, "all") ||
             WordIs(word, "everything");
    });
  };
  std::string text;
  if (wants("server")) AppendServer(context, lanes, text);
  if (wants("clients")) AppendClients(context, lanes, text);
  if (wants("memory")) AppendMemory(lanes, text);
  if (wants("persistence")) AppendPersistence(context, lanes, text);
  if (wants("stats")) AppendStats(lanes, text);
  if (wants("replication")) AppendReplication(text);
  if (wants("cpu")) AppendCpu(text);
  if (wants("modules")) text += "# Modules\r\n\r\n";
  if (WantsOnDemand(context, "commandstats")) AppendCommandStats(ReadCommandStats(context), text);
  if (wants("errorstats")) AppendErrorStats(AllErrors(lanes), text);
  if (WantsOnDemand(context, "latencystats")) AppendLatencyStats(ReadCommandStats(context), text);
  if (wants("cluster")) text += "# Cluster\r\ncluster_enabled:0\r\n\r\n";
  if (wants("lanes")) AppendLanes(lanes, text);
  if (wants("keyspace")) AppendKeyspace(lanes, text);
  context.reply.Text(text);
}

void MergeStats(MergeContext& context) {
  const std::vector<LaneSnapshot> lanes = ReadSnapshots(context);
  const uint64_t entries = Sum(lanes, [](const auto& lane) { return lane.engine.entries; });
  const uint64_t capacity = Sum(lanes, [](const auto& lane) { return lane.engine.table_capacity; });
  const double load =
      capacity == 0 ? 0.0 : static_cast<double>(entries) / static_cast<double>(capacity);
  std::string text;
  absl::StrAppend(&text, "entries ", entries, "\ndata_bytes ",
                  Sum(lanes, [](const auto& lane) { return lane.engine.data_bytes; }),
                  "\ntable_capacity ", capacity, "\n");
  absl::StrAppendFormat(&text, "load_factor %.4f\n", load);
  absl::StrAppend(
      &text, "lanes ", lanes.size(), "\ncommands ",
      Sum(lanes, [](const auto& lane) { return lane.counters.commands; }), "\nconnections ",
      Sum(lanes, [](const auto& lane) { return lane.counters.connections_open; }),
      "\nresident_bytes ", env::ResidentBytes(), "\nfsync ", context.facts.server->fsync_mode,
      "\nio ", lanes.empty() ? "" : lanes[0].io_back_end.data(), "\n");
  if (!lanes.empty()) {
    // A client that sends more is cut off, so that a long import asks first.
    absl::StrAppend(&text, "key_bytes_max ", lanes[0].key_bytes_max, "\nvalue_bytes_max ",
                    lanes[0].value_bytes_max, "\n");
  }
  context.reply.Bulk(text);
}

constexpr Command kInfoCommands[] = {
    {"info", -1, 0, kAllLanesMerged, RunLaneSnapshot, "Returns facts and counters of the server.",
     MergeInfo},
    {"cl.stats", 1, kInternal, kAllLanesMerged, RunLaneSnapshot, "STATS.", MergeStats},
};

}  // namespace

LaneSnapshot TakeSnapshot(Slice& slice, const LaneFacts& facts) {
  LaneSnapshot snapshot;
  snapshot.lane = slice.lane();
  snapshot.counters = *facts.counters;
  snapshot.errors = facts.stats->errors();
  if (facts.mailbox != nullptr) snapshot.mailbox = *facts.mailbox;
  if (facts.reactor != nullptr) snapshot.reactor = *facts.reactor;
  snapshot.engine = slice.engine().Stats();
  snapshot.key_bytes_max = slice.limits().key_bytes_max;
  snapshot.value_bytes_max = slice.limits().value_bytes_max;
  CopyText(facts.io_back_end, snapshot.io_back_end);
  CopyText(facts.io_fallback_reason, snapshot.io_fallback_reason);
  if (slice.log() == nullptr) return snapshot;
  const wal::LogStats log = slice.log()->Stats();
  snapshot.logged = true;
  snapshot.log_healthy = log.failure.empty();
  snapshot.log_frames = log.appended_frames;
  snapshot.log_bytes = log.appended_bytes;
  snapshot.log_last_seq = log.last_seq;
  snapshot.log_durable_seq = log.durable_seq;
  snapshot.log_syncs = log.syncs;
  snapshot.log_sync_nanos_max = log.sync_nanos_max;
  snapshot.log_segments = log.segments;
  if (slice.checkpointer() != nullptr) snapshot.checkpoint = slice.checkpointer()->Stats();
  CopyText(log.failure, snapshot.log_failure);
  // An engine that has failed refuses changes as well, and is told in the same place.
  if (const Status health = slice.engine().health(); snapshot.log_healthy && !health.ok()) {
    snapshot.log_healthy = false;
    CopyText(health.message(), snapshot.log_failure);
  }
  return snapshot;
}

void ResetStatistics(const LaneFacts& facts) {
  const uint64_t connections_open = facts.counters->connections_open;
  *facts.counters = {};
  facts.counters->connections_open = connections_open;
  facts.stats->Reset();
}

void RunLaneSnapshot(CommandContext& context) {
  const LaneSnapshot snapshot = TakeSnapshot(context.slice, context.facts);
  context.reply.Array(2);
  context.reply.Bulk({reinterpret_cast<const char*>(&snapshot), sizeof(snapshot)});
  context.reply.Bulk(context.facts.stats->Serialize());
}

std::vector<LaneSnapshot> ReadSnapshots(const MergeContext& context) {
  std::vector<LaneSnapshot> snapshots;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader reader(*part);
    std::string_view bytes;
    const bool fits =
        reader.EnterArray() == 2 && reader.TakeBulk(bytes) && bytes.size() == sizeof(LaneSnapshot);
    if (fits) std::memcpy(&snapshots.emplace_back(), bytes.data(), sizeof(LaneSnapshot));
  }
  return snapshots;
}

CommandGroup InfoCommands() { return {"server", kInfoCommands}; }

}  // namespace corelane::shard
