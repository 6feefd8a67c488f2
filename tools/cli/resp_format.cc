#include "cli/resp_format.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>

#include "absl/strings/match.h"
#include "base/absl_view.h"
#include "base/status_macros.h"
#include "kv/value.h"

namespace corelane::cli {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
// A sign, the digits of a length, CR LF.
constexpr size_t kNumberLineBytesMax = 24;
// A word of a command, or a time.
constexpr size_t kWordBytesMax = 32;

void AppendNumber(char sign, size_t number, base::Buffer& to) {
  to.Append(sign);
  to.Append(std::to_string(number));
  to.Append(kLineEnd);
}

void AppendBulk(std::string_view bytes, base::Buffer& to) {
  AppendNumber('$', bytes.size(), to);
  to.Append(bytes);
  to.Append(kLineEnd);
}

}  // namespace

void AppendRespEntry(const SnapshotEntry& entry, base::Buffer& to) {
  AppendNumber('*', entry.expires_at.has_value() ? 5 : 3, to);
  AppendBulk("SET", to);
  AppendBulk(entry.key, to);
  if (const auto* text = std::get_if<std::string>(&entry.value)) {
    AppendBulk(*text, to);
  } else {
    base::Buffer value;
    AppendValueAsText(entry.value, value);
    AppendBulk(value.view(), to);
  }
  if (!entry.expires_at.has_value()) return;
  AppendBulk("PXAT", to);
  AppendBulk(std::to_string(entry.expires_at->time_since_epoch().count()), to);
}

Result<bool> RespReader::Next(SnapshotEntry& entry) {
  if (source_.left() == 0) return false;
  const uint64_t begin = source_.offset();
  const Result<size_t> words = ReadNumber('*');
  if (!words.ok()) return words.status();
  if (*words != 3 && *words != 5) {
    return InvalidSnapshot("a command that is no SET with a value, or with a value and PXAT",
                           begin);
  }
  RETURN_IF_ERROR(ReadBulk("command", kWordBytesMax, word_));
  if (!absl::EqualsIgnoreCase(word_, "set")) {
    return InvalidSnapshot("a command that is no SET", begin);
  }
  RETURN_IF_ERROR(ReadBulk("key", limits_.key_bytes_max, entry.key));
  RETURN_IF_ERROR(ReadBulk("value", limits_.value_bytes_max, entry.value.emplace<std::string>()));
  entry.created_at = {};
  entry.expires_at.reset();
  if (*words == 5) RETURN_IF_ERROR(ReadExpiry(entry));
  return true;
}

Result<size_t> RespReader::ReadNumber(char sign) {
  const Result<std::string_view> line = source_.LookLine(kNumberLineBytesMax);
  if (!line.ok()) return line.status();
  const bool whole = line->size() >= 4 && line->front() == sign && line->ends_with(kLineEnd);
  if (!whole) return Invalid(std::string("expected '") + sign + "' and a number in a line");
  const std::string_view digits = line->substr(1, line->size() - 3);
  uint32_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto result = std::from_chars(digits.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return Invalid("a length is no number");
  source_.Take(line->size());
  return size_t{number};
}

Status RespReader::ReadBulk(std::string_view what, size_t bytes_max, std::string& bytes) {
  const uint64_t begin = source_.offset();
  const Result<size_t> count = ReadNumber('$');
  if (!count.ok()) return count.status();
  if (*count + kLineEnd.size() > source_.left()) {
    return InvalidSnapshot("the file ends before its " + std::string(what), begin);
  }
  RETURN_IF_ERROR(CheckEntryBytes(what, *count, bytes_max, begin));
  const Result<std::string_view> found = source_.Look(*count + kLineEnd.size());
  if (!found.ok()) return found.status();
  if (!found->ends_with(kLineEnd) || found->size() < *count + kLineEnd.size()) {
    return InvalidSnapshot("a " + std::string(what) + " that does not end in CR LF", begin);
  }
  bytes.assign(found->substr(0, *count));
  source_.Take(found->size());
  return OkStatus();
}

Status RespReader::ReadExpiry(SnapshotEntry& entry) {
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1'000;
  RETURN_IF_ERROR(ReadBulk("option", kWordBytesMax, word_));
  const bool in_seconds = absl::EqualsIgnoreCase(word_, "exat");
  if (!in_seconds && !absl::EqualsIgnoreCase(word_, "pxat")) {
    return Invalid("an option of SET that is neither PXAT nor EXAT");
  }
  RETURN_IF_ERROR(ReadBulk("time", kWordBytesMax, word_));
  int64_t time = 0;
  const bool fits =
      kv::ParseInteger(word_, time) && time > 0 && (!in_seconds || time <= kSecondsMax);
  if (!fits) return Invalid("a time that is none");
  entry.expires_at = UnixMillis(std::chrono::milliseconds(in_seconds ? time * 1'000 : time));
  return OkStatus();
}

// Where the reader has stopped.
Status RespReader::Invalid(std::string_view what) const {
  return InvalidSnapshot(what, source_.offset());
}

}  // namespace corelane::cli
