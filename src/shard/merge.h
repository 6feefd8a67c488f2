#pragma once

// Making one reply out of the replies of several lanes. Pure: tapes in, one element out.

#include "kv/reply.h"
#include "shard/call.h"
#include "shard/facts.h"

namespace corelane::shard {

// Writes the reply of a call whose parts have all been executed.
void WriteMergedReply(const Call& call, const LaneFacts& facts, kv::ReplyWriter& reply);

}  // namespace corelane::shard
