#include "cli/zigkv_format.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/bytes.h"
#include "base/status_macros.h"

namespace corelane::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kMagic = "ZIGKV001";
constexpr size_t kLengthBytes = 4;
constexpr size_t kTimeBytes = 8;
// The least that an entry takes: two empty strings, no expiry.
constexpr uint64_t kEntryBytesMin = 2 * kLengthBytes + kTimeBytes + 1;

template <typename Integer>
void AppendLittle(Integer integer, base::Buffer& to) {
  base::StoreLittle(to.Reserve(sizeof(integer)), integer);
  to.Commit(sizeof(integer));
}

// As far as milliseconds go; nobody lives to see the difference.
UnixMillis MillisOf(int64_t unix_seconds) {
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / 1'000;
  return UnixMillis(seconds(std::clamp(unix_seconds, -kSecondsMax, kSecondsMax)));
}

}  // namespace

std::string ZigkvHead(uint32_t entries) {
  std::string head(kMagic);
  head.resize(kMagic.size() + sizeof(entries));
  base::StoreLittle(head.data() + kMagic.size(), entries);
  return head;
}

void AppendZigkvEntry(const SnapshotEntry& entry, base::Buffer& to) {
  AppendLittle(static_cast<uint32_t>(entry.key.size()), to);
  to.Append(entry.key);
  const size_t length_at = to.size();
  AppendLittle(uint32_t{0}, to);
  AppendValueAsText(entry.value, to);
  const size_t value_bytes = to.size() - length_at - kLengthBytes;
  base::StoreLittle(to.data() + length_at, static_cast<uint32_t>(value_bytes));
  AppendLittle(int64_t{entry.created_at.time_since_epoch().count()}, to);
  to.Append(entry.expires_at.has_value() ? '\1' : '\0');
  if (!entry.expires_at.has_value()) return;
  const auto expires_at = std::chrono::ceil<seconds>(entry.expires_at->time_since_epoch());
  AppendLittle(int64_t{expires_at.count()}, to);
}

Result<bool> ZigkvReader::Next(SnapshotEntry& entry) {
  if (!head_read_) RETURN_IF_ERROR(ReadHead());
  head_read_ = true;
  if (entries_left_ == 0) {
    RETURN_IF_ERROR(Need(0).status());
    if (source_.left() == 0) return false;
    return Invalid("something comes behind the last entry");
  }
  --entries_left_;
  RETURN_IF_ERROR(ReadBytes("key", limits_.key_bytes_max, entry.key));
  RETURN_IF_ERROR(ReadBytes("value", limits_.value_bytes_max, entry.value.emplace<std::string>()));
  RETURN_IF_ERROR(ReadTimes(entry));
  return true;
}

Status ZigkvReader::ReadHead() {
  const Result<std::string_view> head = Need(kMagic.size() + sizeof(entries_left_));
  if (!head.ok()) return head.status();
  if (!head->starts_with(kMagic)) return Invalid("it does not begin with ZIGKV001");
  entries_left_ = base::LoadLittle<uint32_t>(head->data() + kMagic.size());
  const uint64_t bytes_left = source_.left() - unread_;
  if (entries_left_ <= bytes_left / kEntryBytesMin) return OkStatus();
  return Invalid("the file is too short for " + std::to_string(entries_left_) + " entries");
}

Status ZigkvReader::ReadBytes(std::string_view what, size_t bytes_max, std::string& bytes) {
  const Result<std::string_view> length = Need(kLengthBytes);
  if (!length.ok()) return length.status();
  const auto count = base::LoadLittle<uint32_t>(length->data());
  // Its length may be nonsense, which is what to say then.
  if (count > source_.left() - unread_)
    return Invalid("the file ends before its " + std::string(what));
  RETURN_IF_ERROR(CheckEntryBytes(what, count, bytes_max, field_at_));
  const Result<std::string_view> found = Need(count);
  if (!found.ok()) return found.status();
  bytes.assign(*found);
  return OkStatus();
}

Status ZigkvReader::ReadTimes(SnapshotEntry& entry) {
  const Result<std::string_view> times = Need(kTimeBytes + 1);
  if (!times.ok()) return times.status();
  const auto created_at = base::LoadLittle<int64_t>(times->data());
  entry.created_at = std::chrono::sys_seconds(seconds(created_at));
  entry.expires_at.reset();
  const char has_expiry = (*times)[kTimeBytes];
  if (has_expiry == 0) return OkStatus();
  if (has_expiry != 1) return Invalid("has_expiry is neither 0 nor 1");
  const Result<std::string_view> expiry = Need(kTimeBytes);
  if (!expiry.ok()) return expiry.status();
  entry.expires_at = MillisOf(base::LoadLittle<int64_t>(expiry->data()));
  return OkStatus();
}

Result<std::string_view> ZigkvReader::Need(size_t bytes) {
  source_.Take(unread_);
  unread_ = 0;
  field_at_ = source_.offset();
  Result<std::string_view> found = source_.Look(bytes);
  if (!found.ok()) return found;
  if (found->size() < bytes) return Invalid("the file ends too early");
  unread_ = bytes;
  return found;
}

Status ZigkvReader::Invalid(std::string_view what) const {
  return InvalidSnapshot(what, field_at_);
}

}  // namespace corelane::cli
