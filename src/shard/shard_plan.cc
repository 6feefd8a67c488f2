// The planning half of Shard: what a request needs, found out before anything is executed.

#include <corelane/status.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "shard/commands/commands.h"
#include "shard/cursor.h"
#include "shard/shard.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

// SCAN's cursor is decimal text, LIST's eight raw bytes.
std::optional<uint64_t> CursorOf(const Command& command, std::string_view text) {
  if (!command.Is(kInternal)) return ParseCursor(text);
  if (text.size() != sizeof(uint64_t)) return std::nullopt;
  return base::LoadLittle<uint64_t>(text.data());
}

// What redis shows of a word in an error: so much of it, and nothing from a zero byte on.
std::string_view Shown(std::string_view word, size_t bytes_max) {
  word = word.substr(0, bytes_max);
  return word.substr(0, word.find('\0'));
}

// As redis words it, with the beginning of the arguments.
std::string UnknownCommandText(const kv::Request& request) {
  constexpr size_t kShownBytesMax = 128;
  std::string text =
      absl::StrCat("unknown command '", base::ToAbsl(Shown(request.command, kShownBytesMax)),
                   "', with args beginning with: ");
  size_t shown = 0;
  for (const std::string_view arg : request.args) {
    if (shown >= kShownBytesMax) break;
    const std::string_view part = Shown(arg, kShownBytesMax - shown);
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

void Shard::Plan(PlannedBatch& batch) {
  for (size_t i = 0; i < batch.requests.size(); ++i) {
    MakePlan(batch.requests[i], batch.plans.emplace_back(), batch.hashes);
  }
}

void Shard::Prefetch(std::span<const PlannedBatch> batches) {
  prefetch_.clear();
  for (const PlannedBatch& batch : batches) {
    for (const RequestPlan& plan : batch.plans) {
      if (plan.kind != RequestPlan::Kind::kOneLane || plan.lane != lane_) continue;
      const std::span<const uint64_t> hashes = batch.HashesOf(plan);
      prefetch_.insert(prefetch_.end(), hashes.begin(), hashes.end());
    }
  }
  // A single lookup has nothing to overlap with. What is beyond the bound would push out what is
  // before it.
  if (prefetch_.size() < 2) return;
  slice_.engine().Prefetch(
      std::span(prefetch_).first(std::min(prefetch_.size(), storage::Engine::kPrefetchMax)));
}

// Internal words are for codecs: a client that writes one means a command that we do not have.
const Command* Shard::FindCommand(const kv::Request& request) const {
  const Command* const command = index_.Find(request.command);
  const bool hidden =
      command != nullptr && command->Is(kInternal) && request.spelled_by == kv::SpelledBy::kClient;
  return hidden ? nullptr : command;
}

void Shard::MakePlan(const kv::Request& request, RequestPlan& plan,
                     std::vector<uint64_t>& hashes) const {
  const Command* command = FindCommand(request);
  if (command != nullptr && command->subcommands != nullptr) [[unlikely]] {
    command = ChooseSubcommand(*command, request.args);
  }
  if (command == nullptr || !ArityFits(*command, request.args.size())) return;
  plan.command = command;
  switch (command->routing.route) {
    case Route::kHere:
      plan.kind = RequestPlan::Kind::kHere;
      break;
    case Route::kAllLanes:
      plan.kind = RequestPlan::Kind::kAllLanes;
      break;
    case Route::kKeys:
      if (!HashKeys(request, plan, hashes)) plan.kind = RequestPlan::Kind::kRefused;
      break;
    case Route::kCursor: {
      const std::optional<uint64_t> cursor = CursorOf(*command, request.args[0]);
      if (!cursor) break;
      plan.kind = RequestPlan::Kind::kOneLane;
      // A cursor that no walk of this server handed out begins at the first lane.
      plan.lane = CursorLane(*cursor) < lanes_ ? CursorLane(*cursor) : 0;
      break;
    }
  }
}

// Hashes each key once and finds the lanes. False when a key or a value is too large.
bool Shard::HashKeys(const kv::Request& request, RequestPlan& plan,
                     std::vector<uint64_t>& hashes) const {
  const Command& command = *plan.command;
  const SliceLimits& limits = slice_.limits();
  const bool check = !command.Is(kChecksLimits);
  plan.kind = RequestPlan::Kind::kOneLane;
  plan.first_hash = static_cast<uint32_t>(hashes.size());
  const size_t last = LastKeyPosition(command.routing.keys, request.args.size());
  const auto step = static_cast<size_t>(command.routing.keys.step);
  for (size_t at = static_cast<size_t>(command.routing.keys.first) - 1; at < last; at += step) {
    const std::string_view key = request.args[at];
    if (check && key.size() > limits.key_bytes_max) return false;
    const uint64_t hash = base::KeyHash(key, hash_seed_);
    const uint32_t lane = storage::LaneOf(hash, lanes_);
    if (plan.hash_count == 0) plan.lane = lane;
    if (lane != plan.lane) plan.kind = RequestPlan::Kind::kSplitKeys;
    hashes.push_back(hash);
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
  const Command* command = FindCommand(request);
  if (command != nullptr && command->subcommands != nullptr && !request.args.empty()) {
    const Command* const chosen = ChooseSubcommand(*command, request.args);
    if (chosen == nullptr) {
      return ReplyUnknownSubcommand(reply, command->name, request.args[0]);
    }
    command = chosen;
  }
  if (command == nullptr) {
    reply.Error(StatusCode::kUnknownCommand, UnknownCommandText(request));
  } else if (!ArityFits(*command, request.args.size())) {
    if (command->word != TransactionWord::kExec) return ReplyWrongArity(reply, command->name);
    reply.Error(StatusCode::kTransactionAborted,
                "Transaction discarded because of: wrong number of arguments for 'exec' command");
  } else if (command->routing.route == Route::kCursor) {
    reply.Error(StatusCode::kBadArgument, "invalid cursor");
  } else {
    const size_t last = LastKeyPosition(command->routing.keys, request.args.size());
    const auto step = static_cast<size_t>(command->routing.keys.step);
    for (size_t at = static_cast<size_t>(command->routing.keys.first) - 1; at < last; at += step) {
      if (request.args[at].size() <= slice_.limits().key_bytes_max) continue;
      reply.Error(StatusCode::kKeyTooLarge, "key exceeds maximum size");
      return;
    }
    reply.Error(StatusCode::kValueTooLarge, "value exceeds maximum size");
  }
}

}  // namespace corelane::shard
