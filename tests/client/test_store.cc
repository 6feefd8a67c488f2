#include "test_store.h"

#include <iterator>
#include <memory>

#include "base/buffer.h"
#include "base/bytes.h"
#include "proto/native_codec.h"

namespace corelane::client {
namespace {

bool IsWord(const kv::Request& request, std::string_view word) { return request.command == word; }

}  // namespace

void TestStore::Serve(TestConnection& connection) {
  proto::NativeCodec codec{proto::CodecLimits{}};
  const kv::Session session;
  base::Buffer input;
  base::Buffer output;
  kv::RequestBatch batch;
  for (;;) {
    const std::string bytes = connection.ReadSome();
    if (bytes.empty()) return;
    input.Append(bytes);
    for (;;) {
      batch.Clear();
      const proto::DecodeResult result = codec.Decode(input.view(), 64, batch);
      for (size_t i = 0; i < batch.size(); ++i) {
        kv::ReplyWriter& out = codec.BeginReply(batch[i].tag, session, output);
        Execute(batch[i], out);
        codec.EndReply();
      }
      input.Consume(result.consumed);
      if (result.state == proto::DecodeState::kError) {
        codec.BeginReply(result.error_tag, session, output).Error(result.error_code, result.error);
        codec.EndReply();
        (void)connection.Send(output.view());
        return;
      }
      if (result.state != proto::DecodeState::kFull) break;
    }
    if (!connection.Send(output.view())) return;
    output.Clear();
  }
}

void TestStore::Execute(const kv::Request& request, kv::ReplyWriter& out) {
  const std::lock_guard lock(mutex_);
  ++executed_;
  if (IsWord(request, "PING")) return out.Simple("PONG");
  if (IsWord(request, "SAVE")) return out.Ok();
  if (IsWord(request, "SET") || IsWord(request, "CL.PUT") || IsWord(request, "CL.MPUT") ||
      IsWord(request, "DEL") || IsWord(request, "CL.INCR") || IsWord(request, "FLUSHALL")) {
    return ExecuteWrite(request, out);
  }
  if (IsWord(request, "PTTL") || IsWord(request, "CL.EXPIRE") || IsWord(request, "PERSIST")) {
    return ExecuteTtl(request, out);
  }
  ExecuteRead(request, out);
}

void TestStore::ExecuteWrite(const kv::Request& request, kv::ReplyWriter& out) {
  const auto& args = request.args;
  if (IsWord(request, "SET")) {
    entries_[std::string(args[0])] = {kv::ValueType::kString, std::string(args[1]), -1};
    out.Ok();
  } else if (IsWord(request, "CL.PUT")) {
    if (args[0] == "full") return out.Error(StatusCode::kDiskFull, "no room for the log");
    const auto ttl_ms = base::LoadLittle<int64_t>(args[2].data());
    entries_[std::string(args[0])] = {static_cast<kv::ValueType>(args[1][0]), std::string(args[3]),
                                      ttl_ms};
    if (ttl_ms == 0) entries_.erase(entries_.find(args[0]));
    out.Ok();
  } else if (IsWord(request, "CL.MPUT")) {
    for (size_t i = 0; i < args.size(); i += 2) {
      entries_[std::string(args[i])] = {kv::ValueType::kString, std::string(args[i + 1]), -1};
    }
    out.Integer(static_cast<int64_t>(args.size() / 2));
  } else if (IsWord(request, "DEL")) {
    int64_t deleted = 0;
    for (const std::string_view key : args) {
      deleted += static_cast<int64_t>(entries_.erase(std::string(key)));
    }
    out.Integer(deleted);
  } else if (IsWord(request, "CL.INCR")) {
    Increment(args[0], base::LoadLittle<int64_t>(args[1].data()), out);
  } else {
    entries_.clear();
    out.Ok();
  }
}

void TestStore::Increment(std::string_view key, int64_t delta, kv::ReplyWriter& out) {
  Entry& entry = entries_[std::string(key)];
  if (entry.bytes.empty()) entry = {kv::ValueType::kInteger, std::string(8, '\0'), -1};
  if (entry.type != kv::ValueType::kInteger) {
    return out.Error(StatusCode::kWrongType, "the value is not an integer");
  }
  int64_t sum = 0;
  if (__builtin_add_overflow(kv::IntegerOf(entry.bytes), delta, &sum)) {
    return out.Error(StatusCode::kOverflow, "increment or decrement would overflow");
  }
  entry.bytes = kv::ScalarBytes(sum).view();
  out.Integer(sum);
}

void TestStore::ExecuteRead(const kv::Request& request, kv::ReplyWriter& out) {
  const auto& args = request.args;
  const auto play = [&](std::string_view key) {
    const auto found = entries_.find(key);
    found == entries_.end() ? out.Nil() : out.Value(ViewOf(found->second));
  };
  if (IsWord(request, "GET") || IsWord(request, "CL.GET")) {
    play(args[0]);
  } else if (IsWord(request, "MGET")) {
    out.Array(args.size());
    for (const std::string_view key : args) play(key);
  } else if (IsWord(request, "EXISTS")) {
    out.Integer(entries_.contains(args[0]) ? 1 : 0);
  } else if (IsWord(request, "DBSIZE")) {
    out.Integer(static_cast<int64_t>(entries_.size()));
  } else if (IsWord(request, "CL.LIST")) {
    List(base::LoadLittle<uint64_t>(args[0].data()), base::LoadLittle<uint32_t>(args[1].data()),
         out);
  } else if (IsWord(request, "CL.STATS")) {
    out.Bulk("entries " + std::to_string(entries_.size()) +
             "\ndata_bytes 12\ntable_capacity 448\nload_factor 0.25\nversion 0.1.0\n");
  } else {
    out.Error(StatusCode::kUnknownCommand, "unknown command");
  }
}

void TestStore::List(uint64_t cursor, uint32_t keys_max, kv::ReplyWriter& out) {
  const size_t left = entries_.size() - std::min<size_t>(cursor, entries_.size());
  const size_t count = std::min<size_t>(keys_max, left);
  out.Array(2);
  out.Integer(count == left ? 0 : static_cast<int64_t>(cursor + count));
  out.Array(count);
  auto entry = std::next(entries_.begin(), static_cast<int64_t>(entries_.size() - left));
  for (size_t i = 0; i < count; ++i, ++entry) out.Bulk(entry->first);
}

void TestStore::ExecuteTtl(const kv::Request& request, kv::ReplyWriter& out) {
  const auto found = entries_.find(request.args[0]);
  const bool is_absent = found == entries_.end();
  if (IsWord(request, "PTTL")) return out.Integer(is_absent ? -2 : found->second.ttl_ms);
  if (is_absent) return out.Integer(0);
  const bool had_ttl = found->second.ttl_ms >= 0;
  if (IsWord(request, "PERSIST")) {
    found->second.ttl_ms = -1;
    return out.Integer(had_ttl ? 1 : 0);
  }
  found->second.ttl_ms = base::LoadLittle<int64_t>(request.args[1].data());
  if (found->second.ttl_ms == 0) entries_.erase(found);
  out.Integer(1);
}

kv::ValueView TestStore::ViewOf(const Entry& entry) {
  kv::ValueView view{entry.type, entry.bytes};
  view.created_at_s = kCreatedAtS;
  if (entry.ttl_ms >= 0) view.expires_at = kNowMs + entry.ttl_ms;
  return view;
}

}  // namespace corelane::client
