// The planning half of Shard: what a request needs, found out before anything is executed.

#include <corelane/status.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "shard/commands.h"
#include "shard/cursor.h"
#include "shard/shard.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

// Positions count from 1; negative ones from the end.
size_t LastKey(const KeyPositions& keys, size_t args) {
  return keys.last >= 0 ? static_cast<size_t>(keys.last)
                        : args + 1 - static_cast<size_t>(-keys.last);
}

bool ArityFits(const Command& command, size_t args) {
  const auto words = static_cast<int64_t>(args) + 1;
  const bool fits = command.arity >= 0 ? words == command.arity : words >= -command.arity;
  // Pairs come whole.
  return fits && (command.keys.step != 2 || args % 2 == 0);
}

// SCAN's cursor is decimal text, LIST's eight raw bytes.
bool ParseCursor(const Command& command, std::string_view text, uint64_t& cursor) {
  if (command.Is(kInternal)) {
    if (text.size() != sizeof(cursor)) return false;
    cursor = base::LoadLittle<uint64_t>(text.data());
    return true;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), cursor);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// As redis words it, with the beginning of the arguments.
std::string UnknownCommandText(const kv::Request& request) {
  constexpr size_t kShownBytesMax = 128;
  std::string text =
      absl::StrCat("unknown command '", base::ToAbsl(request.command.substr(0, kShownBytesMax)),
                   "', with args beginning with: ");
  size_t shown = 0;
  for (const std::string_view arg : request.args) {
    if (shown >= kShownBytesMax) break;
    const std::string_view part = arg.substr(0, kShownBytesMax - shown);
    absl::StrAppend(&text, "'", base::ToAbsl(part), "' ");
    shown += part.size() + 3;
  }
  // A reply line must stay one line.
  for (char& byte : text) {
    if (byte == '\r' || byte == '\n') byte = ' ';
  }
  return text;
}

}  // namespace

void Shard::PlanBatch(const kv::RequestBatch& batch, size_t begin, size_t end) {
  plans_.clear();
  hashes_.clear();
  prefetch_.clear();
  for (size_t i = begin; i < end; ++i) {
    plans_.push_back(MakePlan(batch[i]));
    const Plan& plan = plans_.back();
    if (plan.kind != Plan::Kind::kOneLane || plan.lane != lane_) continue;
    for (const uint64_t hash : HashesOf(plan)) {
      if (prefetch_.size() < storage::Engine::kPrefetchMax) prefetch_.push_back(hash);
    }
  }
  // A single lookup has nothing to overlap with.
  if (prefetch_.size() > 1) slice_.engine().Prefetch(prefetch_);
}

Shard::Plan Shard::MakePlan(const kv::Request& request) {
  Plan plan;
  const Command* const command = index_.Find(request.command);
  if (command == nullptr || !ArityFits(*command, request.args.size())) return plan;
  plan.command = command;
  switch (command->route) {
    case Route::kHere:
      plan.kind = Plan::Kind::kHere;
      break;
    case Route::kAllLanes:
      plan.kind = Plan::Kind::kAllLanes;
      break;
    case Route::kKeys:
      if (!HashKeys(request, *command, plan)) plan.kind = Plan::Kind::kRefused;
      break;
    case Route::kCursor: {
      uint64_t cursor = 0;
      if (!ParseCursor(*command, request.args[0], cursor)) break;
      plan.kind = Plan::Kind::kOneLane;
      // A cursor that no walk of this server handed out begins at the first lane.
      plan.lane = CursorLane(cursor) < lanes_ ? CursorLane(cursor) : 0;
      break;
    }
  }
  return plan;
}

// Hashes each key once and finds the lanes. False when a key or a value is too large.
bool Shard::HashKeys(const kv::Request& request, const Command& command, Plan& plan) {
  const SliceLimits& limits = slice_.limits();
  const bool check = !command.Is(kChecksLimits);
  plan.kind = Plan::Kind::kOneLane;
  plan.first_hash = static_cast<uint32_t>(hashes_.size());
  const size_t last = LastKey(command.keys, request.args.size());
  const auto step = static_cast<size_t>(command.keys.step);
  for (size_t at = static_cast<size_t>(command.keys.first) - 1; at < last; at += step) {
    const std::string_view key = request.args[at];
    if (check && key.size() > limits.key_bytes_max) return false;
    const uint64_t hash = base::KeyHash(key, hash_seed_);
    const uint32_t lane = storage::LaneOf(hash, lanes_);
    if (plan.hash_count == 0) plan.lane = lane;
    if (lane != plan.lane) plan.kind = Plan::Kind::kSplitKeys;
    hashes_.push_back(hash);
    ++plan.hash_count;
  }
  if (check && command.Is(kWrites)) {
    for (const std::string_view arg : request.args) {
      if (arg.size() > limits.value_bytes_max && arg.size() > limits.key_bytes_max) return false;
    }
  }
  return true;
}

// Finds again what MakePlan() refused, and says it.
void Shard::WriteRefusal(const kv::Request& request, kv::ReplyWriter& reply) const {
  const Command* const command = index_.Find(request.command);
  if (command == nullptr) {
    reply.Error(StatusCode::kUnknownCommand, UnknownCommandText(request));
  } else if (!ArityFits(*command, request.args.size())) {
    ReplyWrongArity(reply, command->name);
  } else if (command->route == Route::kCursor) {
    reply.Error(StatusCode::kBadArgument, "invalid cursor");
  } else {
    const size_t last = LastKey(command->keys, request.args.size());
    const auto step = static_cast<size_t>(command->keys.step);
    for (size_t at = static_cast<size_t>(command->keys.first) - 1; at < last; at += step) {
      if (request.args[at].size() <= slice_.limits().key_bytes_max) continue;
      reply.Error(StatusCode::kKeyTooLarge, "key exceeds maximum size");
      return;
    }
    reply.Error(StatusCode::kValueTooLarge, "value exceeds maximum size");
  }
}

}  // namespace corelane::shard
