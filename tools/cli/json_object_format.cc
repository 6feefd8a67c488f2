#include "cli/json_object_format.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "base/status_macros.h"
#include "base/utf8.h"
#include "cli/json_format.h"
#include "kv/public_value.h"
#include "kv/value.h"
#include "proto/json_reader.h"
#include "proto/json_request.h"
#include "proto/json_scanner.h"
#include "proto/json_writer.h"

namespace corelane::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr size_t kPieceBytes = size_t{64} << 10;

// Finds the comma or bracket that ends a member, in as many pieces as it comes.
class MemberScanner {
 public:
  // True when the member ends at at(). `text` begins with the bytes of the call before.
  bool Resume(std::string_view text) {
    for (; at_ < text.size(); ++at_) {
      const char c = text[at_];
      if (in_string_) {
        in_string_ = escaped_ || c != '"';
        escaped_ = !escaped_ && c == '\\';
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        depth_max_ = std::max(depth_max_, ++depth_);
      } else if (depth_ == 0 && (c == ',' || c == '}')) {
        return true;
      } else if (c == '}' || c == ']') {
        if (depth_ > 0) --depth_;
      }
    }
    return false;
  }
  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] size_t depth_max() const { return depth_max_; }

 private:
  size_t at_ = 0;
  size_t depth_ = 0;
  size_t depth_max_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace

Status AppendJsonMember(const SnapshotEntry& entry, base::Buffer& to) {
  if (!base::IsUtf8(entry.key)) {
    return Status(StatusCode::kBadArgument,
                  "a key that is no UTF-8 has no place in a JSON object; --format=json has one");
  }
  proto::AppendJsonString(entry.key, to);
  kv::ScalarBytes scratch(int64_t{0});
  kv::ValueView value;
  value.type = kv::TypeOf(entry.value);
  value.bytes = kv::BytesOf(entry.value, scratch);
  base::Buffer text;
  proto::AppendJsonValue(value, text);
  // Some of these name their type as they are.
  const bool is_named = text.view().starts_with('{');
  if (!is_named) {
    to.Append(":{\"");
    to.Append(ValueTypeName(entry.value));
    to.Append('"');
  }
  to.Append(':');
  to.Append(text.view());
  if (!is_named) to.Append('}');
  return OkStatus();
}

Result<bool> JsonObjectReader::Next(SnapshotEntry& entry) {
  Result<char> next = Peek();
  if (!next.ok()) return next.status();
  const bool is_first = !std::exchange(entered_, true);
  // At the end there is no comma, and behind a comma there is a member.
  if (is_first || *next != '}') {
    if (*next != (is_first ? '{' : ',')) {
      return Invalid(is_first ? "expected '{'" : "expected ',' or '}'");
    }
    source_.Take(1);
    next = Peek();
    if (!next.ok()) return next.status();
    if (!is_first && *next == '}') return Invalid("expected a string");
  }
  if (*next == '}') {
    RETURN_IF_ERROR(ReadEnd());
    return false;
  }
  const Result<size_t> bytes = MemberBytes();
  if (!bytes.ok()) return bytes.status();
  const Result<std::string_view> member = source_.Look(*bytes);
  if (!member.ok()) return member.status();
  RETURN_IF_ERROR(ParseMember(*member, entry));
  source_.Take(*bytes);
  return true;
}

Result<char> JsonObjectReader::Peek() {
  for (;;) {
    const Result<std::string_view> bytes = source_.Look(1);
    if (!bytes.ok()) return bytes.status();
    if (bytes->empty()) return '\0';
    if (kBlanks.find(bytes->front()) == std::string_view::npos) return bytes->front();
    source_.Take(1);
  }
}

Result<size_t> JsonObjectReader::MemberBytes() {
  const size_t bytes_max = JsonLineBytesMax(limits_);
  MemberScanner scanner;
  for (size_t wanted = kPieceBytes;; wanted *= 2) {
    const Result<std::string_view> text = source_.Look(std::min(wanted, bytes_max));
    if (!text.ok()) return text.status();
    if (scanner.Resume(*text)) break;
    if (text->size() == source_.left()) return Invalid("the file ends inside of a member");
    if (text->size() == bytes_max) {
      return Invalid("a member of more than " + std::to_string(bytes_max) +
                     " bytes, which is more than any entry within the limits takes");
    }
  }
  // The member lies in the object.
  if (scanner.depth_max() < proto::kJsonDepthMax) return scanner.at();
  return Invalid("too many brackets within brackets");
}

Status JsonObjectReader::ParseMember(std::string_view member, SnapshotEntry& entry) const {
  // GCC 12 at -O3 believes of operator+ that it writes over itself.
  std::string object(1, '{');
  object.append(member).push_back('}');
  std::deque<std::string> store;
  proto::JsonReader in(object, store);
  std::string_view key;
  kv::ValueView value;
  in.EnterObject();
  const bool is_there = in.ReadMember(key) && in.Peek() == proto::JsonReader::Kind::kObject &&
                        proto::ReadJsonValue(in, store, value);
  std::string_view more;
  const bool is_all = is_there && !in.ReadMember(more);
  if (!in.ok()) return Invalid(in.error());
  if (!is_all) return Invalid("a member that is no object which names its type");
  RETURN_IF_ERROR(CheckEntryBytes("key", key.size(), limits_.key_bytes_max, source_.offset()));
  RETURN_IF_ERROR(
      CheckEntryBytes("value", value.bytes.size(), limits_.value_bytes_max, source_.offset()));
  entry = SnapshotEntry();
  entry.key = key;
  entry.value = kv::PublicValueOf(value);
  return OkStatus();
}

// Takes the closing bracket; nothing may come behind it.
Status JsonObjectReader::ReadEnd() {
  source_.Take(1);
  const Result<char> next = Peek();
  if (!next.ok()) return next.status();
  return source_.left() == 0 ? OkStatus() : Invalid("something comes behind the object");
}

Status JsonObjectReader::Invalid(std::string_view what) const {
  return InvalidSnapshot(what, source_.offset());
}

}  // namespace corelane::cli
