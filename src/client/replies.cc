#include "client/replies.h"

#include <charconv>
#include <system_error>
#include <utility>

#include "kv/public_value.h"
#include "kv/value.h"

namespace corelane::client {
namespace {

using proto::NativeOpcode;

Status Malformed() { return Status(StatusCode::kProtocolError, "the reply is malformed"); }

// The reply of a failure as a Status. ERROR has three texts that the protocol fixes; they stand for
// a code.
Status Failure(const Reply& reply) {
  StatusCode code = reply.status;
  if (code == StatusCode::kError) {
    if (reply.value == proto::kKeyTooLargeText) code = StatusCode::kKeyTooLarge;
    if (reply.value == proto::kValueTooLargeText) code = StatusCode::kValueTooLarge;
    if (reply.value == proto::kUnknownCommandText) code = StatusCode::kUnknownCommand;
  }
  return Status(code, std::string(reply.value));
}

// Leaves the number as it is when the text is not one.
template <typename Number>
void ParseNumber(std::string_view text, Number& number) {
  Number parsed{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (result.ec == std::errc()) number = parsed;
}

void TakeStat(std::string_view name, std::string_view value, ServerStats& stats) {
  if (name == "entries") ParseNumber(value, stats.entries);
  if (name == "data_bytes") ParseNumber(value, stats.data_bytes);
  if (name == "table_capacity") ParseNumber(value, stats.table_capacity);
  if (name == "load_factor") ParseNumber(value, stats.load_factor);
  stats.all.emplace_back(name, value);
}

// Moves what a decoder found into a pipeline's result.
template <typename T, typename Use>
PipelineResult Unpack(Result<T> decoded, Use use) {
  PipelineResult result;
  if (!decoded.ok()) {
    result.status = decoded.status();
    return result;
  }
  result.found = true;
  use(std::move(*decoded), result);
  return result;
}

}  // namespace

Status DecodeDone(const Reply& reply) {
  return reply.status == StatusCode::kOk ? OkStatus() : Failure(reply);
}

Result<bool> DecodeFound(const Reply& reply) {
  if (reply.status == StatusCode::kNotFound) return false;
  if (reply.status != StatusCode::kOk) return Failure(reply);
  return true;
}

Result<bool> DecodeDeleted(NativeOpcode opcode, const Reply& reply) {
  if (opcode == NativeOpcode::kDelete) return DecodeFound(reply);
  const Result<size_t> deleted = DecodeMany(reply);
  if (!deleted.ok()) return deleted.status();
  return *deleted != 0;
}

Result<std::optional<std::string>> DecodeText(const Reply& reply) {
  if (reply.status == StatusCode::kNotFound) return std::optional<std::string>();
  if (reply.status != StatusCode::kOk) return Failure(reply);
  return std::optional<std::string>(reply.value);
}

Result<std::optional<StoredValue>> DecodeTyped(const Reply& reply) {
  if (reply.status == StatusCode::kNotFound) return std::optional<StoredValue>();
  if (reply.status != StatusCode::kOk) return Failure(reply);
  kv::ValueView view;
  if (!proto::ReadTyped(reply.value, view)) return Malformed();
  return std::optional<StoredValue>(kv::StoredValueOf(view));
}

Result<int64_t> DecodeInteger(const Reply& reply) {
  if (reply.status != StatusCode::kOk) return Failure(reply);
  int64_t integer = 0;
  if (!proto::ReadInt64(reply.value, integer)) return Malformed();
  return integer;
}

Result<uint64_t> DecodeCount(const Reply& reply) {
  const Result<int64_t> count = DecodeInteger(reply);
  if (!count.ok()) return count.status();
  if (*count < 0) return Malformed();
  return static_cast<uint64_t>(*count);
}

Result<size_t> DecodeMany(const Reply& reply) {
  if (reply.status != StatusCode::kOk) return Failure(reply);
  uint32_t many = 0;
  if (!proto::ReadUint32(reply.value, many)) return Malformed();
  return size_t{many};
}

Result<std::optional<TimeToLive>> DecodeTtl(const Reply& reply) {
  if (reply.status == StatusCode::kNotFound) return std::optional<TimeToLive>();
  const Result<int64_t> millis = DecodeInteger(reply);
  if (!millis.ok()) return millis.status();
  TimeToLive ttl;
  if (*millis >= 0) ttl.left = std::chrono::milliseconds(*millis);
  return std::optional<TimeToLive>(ttl);
}

Result<ListPage> DecodePage(const Reply& reply) {
  if (reply.status != StatusCode::kOk) return Failure(reply);
  ListPage page;
  std::vector<std::string_view> keys;
  if (!proto::ReadPage(reply.value, page.next_cursor, keys)) return Malformed();
  page.keys.assign(keys.begin(), keys.end());
  return page;
}

Result<ServerStats> DecodeStats(const Reply& reply) {
  if (reply.status != StatusCode::kOk) return Failure(reply);
  ServerStats stats;
  std::string_view rest = reply.value;
  while (!rest.empty()) {
    const size_t line_end = rest.find('\n');
    if (line_end == std::string_view::npos) return Malformed();
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + 1);
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return Malformed();
    TakeStat(line.substr(0, blank), line.substr(blank + 1), stats);
  }
  return stats;
}

Result<std::vector<std::optional<std::string>>> DecodeItems(const Reply& reply, size_t count) {
  if (reply.status != StatusCode::kOk) return Failure(reply);
  std::vector<Reply> items;
  if (!proto::ReadItems(reply.value, items) || items.size() != count) return Malformed();
  std::vector<std::optional<std::string>> values(count);
  for (size_t i = 0; i < count; ++i) {
    const StatusCode status = items[i].status;
    if (status == StatusCode::kOk) values[i].emplace(items[i].value);
    if (status != StatusCode::kOk && status != StatusCode::kNotFound) return Failure(items[i]);
  }
  return values;
}

PipelineResult DecodeAny(NativeOpcode opcode, const Reply& reply) {
  const auto use_found = [](bool found, PipelineResult& result) { result.found = found; };
  const auto use_number = [](auto number, PipelineResult& result) {
    result.integer = static_cast<int64_t>(number);
  };
  switch (opcode) {
    case NativeOpcode::kGet:
      return Unpack(DecodeText(reply), [](std::optional<std::string> text, PipelineResult& result) {
        result.found = text.has_value();
        if (text.has_value()) result.value = std::move(*text);
      });
    case NativeOpcode::kDelete:
    case NativeOpcode::kMultiDelete:
      return Unpack(DecodeDeleted(opcode, reply), use_found);
    case NativeOpcode::kContains:
    case NativeOpcode::kExpire:
    case NativeOpcode::kPersist:
      return Unpack(DecodeFound(reply), use_found);
    case NativeOpcode::kCount:
      return Unpack(DecodeCount(reply), use_number);
    case NativeOpcode::kIncrement:
      return Unpack(DecodeInteger(reply), use_number);
    case NativeOpcode::kTtl:
      return Unpack(DecodeTtl(reply), [](std::optional<TimeToLive> ttl, PipelineResult& result) {
        result.found = ttl.has_value();
        if (!ttl.has_value()) return;
        result.integer = ttl->left.has_value() ? ttl->left->count() : PipelineResult::kNoTtl;
      });
    default: {
      PipelineResult result;
      result.status = DecodeDone(reply);
      result.found = result.status.ok();
      return result;
    }
  }
}

}  // namespace corelane::client
