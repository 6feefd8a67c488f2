#pragma once

// Transaction: commands that run as one, on keys of any lanes. EXEC is one, and so is a single
// command that changes keys of several lanes (MSET, RENAME, DEL).
//
// It goes through these phases, all driven by the lane of its connection (shard_transaction.cc):
//   1. It takes its keys, lane by lane in ascending order (key_locks.h says why nothing deadlocks).
//   2. It draws its number (transaction_clock.h) and runs its commands on the lanes that have the
//   keys. Those of one lane run in order. A command that computes something out of the values of
//   several keys first fetches them all, then writes; nothing else of the transaction runs
//   meanwhile.
//   3. It gives the keys back. Then the reply leaves.
// Whoever else wants one of its keys waits until then; no other key is held up.
//
// Detour: what a connection needs beside the straight way, as soon as it uses transactions.
//
// One thread, the lane's.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "kv/reply_tape.h"
#include "kv/session.h"
#include "shard/stored_request.h"

namespace corelane::shard {

struct Call;

// A key that a connection watches, and how it stood when WATCH came (Slice::Watch).
struct WatchedKey {
  std::string key;
  uint64_t hash = 0;
  int64_t token = 0;
};

struct Transaction {
  Call* call = nullptr;   // takes the reply
  Call* locks = nullptr;  // has a lock message for each lane, in ascending order; owns this
  std::vector<std::unique_ptr<StoredRequest>> requests;
  std::vector<kv::ReplyTape> replies;  // one for each request
  std::vector<WatchedKey> watched;
  bool is_exec = false;  // the reply is an array of the replies
  bool writes = false;
  bool watches_checked = false;
  bool overtaken = false;       // a watched key has changed: nothing is executed
  bool releases_early = false;  // its only command gives the keys back with each part
  bool alone = false;           // a command of several rounds is under way
  bool advancing = false;
  size_t lanes_held = 0;
  size_t next_request = 0;
  size_t steps_outstanding = 0;
  uint64_t stamp = 0;
  uint64_t gate_seq = 0;  // of what this lane executed
};

// Requests that a connection may have queued behind MULTI, and the bytes of their words.
inline constexpr size_t kQueuedRequestsMax = size_t{1} << 16;
inline constexpr size_t kQueuedBytesMax = size_t{64} << 20;

struct Detour {
  // The call that all later requests wait for, because they could overtake it: a transaction, or a
  // read over several lanes.
  Call* barrier = nullptr;
  std::deque<std::unique_ptr<StoredRequest>> deferred;  // those that wait
  bool draining = false;                                // they are being executed
  bool waits_for_pause = false;                         // is in the shard's list

  bool in_multi = false;
  bool queue_failed = false;  // a request was refused: EXEC will be
  std::vector<std::unique_ptr<StoredRequest>> queue;
  size_t queued_bytes = 0;
  std::vector<WatchedKey> watched;
  size_t watches_pending = 0;  // the last of them, whose tokens are on their way

  [[nodiscard]] bool Active() const { return barrier != nullptr || !deferred.empty() || in_multi; }
  void LeaveMulti(kv::Session& session);
};

}  // namespace corelane::shard
