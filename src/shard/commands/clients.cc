#include "shard/commands/clients.h"

#include <corelane/status.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "env/clock.h"
#include "shard/commands/client_text.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

constexpr std::string_view kOnlyUser = "default";

// What CLIENT LIST and CLIENT KILL ask of a connection; what is not set, is not asked.
struct ClientFilter {
  std::optional<std::vector<int64_t>> ids;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<int64_t> age_s_min;
  bool kind_has_none = false;  // a kind of client that does not exist here: replicas, subscribers
  bool skip_caller = false;

  [[nodiscard]] bool Matches(const kv::Session& session, uint64_t caller, int64_t now_ms) const {
    const auto id = static_cast<int64_t>(session.id);
    if (kind_has_none || (skip_caller && session.id == caller)) return false;
    if (ids && std::find(ids->begin(), ids->end(), id) == ids->end()) return false;
    if (address && session.peer_address != *address) return false;
    if (local_address && session.local_address != *local_address) return false;
    return !age_s_min || (now_ms - session.connected_at_ms) / 1000 >= *age_s_min;
  }
};

// Each of these takes one option's value into the filter; false: the reply was an error.
using TakeValue = bool (*)(CommandContext&, std::string_view, ClientFilter&);

bool Fail(CommandContext& context, std::string_view message) {
  context.reply.Error(StatusCode::kBadArgument, message);
  return false;
}

bool TakeKind(CommandContext& context, std::string_view kind, ClientFilter& filter) {
  if (WordIs(kind, "normal")) return true;
  filter.kind_has_none = true;
  if (WordIs(kind, "master") || WordIs(kind, "slave") || WordIs(kind, "replica") ||
      WordIs(kind, "pubsub")) {
    return true;
  }
  return Fail(context, absl::StrCat("Unknown client type '", base::ToAbsl(kind), "'"));
}

bool TakeKillId(CommandContext& context, std::string_view text, ClientFilter& filter) {
  int64_t id = 0;
  if (!kv::ParseInteger(text, id) || id <= 0) {
    return Fail(context, "client-id should be greater than 0");
  }
  filter.ids = {id};
  return true;
}

bool TakeAddress(CommandContext& /*context*/, std::string_view text, ClientFilter& filter) {
  filter.address = text;
  return true;
}

bool TakeLocalAddress(CommandContext& /*context*/, std::string_view text, ClientFilter& filter) {
  filter.local_address = text;
  return true;
}

bool TakeUser(CommandContext& context, std::string_view name, ClientFilter& /*filter*/) {
  if (name == kOnlyUser) return true;
  return Fail(context, absl::StrCat("No such user '", base::ToAbsl(name), "'"));
}

bool TakeSkipMe(CommandContext& context, std::string_view text, ClientFilter& filter) {
  filter.skip_caller = WordIs(text, "yes");
  if (filter.skip_caller || WordIs(text, "no")) return true;
  ReplySyntaxError(context.reply);
  return false;
}

bool TakeMaxAge(CommandContext& context, std::string_view text, ClientFilter& filter) {
  int64_t age_s = 0;
  if (!kv::ParseInteger(text, age_s)) {
    return Fail(context, "maxage is not an integer or out of range");
  }
  if (age_s <= 0) return Fail(context, "maxage should be greater than 0");
  filter.age_s_min = age_s;
  return true;
}

struct KillOption {
  std::string_view word;
  TakeValue take;
};
constexpr KillOption kKillOptions[] = {
    {"id", TakeKillId},          {"type", TakeKind},     {"addr", TakeAddress},  {"user", TakeUser},
    {"laddr", TakeLocalAddress}, {"skipme", TakeSkipMe}, {"maxage", TakeMaxAge},
};

