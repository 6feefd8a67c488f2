// The statistics of the memcache protocol, under the names that its exporters read. What we have no
// part of (slabs, LRU queues) is left out, but for those names that an exporter wants to see.

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "kv/memcache.h"
#include "shard/commands/commands.h"
#include "shard/lane_snapshot.h"

namespace corelane::shard {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Snapshots = std::vector<LaneSnapshot>;

constexpr int64_t kMillisPerSecond = 1000;

void Add(Pairs& pairs, std::string_view name, uint64_t value) {
  pairs.emplace_back(name, std::to_string(value));
}

template <typename Field>
uint64_t Sum(const Snapshots& lanes, Field field) {
  uint64_t sum = 0;
  for (const LaneSnapshot& lane : lanes) sum += field(lane);
  return sum;
}

uint64_t SumOf(const Snapshots& lanes, uint64_t LaneCounters::*field) {
  return Sum(lanes, [field](const LaneSnapshot& lane) { return lane.counters.*field; });
}

uint64_t SumOf(const Snapshots& lanes, uint64_t MemcacheCounters::*field) {
  return Sum(lanes, [field](const LaneSnapshot& lane) { return lane.counters.memcache.*field; });
}

uint64_t SumOf(const Snapshots& lanes, uint64_t storage::EngineStats::*field) {
  return Sum(lanes, [field](const LaneSnapshot& lane) { return lane.engine.*field; });
}

std::string SecondsText(const timeval& time) {
  return absl::StrFormat("%d.%06d", time.tv_sec, time.tv_usec);
}

// A setting of CONFIG GET by its name there.
std::string Setting(const MergeContext& context, std::string_view name) {
  for (const auto& [key, value] : context.facts.server->config) {
    if (key == name) return value;
  }
  return "0";
}

void AddProcess(const MergeContext& context, Pairs& pairs) {
  const int64_t now_ms = context.facts.clock->WallMillis();
  Add(pairs, "pid", static_cast<uint64_t>(getpid()));
  Add(pairs, "uptime",
      static_cast<uint64_t>((now_ms - context.facts.server->started_at_ms) / kMillisPerSecond));
  Add(pairs, "time", static_cast<uint64_t>(now_ms / kMillisPerSecond));
  pairs.emplace_back("version", kv::kMemcacheVersion);
  Add(pairs, "pointer_size", 8 * sizeof(void*));
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  pairs.emplace_back("rusage_user", SecondsText(usage.ru_utime));
  pairs.emplace_back("rusage_system", SecondsText(usage.ru_stime));
}

void AddConnections(const MergeContext& context, const Snapshots& lanes, Pairs& pairs) {
  pairs.emplace_back("max_connections", Setting(context, "maxclients"));
  Add(pairs, "curr_connections", SumOf(lanes, &LaneCounters::connections_open));
  Add(pairs, "total_connections", SumOf(lanes, &LaneCounters::connections_accepted));
  Add(pairs, "rejected_connections", SumOf(lanes, &LaneCounters::connections_refused));
  Add(pairs, "bytes_read",
      Sum(lanes, [](const LaneSnapshot& lane) { return lane.reactor.received_bytes; }));
  Add(pairs, "bytes_written",
      Sum(lanes, [](const LaneSnapshot& lane) { return lane.reactor.sent_bytes; }));
  Add(pairs, "accepting_conns", 1);
  Add(pairs, "listen_disabled_num", 0);
  Add(pairs, "time_in_listen_disabled_us", 0);
  Add(pairs, "conn_yields", 0);
  Add(pairs, "threads", lanes.size());
}

void AddCommands(const Snapshots& lanes, Pairs& pairs) {
  using C = MemcacheCounters;
  const uint64_t hits = SumOf(lanes, &C::get_hits);
  const uint64_t misses = SumOf(lanes, &C::get_misses);
  Add(pairs, "cmd_get", hits + misses);
  constexpr std::pair<std::string_view, uint64_t C::*> kCounted[] = {
      {"cmd_set", &C::sets},
      {"cmd_flush", &C::flushes},
      {"cmd_touch", &C::touches},
      {"cmd_meta", &C::metas},
      {"get_hits", &C::get_hits},
      {"get_misses", &C::get_misses},
      {"delete_misses", &C::delete_misses},
      {"delete_hits", &C::delete_hits},
      {"incr_misses", &C::incr_misses},
      {"incr_hits", &C::incr_hits},
      {"decr_misses", &C::decr_misses},
      {"decr_hits", &C::decr_hits},
      {"cas_misses", &C::cas_misses},
      {"cas_hits", &C::cas_hits},
      {"cas_badval", &C::cas_badval},
      {"touch_hits", &C::touch_hits},
      {"touch_misses", &C::touch_misses},
      {"store_too_large", &C::store_too_large},
  };
  for (const auto& [name, field] : kCounted) Add(pairs, name, SumOf(lanes, field));
}

void AddItems(const Snapshots& lanes, Pairs& pairs) {
  Add(pairs, "store_no_memory", 0);
  Add(pairs, "auth_cmds", 0);
  Add(pairs, "auth_errors", 0);
  Add(pairs, "limit_maxbytes", 0);
  Add(pairs, "hash_is_expanding", 0);
  Add(pairs, "malloc_fails", 0);
  Add(pairs, "bytes", SumOf(lanes, &storage::EngineStats::data_bytes));
  Add(pairs, "curr_items", SumOf(lanes, &storage::EngineStats::entries));
  Add(pairs, "total_items", SumOf(lanes, &MemcacheCounters::items_stored));
  Add(pairs, "expired_unfetched", 0);
  Add(pairs, "evicted_unfetched", 0);
  Add(pairs, "evictions", 0);
  Add(pairs, "reclaimed",
      SumOf(lanes, &storage::EngineStats::expired_on_read) +
          SumOf(lanes, &storage::EngineStats::expired_by_sweep));
  Add(pairs, "lru_crawler_starts", 0);
}

void AddSettings(const MergeContext& context, const Snapshots& lanes, Pairs& pairs) {
  Add(pairs, "maxbytes", 0);
  pairs.emplace_back("maxconns", Setting(context, "maxclients"));
  pairs.emplace_back("tcpport", Setting(context, "port"));
  Add(pairs, "udpport", 0);
  Add(pairs, "verbosity", 0);
  pairs.emplace_back("evictions", "off");
  pairs.emplace_back("shutdown_command", "no");
  Add(pairs, "num_threads", lanes.size());
  pairs.emplace_back("detail_enabled", "no");
  pairs.emplace_back("cas_enabled", "yes");
  pairs.emplace_back("binding_protocol", "ascii");
  pairs.emplace_back("auth_enabled_sasl", "no");
  pairs.emplace_back("item_size_max", Setting(context, "proto-max-bulk-len"));
  pairs.emplace_back("lru_crawler", "no");
  pairs.emplace_back("lru_maintainer_thread", "no");
  pairs.emplace_back("flush_enabled", "yes");
  pairs.emplace_back("dump_enabled", "no");
  pairs.emplace_back("idle_timeout", Setting(context, "timeout"));
}

// All items stand in one class, for tools that add up classes.
void AddClass(const Snapshots& lanes, bool slabs, Pairs& pairs) {
  const uint64_t items = SumOf(lanes, &storage::EngineStats::entries);
  const uint64_t bytes = SumOf(lanes, &storage::EngineStats::data_bytes);
  if (slabs) {
    if (items != 0) Add(pairs, "1:used_chunks", items);
    if (items != 0) Add(pairs, "1:mem_requested", bytes);
    Add(pairs, "active_slabs", items != 0 ? 1 : 0);
    return Add(pairs, "total_malloced", items != 0 ? bytes : 0);
  }
  if (items == 0) return;
  Add(pairs, "items:1:number", items);
  Add(pairs, "items:1:mem_requested", bytes);
  for (const std::string_view name :
       {"evicted", "evicted_nonzero", "evicted_time", "outofmemory", "tailrepairs", "reclaimed",
        "expired_unfetched", "evicted_unfetched", "crawler_reclaimed"}) {
    Add(pairs, absl::StrCat("items:1:", base::ToAbsl(name)), 0);
  }
}

// args: the section, or nothing
void MergeMemcacheStats(MergeContext& context) {
  const Snapshots lanes = ReadSnapshots(context);
  const std::string_view section = context.args[0];
  Pairs pairs;
  if (section.empty()) {
    AddProcess(context, pairs);
    AddConnections(context, lanes, pairs);
    AddCommands(lanes, pairs);
    AddItems(lanes, pairs);
  } else if (section == "settings") {
    AddSettings(context, lanes, pairs);
  } else {
    AddClass(lanes, section == "slabs", pairs);
  }
  context.reply.Map(pairs.size());
  for (const auto& [name, value] : pairs) {
    context.reply.Bulk(name);
    context.reply.Bulk(value);
  }
}

constexpr Command kMemcacheStatsCommands[] = {
    {"mc.stats", 2, kInternal, kAllLanesMerged, RunLaneSnapshot, "stats.", MergeMemcacheStats},
};

}  // namespace

CommandGroup MemcacheStatsCommands() { return {"memcache", kMemcacheStatsCommands}; }

}  // namespace corelane::shard
