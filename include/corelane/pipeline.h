#pragma once

// Pipeline: any mix of requests, to be sent in one go with Client::Execute(), which gives one
// PipelineResult for each in the order in which they were added. The requests are encoded as they
// are added: the arguments need not outlive the call. Owned by its creator; one thread at a time;
// not bound to a connection.
//
//   corelane::Pipeline pipeline;
//   pipeline.Put("a", "1");
//   pipeline.Increment("a", 41);
//   pipeline.Get("a");
//   for (const corelane::PipelineResult& result : client.Execute(pipeline)) ...
//
// Requests run one after the other on the server, but a pipeline is not a transaction: others'
// requests may run in between, and a request that fails does not stop those behind it.

#include <corelane/client.h>
#include <corelane/limits.h>
#include <corelane/status.h>
#include <corelane/value.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace corelane {

namespace client {
class RequestQueue;
}  // namespace client

struct PipelineResult {
  Status status;       // a miss is OK with found == false
  bool found = false;  // Get, Delete, Contains, Ttl, Expire, Persist: as Client's optional or bool
  std::string value;   // Get
  // Count and Increment: the number. Ttl: the milliseconds left, kNoTtl when the key does not
  // expire.
  int64_t integer = 0;

  static constexpr int64_t kNoTtl = -1;
};

class Pipeline {
 public:
  // The limits are those of the client that will run it: what exceeds them is refused without being
  // sent.
  explicit Pipeline(size_t key_bytes_max = kKeyBytesDefault,
                    size_t value_bytes_max = kValueBytesDefault);
  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  void Ping();
  void Put(std::string_view key, std::string_view value);
  void Put(std::string_view key, std::string_view value, std::chrono::milliseconds ttl);
  void PutTyped(std::string_view key, const Value& value,
                std::optional<std::chrono::milliseconds> ttl = std::nullopt);
  void Get(std::string_view key);
  void Delete(std::string_view key);
  void Contains(std::string_view key);
  void Count();
  void Increment(std::string_view key, int64_t delta = 1);
  void Ttl(std::string_view key);
  void Expire(std::string_view key, std::chrono::milliseconds ttl);
  void Persist(std::string_view key);

  [[nodiscard]] size_t size() const;
  void Clear();

  // For Client::Execute() only; the type is private to the library.
  [[nodiscard]] const client::RequestQueue& requests() const { return *requests_; }

 private:
  std::unique_ptr<client::RequestQueue> requests_;
};

}  // namespace corelane
