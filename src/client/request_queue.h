#pragma once

// RequestQueue: requests of the native protocol, encoded and waiting to be sent, in order. One
// object serves a single operation as well as a pipeline. Owned by a Session or a Pipeline; one
// thread; reused so that it allocates nothing in the steady state.
//
// What always holds: a request that the limits or its arguments forbid takes a place in the order
// but no bytes; it is answered here and never sent. bytes() has the other requests, whole and in
// order.

#include <corelane/client.h>
#include <corelane/status.h>
#include <corelane/value.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "kv/value.h"
#include "proto/native_client.h"
#include "proto/native_opcodes.h"

namespace corelane::client {

// What the client holds itself to, out of ClientOptions.
struct RequestLimits {
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
  bool version_1_only = false;
};

struct QueuedRequest {
  proto::NativeOpcode opcode = proto::NativeOpcode::kPing;
  StatusCode refusal = StatusCode::kOk;  // not kOk: never sent, and this is the answer
  std::string_view refusal_text;         // a constant
  size_t end = 0;                        // one past its last byte in bytes()
  uint64_t reply_bytes_max = 0;          // a longer reply is refused
};

class RequestQueue {
 public:
  using Millis = std::chrono::milliseconds;

  explicit RequestQueue(const RequestLimits& limits) : limits_(limits) {}

  void Ping();
  void Put(std::string_view key, std::string_view value);
  void PutTyped(std::string_view key, const Value& value, std::optional<Millis> ttl);
  void PutText(std::string_view key, std::string_view value, Millis ttl);
  void Get(std::string_view key);
  void GetTyped(std::string_view key);
  void Delete(std::string_view key);
  void Contains(std::string_view key);
  void Count();
  void Increment(std::string_view key, int64_t delta);
  void Ttl(std::string_view key);
  void Expire(std::string_view key, Millis ttl);
  void Persist(std::string_view key);
  void List(uint64_t cursor, uint32_t keys_max);
  void Stats();
  void Clear();
  void Save();
  void MultiGet(std::span<const std::string_view> keys);
  void MultiPut(std::span<const KeyValue> entries);

  // Forgets all requests.
  void Reset();

  [[nodiscard]] size_t size() const { return requests_.size(); }
  [[nodiscard]] const QueuedRequest& operator[](size_t index) const { return requests_[index]; }
  [[nodiscard]] std::string_view bytes() const { return bytes_.view(); }
  [[nodiscard]] size_t BeginOf(size_t index) const {
    return index == 0 ? 0 : requests_[index - 1].end;
  }
  // True when the request and all behind it may be done twice.
  [[nodiscard]] bool RepeatableFrom(size_t index) const { return index >= repeatable_from_; }

 private:
  // Notes down the request that has just been written to bytes_.
  void Added(proto::NativeOpcode opcode, uint64_t reply_bytes_max);
  void AddTyped(std::string_view key, kv::ValueType type, std::string_view value, uint64_t ttl_ms);
  void Refuse(proto::NativeOpcode opcode, StatusCode code, std::string_view text);
  // True when all is well; otherwise the request has been refused.
  bool CheckKey(proto::NativeOpcode opcode, std::string_view key);
  bool CheckValue(proto::NativeOpcode opcode, std::string_view value);
  bool CheckTtl(proto::NativeOpcode opcode, Millis ttl);
  // For one message with `args` keys and values that take `bytes` in all.
  bool CheckMessage(proto::NativeOpcode opcode, size_t args, size_t bytes);

  RequestLimits limits_;
  base::Buffer bytes_;
  std::vector<proto::NativeRequestWriter::Pair> pairs_;  // scratch
  std::vector<QueuedRequest> requests_;
  size_t repeatable_from_ = 0;
};

}  // namespace corelane::client
