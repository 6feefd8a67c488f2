#pragma once

// A connection as a line of CLIENT LIST. Free functions, for the lane's thread.

#include <cstdint>
#include <string>

#include "shard/facts.h"
#include "shard/lane_host.h"

namespace corelane::shard {

// "id=3 addr=127.0.0.1:50312 ...\n": the fields of redis 7.0 in its order, then ours. What does not
// exist here (subscriptions, client-side caching) stands as it does for a client that uses none.
// `now_ms` is monotonic.
[[nodiscard]] std::string ClientLine(const ClientState& client, int64_t now_ms);
// The line of the connection that asks, by the lane's host if there is one.
[[nodiscard]] std::string DescribeCaller(const kv::Session& session, const LaneFacts& facts);

}  // namespace corelane::shard
