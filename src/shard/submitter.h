#pragma once

// Submitter: one connection, as its shard sees it. The connection implements the virtual functions;
// what is below them is the shard's own. Lives on the shard's thread; Shard::Forget() must be
// called before it is destroyed.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kv/reply.h"
#include "kv/session.h"
#include "shard/call.h"
#include "shard/transaction.h"

namespace corelane::shard {

class Submitter {
 public:
  virtual ~Submitter() = default;

  // The writer for the reply to the request with this tag, which is the oldest one without a reply.
  // One element is written, then EndReply() is called.
  virtual kv::ReplyWriter& BeginReply(uint32_t tag) = 0;
  virtual void EndReply() = 0;
  // Replies were written, or those written before may leave now, or the shard can take more
  // requests. Comes at any time, also from inside Shard::Execute(): it only takes note.
  virtual void OnProgress() = 0;
  // The log has failed and replies written before will never leave: what they confirm is not on
  // stable storage. They cannot be taken back, so the connection has to go.
  virtual void OnLogLost() {}

  kv::Session session;

  // The shard's part.
  struct ShardState {
    Fifo<Call> calls;          // requests without a written reply, oldest first
    size_t request_bytes = 0;  // of those
    uint64_t gate_seq = 0;  // the written replies may leave once the lane's log has released this
    bool waits_for_gate = false;     // is in the shard's list
    std::unique_ptr<Detour> detour;  // made when first needed (transaction.h)
  };
  ShardState shard_state;
};

}  // namespace corelane::shard
