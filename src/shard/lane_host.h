#pragma once

// LaneHost: what is around a lane's shard, as far as commands may see and change it: the lane's
// connections and the process. server::Lane implements it; the embedded store has none. All calls
// are made on the lane's thread, from inside a command.

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "kv/session.h"

namespace corelane::shard {

// A connection, as CLIENT LIST tells of it.
struct ClientState {
  const kv::Session& session;
  int fd = -1;
  int64_t idle_ms = 0;
  size_t input_bytes = 0;  // received, not yet executed
  size_t input_free_bytes = 0;
  size_t output_bytes = 0;  // replies that have not left
  size_t output_capacity_bytes = 0;
  size_t object_bytes = 0;  // of the connection itself
};

class LaneHost {
 public:
  virtual ~LaneHost() = default;

  // Every connection of the lane that is not on its way out.
  virtual void VisitClients(absl::FunctionRef<void(const ClientState&)> visit) = 0;
  // Closes a connection: with `after_replies`, once what it asked so far is answered. False when
  // there is none with this id.
  virtual bool CloseClient(uint64_t id, bool after_replies) = 0;
  // The orderly end of the process, as a signal would bring it.
  virtual void RequestShutdown() = 0;
};

}  // namespace corelane::shard
