#include <corelane/store.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "kv/public_value.h"
#include "shard/commands/commands.h"
#include "shard/store_impl.h"

namespace corelane {

Result<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Status Store::Save() { return impl_->Save(); }

Status Store::Close() { return impl_->Close(); }

// ---- Writing ----

Status Store::Put(std::string_view key, std::string_view value,
                  std::optional<std::chrono::milliseconds> ttl) {
  kv::ValueView view;
  view.bytes = value;
  return impl_->Put(key, view, ttl);
}

Status Store::PutTyped(std::string_view key, const Value& value,
                       std::optional<std::chrono::milliseconds> ttl) {
  kv::ScalarBytes scratch(int64_t{0});
  kv::ValueView view;
  view.type = kv::TypeOf(value);
  view.bytes = kv::BytesOf(value, scratch);
  return impl_->Put(key, view, ttl);
}

size_t Store::MultiPut(std::span<const KeyValue> entries) {
  size_t stored = 0;
  for (const KeyValue& entry : entries) {
    if (Put(entry.key, entry.value).ok()) ++stored;
  }
  return stored;
}

Result<bool> Store::Delete(std::string_view key) {
  bool erased = false;
  const auto erase = [&](const storage::HashedKey& hashed, wal::LaneLog* log) -> uint64_t {
    erased = impl_->engine().Erase(hashed, impl_->now_ms());
    return erased && log != nullptr ? log->AppendErase(hashed.key) : 0;
  };
  RETURN_IF_ERROR(impl_->Write(key, 0, erase));
  return erased;
}

Result<int64_t> Store::Increment(std::string_view key, int64_t delta) {
  Status failure;
  int64_t sum = 0;
  const auto add = [&](const storage::HashedKey& hashed, wal::LaneLog* log) -> uint64_t {
    kv::ValueView value;
    value.created_at_s = static_cast<uint32_t>(impl_->now_ms() / 1000);
    const bool found = impl_->engine().Get(hashed, impl_->now_ms(), &value);
    failure = shard::AddToValue(found ? &value : nullptr, delta, sum);
    if (!failure.ok()) return 0;
    const kv::ScalarBytes bytes(sum);
    value = kv::WithoutNotes(value);
    value.type = kv::ValueType::kInteger;
    value.bytes = bytes.view();
    if (impl_->engine().Put(hashed, value) == storage::PutResult::kOutOfMemory) {
      failure = Status(StatusCode::kOutOfMemory, "the value was not stored");
      return 0;
    }
    return log == nullptr ? 0 : log->AppendPut(hashed.key, value);
  };
  RETURN_IF_ERROR(impl_->Write(key, sizeof(int64_t), add));
  if (!failure.ok()) return failure;
  return sum;
}

Result<bool> Store::Expire(std::string_view key, std::chrono::milliseconds ttl) {
  if (ttl.count() < 0) return Status(StatusCode::kBadArgument, "the time to live is negative");
  bool present = false;
  const auto expire = [&](const storage::HashedKey& hashed, wal::LaneLog* log) -> uint64_t {
    const int64_t now = impl_->now_ms();
    if (ttl.count() == 0) {
      present = impl_->engine().Erase(hashed, now);
      return present && log != nullptr ? log->AppendErase(hashed.key) : 0;
    }
    const kv::ExpiryMillis at = shard::ExpiryAfter(now, static_cast<uint64_t>(ttl.count()));
    present = impl_->engine().SetExpiry(hashed, now, at) == storage::ExpireResult::kSet;
    return present && log != nullptr ? log->AppendExpiry(hashed.key, at) : 0;
  };
  RETURN_IF_ERROR(impl_->Write(key, 0, expire));
  return present;
}

Result<bool> Store::Persist(std::string_view key) {
  bool removed = false;
  const auto persist = [&](const storage::HashedKey& hashed, wal::LaneLog* log) -> uint64_t {
    kv::ValueView value;
    const int64_t now = impl_->now_ms();
    if (!impl_->engine().Get(hashed, now, &value) || value.expires_at == kv::kNoExpiry) return 0;
    removed = impl_->engine().SetExpiry(hashed, now, kv::kNoExpiry) == storage::ExpireResult::kSet;
    return removed && log != nullptr ? log->AppendExpiry(hashed.key, kv::kNoExpiry) : 0;
  };
  RETURN_IF_ERROR(impl_->Write(key, 0, persist));
  return removed;
}

Status Store::Clear() { return impl_->Clear(); }

// ---- Reading ----

Result<std::optional<std::string>> Store::Get(std::string_view key) const {
  std::optional<std::string> text;
  const Result<bool> found = impl_->Read(key, [&](const kv::ValueView& value) {
    std::array<char, kv::kScalarTextBytesMax> scratch;
    text.emplace(kv::TextOf(value, scratch));
  });
  if (!found.ok()) return found.status();
  return text;
}

Result<std::optional<StoredValue>> Store::GetTyped(std::string_view key) const {
  std::optional<StoredValue> stored;
  const Result<bool> found = impl_->Read(
      key, [&](const kv::ValueView& value) { stored.emplace(kv::StoredValueOf(value)); });
  if (!found.ok()) return found.status();
  return stored;
}

Result<std::vector<std::optional<std::string>>> Store::MultiGet(
    std::span<const std::string_view> keys) const {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string_view key : keys) {
    Result<std::optional<std::string>> value = Get(key);
    if (!value.ok()) return value.status();
    values.push_back(std::move(*value));
  }
  return values;
}

Result<bool> Store::Contains(std::string_view key) const {
  return impl_->Read(key, [](const kv::ValueView&) {});
}

Result<std::optional<TimeToLive>> Store::Ttl(std::string_view key) const {
  std::optional<TimeToLive> left;
  const int64_t now = impl_->now_ms();
  const Result<bool> found = impl_->Read(key, [&](const kv::ValueView& value) {
    left.emplace();
    if (value.expires_at != kv::kNoExpiry) {
      left->left = std::chrono::milliseconds(value.expires_at - now);
    }
  });
  if (!found.ok()) return found.status();
  return left;
}

size_t Store::ListKeys(std::span<std::string> keys) const {
  size_t listed = 0;
  const int64_t now = impl_->now_ms();
  storage::WalkCursor place = storage::kWalkStart;
  do {
    place = impl_->engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      if (listed == keys.size() || entry.value.expires_at <= now) return;
      keys[listed++].assign(entry.key);
    });
  } while (place != storage::kWalkStart && listed < keys.size());
  return listed;
}

uint64_t Store::Scan(uint64_t cursor, size_t wanted, std::vector<std::string>& keys) const {
  const int64_t now = impl_->now_ms();
  const size_t enough = keys.size() + wanted;
  storage::WalkCursor place = cursor;
  do {
    place = impl_->engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      if (entry.value.expires_at > now) keys.emplace_back(entry.key);
    });
  } while (place != storage::kWalkStart && keys.size() < enough);
  return place;
}

uint64_t Store::Count() const { return impl_->engine().Stats().entries; }
uint64_t Store::BytesUsed() const { return impl_->engine().Stats().data_bytes; }

StoreStats Store::Stats() const {
  const storage::EngineStats stats = impl_->engine().Stats();
  return {stats.entries, stats.data_bytes, stats.table_capacity, stats.load_factor()};
}

}  // namespace corelane