// CLIENT KILL with one argument names an address, and means the caller's own too.
bool ParseKill(CommandContext& context, ClientFilter& filter) {
  if (context.args.size() == 2) return TakeAddress(context, context.args[1], filter);
  filter.skip_caller = true;
  for (size_t i = 1; i < context.args.size(); i += 2) {
    const auto option =
        std::find_if(std::begin(kKillOptions), std::end(kKillOptions),
                     [&](const KillOption& row) { return WordIs(context.args[i], row.word); });
    if (option == std::end(kKillOptions) || i + 1 == context.args.size()) {
      ReplySyntaxError(context.reply);
      return false;
    }
    if (!option->take(context, context.args[i + 1], filter)) return false;
  }
  return true;
}

bool ParseList(CommandContext& context, ClientFilter& filter) {
  const auto args = context.args.subspan(1);
  if (args.empty()) return true;
  if (args.size() == 2 && WordIs(args[0], "type")) return TakeKind(context, args[1], filter);
  if (args.size() < 2 || !WordIs(args[0], "id")) {
    ReplySyntaxError(context.reply);
    return false;
  }
  filter.ids.emplace();
  for (const std::string_view text : args.subspan(1)) {
    if (!kv::ParseInteger(text, filter.ids->emplace_back())) {
      return Fail(context, "Invalid client ID");
    }
  }
  return true;
}

// Calls `visit` for each connection of this lane that the filter lets through.
void VisitMatching(const CommandContext& context, const ClientFilter& filter,
                   absl::FunctionRef<void(const ClientState&, int64_t now_ms)> visit) {
  if (context.facts.host == nullptr) return;
  const int64_t now_ms = context.facts.clock->MonotonicNanos() / 1'000'000;
  context.facts.host->VisitClients([&](const ClientState& client) {
    if (filter.Matches(client.session, context.caller, now_ms)) visit(client, now_ms);
  });
}

}  // namespace

// A lane replies with pairs of id and line.
void ClientList(CommandContext& context) {
  ClientFilter filter;
  if (!ParseList(context, filter)) return;
  std::map<uint64_t, std::string> lines;
  VisitMatching(context, filter, [&](const ClientState& client, int64_t now_ms) {
    lines.emplace(client.session.id, ClientLine(client, now_ms));
  });
  context.reply.Array(2 * lines.size());
  for (const auto& [id, line] : lines) {
    context.reply.Integer(static_cast<int64_t>(id));
    context.reply.Bulk(line);
  }
}

// Oldest connection first, whatever its lane.
void MergeClientList(MergeContext& context) {
  std::map<int64_t, std::string_view> lines;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader reader(*part);
    for (int64_t pairs = reader.EnterArray() / 2; pairs > 0; --pairs) {
      int64_t id = 0;
      std::string_view line;
      if (reader.TakeInteger(id) && reader.TakeBulk(line)) lines.emplace(id, line);
    }
  }
  std::string text;
  for (const auto& [id, line] : lines) text += line;
  context.reply.Text(text);
}

void ClientKill(CommandContext& context) {
  ClientFilter filter;
  if (!ParseKill(context, filter)) return;
  // Closing changes what is visited, so the two come one after the other.
  std::vector<uint64_t> ids;
  VisitMatching(context, filter, [&](const ClientState& client, int64_t /*now_ms*/) {
    ids.push_back(client.session.id);
  });
  int64_t closed = 0;
  for (const uint64_t id : ids) {
    if (context.facts.host->CloseClient(id, id == context.caller)) ++closed;
  }
  context.reply.Integer(closed);
}

void MergeClientKill(MergeContext& context) {
  int64_t closed = 0;
  for (const kv::ReplyTape* part : context.parts) {
    int64_t of_lane = 0;
    if (kv::ReplyTape::Reader(*part).TakeInteger(of_lane)) closed += of_lane;
  }
  if (context.args.size() > 2) {
    context.reply.Integer(closed);
  } else if (closed == 0) {
    context.reply.Error(StatusCode::kBadArgument, "No such client");
  } else {
    context.reply.Ok();
  }
}

}  // namespace corelane::shard
