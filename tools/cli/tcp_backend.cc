#include <corelane/pipeline.h>

#include <charconv>
#include <utility>

#include "cli/backend.h"

namespace corelane::cli {
namespace {

// A figure of STATS; what the server does not say keeps its default.
void TakeLimit(const ServerStats& stats, std::string_view name, size_t& limit) {
  for (const auto& [figure, text] : stats.all) {
    if (figure == name) std::from_chars(text.data(), text.data() + text.size(), limit);
  }
}

class TcpBackend final : public Backend {
 public:
  explicit TcpBackend(Client client) : client_(std::move(client)) {}

  Status Ping() override { return client_.Ping(); }
  Status Put(std::string_view key, std::string_view value, std::optional<Millis> ttl) override {
    return ttl.has_value() ? client_.Put(key, value, *ttl) : client_.Put(key, value);
  }
  Result<std::optional<std::string>> Get(std::string_view key) override { return client_.Get(key); }
  Result<bool> Delete(std::string_view key) override { return client_.Delete(key); }
  Result<int64_t> Increment(std::string_view key, int64_t delta) override {
    return client_.Increment(key, delta);
  }
  Result<std::optional<TimeToLive>> Ttl(std::string_view key) override { return client_.Ttl(key); }
  Result<bool> Expire(std::string_view key, Millis ttl) override {
    return client_.Expire(key, ttl);
  }
  Result<uint64_t> Count() override { return client_.Count(); }
  Result<ListPage> List(uint64_t cursor) override { return client_.List(cursor); }
  Result<ServerStats> Stats() override { return client_.Stats(); }
  Status Save() override { return client_.Save(); }
  std::vector<Result<std::optional<StoredValue>>> GetBatch(
      std::span<const std::string> keys) override {
    return client_.GetTypedBatch(std::vector<std::string_view>(keys.begin(), keys.end()));
  }
  std::vector<Status> PutBatch(std::span<const TypedPut> puts) override {
    Pipeline pipeline(kKeyBytesHardMax, kValueBytesHardMax);
    for (const TypedPut& put : puts) pipeline.PutTyped(put.key, put.value, put.ttl);
    std::vector<Status> statuses;
    for (PipelineResult& result : client_.Execute(pipeline)) {
      statuses.push_back(std::move(result.status));
    }
    return statuses;
  }
  Result<EntryLimits> Limits() override {
    const Result<ServerStats> stats = client_.Stats();
    if (!stats.ok()) return stats.status();
    EntryLimits limits;
    TakeLimit(*stats, "key_bytes_max", limits.key_bytes_max);
    TakeLimit(*stats, "value_bytes_max", limits.value_bytes_max);
    return limits;
  }
  Status Close() override {
    client_.Close();
    return OkStatus();
  }

 private:
  Client client_;
};

}  // namespace

Result<std::unique_ptr<Backend>> ConnectBackend(ClientOptions options) {
  Result<Client> client = Client::Connect(std::move(options));
  if (!client.ok()) return client.status();
  return std::unique_ptr<Backend>(std::make_unique<TcpBackend>(std::move(*client)));
}

}  // namespace corelane::cli
