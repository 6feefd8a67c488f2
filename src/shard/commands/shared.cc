#include <corelane/status.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "shard/commands/commands.h"

namespace corelane::shard {
namespace {

constexpr std::string_view kNotAnInteger = "value is not an integer or out of range";

}  // namespace

void RunGet(CommandContext& context) {
  kv::ValueView value;
  if (!context.slice.Get(context.Key(0), &value)) {
    ++context.facts.counters->reads_missed;
    context.reply.Nil();
    return;
  }
  ++context.facts.counters->reads_hit;
  context.reply.Value(value);
}

Status AddToValue(const kv::ValueView* value, int64_t delta, int64_t& sum) {
  int64_t number = 0;
  if (value != nullptr && value->type == kv::ValueType::kInteger) {
    number = kv::IntegerOf(value->bytes);
  } else if (value != nullptr &&
             (value->type != kv::ValueType::kString || !kv::ParseInteger(value->bytes, number))) {
    return Status(StatusCode::kBadArgument, std::string(kNotAnInteger));
  }
  if (__builtin_add_overflow(number, delta, &sum)) {
    return Status(StatusCode::kOverflow, "increment or decrement would overflow");
  }
  return OkStatus();
}

void IncrementAndReply(CommandContext& context, const storage::HashedKey& key, int64_t delta) {
  kv::ValueView value;
  const bool found = context.slice.Get(key, &value);
  int64_t sum = 0;
  const Status added = AddToValue(found ? &value : nullptr, delta, sum);
  if (!added.ok()) return context.reply.Error(added.code(), added.message());
  const kv::ScalarBytes bytes(sum);
  value.type = kv::ValueType::kInteger;
  value.bytes = bytes.view();
  if (!context.slice.Put(key, value)) return ReplyOutOfMemory(context.reply);
  context.reply.Integer(sum);
}

bool ExpireAt(CommandContext& context, const storage::HashedKey& key, int64_t at) {
  if (at <= context.slice.now_ms()) return context.slice.Erase(key);
  return context.slice.SetExpiry(key, at) == storage::ExpireResult::kSet;
}

kv::ExpiryMillis ExpiryAfter(int64_t now_ms, uint64_t ttl_ms) {
  const auto room = static_cast<uint64_t>(kv::kNoExpiry - 1 - now_ms);
  return ttl_ms > room ? kv::kNoExpiry - 1 : now_ms + static_cast<int64_t>(ttl_ms);
}

void ReplyWrongArity(kv::ReplyWriter& reply, std::string_view command) {
  reply.Error(StatusCode::kBadArgument,
              absl::StrCat("wrong number of arguments for '", base::ToAbsl(command), "' command"));
}

void ReplyUnknownSubcommand(kv::ReplyWriter& reply, std::string_view command,
                            std::string_view word) {
  reply.Error(StatusCode::kBadArgument,
              absl::StrCat("unknown subcommand '", base::ToAbsl(word.substr(0, 128)), "'. Try ",
                           UpperCase(command), " HELP."));
}

void ReplyUnknownUse(kv::ReplyWriter& reply, std::string_view command, std::string_view word) {
  reply.Error(
      StatusCode::kBadArgument,
      absl::StrCat("unknown subcommand or wrong number of arguments for '",
                   base::ToAbsl(word.substr(0, 128)), "'. Try ", UpperCase(command), " HELP."));
}

void ReplyHelp(kv::ReplyWriter& reply, std::string_view command, std::span<const Command> rows) {
  reply.Array(1 + 2 * rows.size());
  reply.Simple(UpperCase(command) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command& row : rows) {
    std::string line = UpperCase(SubcommandWord(row));
    if (!row.syntax.empty()) line.append(" ").append(row.syntax);
    reply.Simple(line);
    reply.Simple("    " + std::string(row.summary));
  }
}

std::string_view SubcommandWord(const Command& row) {
  return row.name.substr(row.name.find('|') + 1);
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& byte : upper) {
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 32);
  }
  return upper;
}

void ReplyOutOfMemory(kv::ReplyWriter& reply) {
  reply.Error(StatusCode::kOutOfMemory, "out of memory: the value was not stored");
}

void ReplySyntaxError(kv::ReplyWriter& reply) {
  reply.Error(StatusCode::kBadArgument, "syntax error");
}

void ReplyNotAnInteger(kv::ReplyWriter& reply) {
  reply.Error(StatusCode::kBadArgument, kNotAnInteger);
}

bool IsPlainWord(std::string_view text) {
  for (const char byte : text) {
    if (byte < '!' || byte > '~') return false;
  }
  return true;
}

bool SetSessionName(CommandContext& context, std::string_view name) {
  if (!IsPlainWord(name)) {
    context.reply.Error(StatusCode::kBadArgument,
                        "Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  context.session->name = name;
  return true;
}

bool WordIs(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    const char lower = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
    if (lower != word[i]) return false;
  }
  return true;
}

}  // namespace corelane::shard
