#pragma once

// What commands like INFO can say: facts of the server, which stand still once it runs, and
// counters of one lane, which that lane alone writes and which cross to another lane only as a
// snapshot inside a reply.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace corelane::env {
class Clock;
}

namespace corelane::io {
struct ReactorCounters;
}

namespace corelane::shard {

class CommandStats;
class LaneHost;
class SlowLog;
struct LaneSettings;
struct MailboxCounters;

// The same for all lanes; written before the lanes start.
struct ServerFacts {
  std::string version;
  std::string run_id;          // 40 hexadecimal digits, drawn at every start
  std::string data_directory;  // empty without a log
  std::string fsync_mode;      // "always", "everysec", "os", "off"
  std::string executable;
  uint16_t port = 0;          // of the first listener
  int64_t started_at_ms = 0;  // wall clock
  uint64_t hash_seed = 0;
  uint64_t clients_max = 0;
  // Names and values for CONFIG GET, in redis's words where redis has one.
  std::vector<std::pair<std::string, std::string>> config;
};

// What memcache clients did, in the words of memcached's statistics.
struct MemcacheCounters {
  uint64_t get_hits = 0;
  uint64_t get_misses = 0;
  uint64_t sets = 0;
  uint64_t items_stored = 0;
  uint64_t flushes = 0;
  uint64_t metas = 0;
  uint64_t touches = 0;
  uint64_t touch_hits = 0;
  uint64_t touch_misses = 0;
  uint64_t delete_hits = 0;
  uint64_t delete_misses = 0;
  uint64_t incr_hits = 0;
  uint64_t incr_misses = 0;
  uint64_t decr_hits = 0;
  uint64_t decr_misses = 0;
  uint64_t cas_hits = 0;
  uint64_t cas_misses = 0;
  uint64_t cas_badval = 0;
  uint64_t store_too_large = 0;
};

// Written by the lane and its connections, on the lane's thread.
struct LaneCounters {
  uint64_t connections_open = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;
  uint64_t connections_cut_off = 0;  // did not read their replies
  uint64_t connections_timed_out = 0;
  uint64_t protocol_errors = 0;
  uint64_t commands = 0;
  uint64_t commands_per_s = 0;  // these three: over the last second and a half
  uint64_t input_bytes_per_s = 0;
  uint64_t output_bytes_per_s = 0;
  uint64_t commands_remote = 0;  // went to another lane
  uint64_t reads_hit = 0;
  uint64_t reads_missed = 0;
  uint64_t writes_refused = 0;
  uint64_t waits_for_log_room = 0;
  uint64_t waits_for_keys = 0;   // messages that found a key held by a transaction
  uint64_t transactions = 0;     // over several lanes, and EXEC
  uint64_t reads_overtaken = 0;  // reads over several lanes done again because of a transaction
  uint64_t turns = 0;
  MemcacheCounters memcache;
};

// What a command's function sees of its lane.
struct LaneFacts {
  const ServerFacts* server = nullptr;
  LaneCounters* counters = nullptr;
  LaneSettings* settings = nullptr;
  CommandStats* stats = nullptr;
  SlowLog* slow_log = nullptr;
  const MailboxCounters* mailbox = nullptr;
  const io::ReactorCounters* reactor = nullptr;  // null in the embedded store
  std::string io_back_end;                       // "io_uring", "epoll"
  std::string io_fallback_reason;                // why not io_uring, or empty
  const env::Clock* clock = nullptr;
  LaneHost* host = nullptr;  // null in the embedded store
};

// CONFIG RESETSTAT: the counters begin again; what tells of the present stays.
void ResetStatistics(const LaneFacts& facts);

}  // namespace corelane::shard
