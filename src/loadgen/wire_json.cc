#include "loadgen/wire_json.h"

#include <corelane/limits.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "loadgen/wire_bytes.h"
#include "proto/json_scanner.h"
#include "proto/json_writer.h"
#include "proto/value_text.h"

namespace corelane::loadgen {
namespace {

using proto::JsonReader;
using proto::ReplyState;

constexpr std::string_view kNull = "{\"Ok\":null}";
constexpr std::string_view kStringBegin = "{\"Ok\":\"";
constexpr std::string_view kStringEnd = "\"}";
constexpr std::string_view kNotFoundText = "Key not found";
constexpr std::string_view kNotFound = "{\"Err\":\"Key not found\"}";
constexpr std::string_view kBlanks = " \t\r";

// No spelling of a byte is longer than \u0000.
constexpr size_t kJsonBytesPerByteMax = 6;
constexpr size_t kReplyLineBytesMax = kJsonBytesPerByteMax * kValueBytesHardMax + 4096;

// Printable ASCII that needs no escape, as most keys and values are. The loop has no early end and
// no branches, so that the compiler takes many bytes at once.
bool IsPlain(std::string_view text) {
  unsigned special = 0;
  for (const char byte : text) {
    special |= static_cast<unsigned>(static_cast<signed char>(byte) < ' ') |
               static_cast<unsigned>(byte == '"') | static_cast<unsigned>(byte == '\\');
  }
  return special == 0;
}

void AppendString(std::string_view text, base::Buffer& out) {
  if (!IsPlain(text)) return proto::AppendJsonString(text, out);
  char* const begin = out.Reserve(text.size() + 2);
  *begin = '"';
  *PutBytes(begin + 1, text) = '"';
  out.Commit(text.size() + 2);
}

void AppendValue(std::string_view value, base::Buffer& out) {
  if (IsPlain(value) || base::IsUtf8(value)) return AppendString(value, out);
  out.Append("{\"Binary\":");
  proto::AppendByteList(value, ",", out);
  out.Append('}');
}

void SayHit(std::string_view value, WireReply& reply) {
  reply.outcome = Outcome::kHit;
  reply.hits = 1;
  reply.value = value;
}

// {"Ok":null} says that there is no value, or that something was done.
void SayNull(AskedKind kind, WireReply& reply) {
  if (kind != AskedKind::kRead) return;
  reply.outcome = Outcome::kMiss;
  reply.misses = 1;
}

void SayFailure(AskedKind kind, std::string_view text, WireReply& reply) {
  if (kind == AskedKind::kDelete && text == kNotFoundText) {
    reply.outcome = Outcome::kMiss;
    return;
  }
  reply.outcome = Outcome::kError;
  reply.error = text;
}

std::string_view WithoutBlanks(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  return line.substr(0, line.find_last_not_of(kBlanks) + 1);
}

}  // namespace

void JsonWire::Read(std::string_view key, base::Buffer& out) {
  out.Append("{\"Get\":{\"key\":");
  AppendString(key, out);
  out.Append("}}");
  pending_.Push({AskedKind::kRead});
}

void JsonWire::Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                     base::Buffer& out) {
  CHECK(ttl_ms == 0);
  out.Append("{\"Set\":{\"key\":");
  AppendString(key, out);
  out.Append(",\"value\":");
  AppendValue(value, out);
  out.Append("}}");
  pending_.Push({AskedKind::kWrite});
}

void JsonWire::Delete(std::string_view key, base::Buffer& out) {
  out.Append("{\"Remove\":{\"key\":");
  AppendString(key, out);
  out.Append("}}");
  pending_.Push({AskedKind::kDelete});
}

ReplyState JsonWire::Next(std::string_view in, WireReply& reply) {
  reply = WireReply();
  if (in.empty()) return ReplyState::kNeedMore;
  if (pending_.empty()) return ReplyState::kError;
  const bool whole = line_.Find(in);
  if (line_.line_bytes() > kReplyLineBytesMax) return ReplyState::kError;
  if (!whole) return ReplyState::kNeedMore;
  if (!Take(pending_.front().kind, in.substr(0, line_.line_bytes()), reply)) {
    return ReplyState::kError;
  }
  reply.bytes = line_.line_bytes() + 1;
  pending_.Pop();
  return ReplyState::kDone;
}

bool JsonWire::Take(AskedKind kind, std::string_view line, WireReply& reply) {
  if (line == kNull) {
    SayNull(kind, reply);
    return true;
  }
  if (kind == AskedKind::kDelete && line == kNotFound) {
    SayFailure(kind, kNotFoundText, reply);
    return true;
  }
  if (kind == AskedKind::kRead && line.starts_with(kStringBegin) && line.ends_with(kStringEnd) &&
      line.size() >= kStringBegin.size() + kStringEnd.size()) {
    const std::string_view text =
        line.substr(kStringBegin.size(), line.size() - kStringBegin.size() - kStringEnd.size());
    if (IsPlain(text)) {
      SayHit(text, reply);
      return true;
    }
  }
  return TakeAnyJson(kind, line, reply);
}

bool JsonWire::TakeAnyJson(AskedKind kind, std::string_view line, WireReply& reply) {
  line = WithoutBlanks(line);
  proto::JsonScanner scanner;
  if (!line.starts_with('{') || scanner.Resume(line) != proto::JsonScan::kEnd) return false;
  spelled_.clear();
  JsonReader json(line, spelled_);
  std::string_view name;
  json.EnterObject();
  if (!json.ReadMember(name)) return false;
  if (name == "Ok" && json.Peek() == JsonReader::Kind::kNull) {
    json.Skip();
    SayNull(kind, reply);
  } else if (name == "Ok" && kind == AskedKind::kRead) {
    TakeValue(line, json, reply);
  } else if (name == "Err") {
    SayFailure(kind, json.ReadString(), reply);
  } else {
    return false;
  }
  return !json.ReadMember(name) && json.ok() && json.at_end();
}

void JsonWire::TakeValue(std::string_view line, JsonReader& json, WireReply& reply) {
  const JsonReader::Kind kind = json.Peek();
  if (kind == JsonReader::Kind::kString) return SayHit(json.ReadString(), reply);
  // Without an error, what is called its place is how far the reader has come.
  const size_t begin = json.error_at();
  json.Skip();
  const std::string_view value = line.substr(begin, json.error_at() - begin);
  SayHit(kind == JsonReader::Kind::kObject ? SpelledOut(value) : value, reply);
}

// The bytes of {"Binary":[1,2,255]}; any other object as it is.
std::string_view JsonWire::SpelledOut(std::string_view object) {
  JsonReader json(object, spelled_);
  std::string_view name;
  json.EnterObject();
  if (!json.ReadMember(name) || name != "Binary") return object;
  std::string bytes;
  json.EnterArray();
  while (json.NextElement()) {
    const JsonReader::Number number = json.ReadNumber();
    if (number.form != JsonReader::Number::Form::kInteger || number.integer < 0 ||
        number.integer > UINT8_MAX) {
      return object;
    }
    bytes.push_back(static_cast<char>(number.integer));
  }
  if (json.ReadMember(name) || !json.ok()) return object;
  return spelled_.emplace_back(std::move(bytes));
}

}  // namespace corelane::loadgen
