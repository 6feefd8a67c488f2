#include <corelane/store.h>

#include <utility>

#include "cli/backend.h"

namespace corelane::cli {
namespace {

constexpr size_t kListPageKeys = 1'000;

class StoreBackend final : public Backend {
 public:
  explicit StoreBackend(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  Status Ping() override { return OkStatus(); }
  Status Put(std::string_view key, std::string_view value, std::optional<Millis> ttl) override {
    return store_->Put(key, value, ttl);
  }
  Result<std::optional<std::string>> Get(std::string_view key) override { return store_->Get(key); }
  Result<bool> Delete(std::string_view key) override { return store_->Delete(key); }
  Result<int64_t> Increment(std::string_view key, int64_t delta) override {
    return store_->Increment(key, delta);
  }
  Result<std::optional<TimeToLive>> Ttl(std::string_view key) override { return store_->Ttl(key); }
  Result<bool> Expire(std::string_view key, Millis ttl) override {
    return store_->Expire(key, ttl);
  }
  Result<uint64_t> Count() override { return store_->Count(); }
  Result<ListPage> List(uint64_t cursor) override {
    ListPage page;
    page.next_cursor = store_->Scan(cursor, kListPageKeys, page.keys);
    return page;
  }
  Status Save() override { return store_->Save(); }
  Result<ServerStats> Stats() override {
    const StoreStats of_store = store_->Stats();
    ServerStats stats;
    stats.entries = of_store.entries;
    stats.data_bytes = of_store.data_bytes;
    stats.table_capacity = of_store.table_capacity;
    stats.load_factor = of_store.load_factor;
    return stats;
  }
  std::vector<Result<std::optional<StoredValue>>> GetBatch(
      std::span<const std::string> keys) override {
    std::vector<Result<std::optional<StoredValue>>> values;
    values.reserve(keys.size());
    for (const std::string& key : keys) values.push_back(store_->GetTyped(key));
    return values;
  }
  std::vector<Status> PutBatch(std::span<const TypedPut> puts) override {
    std::vector<Status> statuses;
    statuses.reserve(puts.size());
    for (const TypedPut& put : puts) {
      statuses.push_back(store_->PutTyped(put.key, put.value, put.ttl));
    }
    return statuses;
  }
  Result<EntryLimits> Limits() override {
    return EntryLimits{kKeyBytesHardMax, kValueBytesHardMax};
  }
  Status Close() override { return store_->Close(); }

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace

Result<std::unique_ptr<Backend>> OpenBackend(std::string directory) {
  StoreOptions options;
  options.directory = std::move(directory);
  options.key_bytes_max = kKeyBytesHardMax;
  options.value_bytes_max = kValueBytesHardMax;
  Result<std::unique_ptr<Store>> store = Store::Open(options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<Backend>(std::make_unique<StoreBackend>(std::move(*store)));
}

}  // namespace corelane::cli
