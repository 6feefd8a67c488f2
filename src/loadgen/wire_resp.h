#pragma once

// RespWire: RESP2 and RESP3 as a Wire, with the commands that redis and its kin have. One for each
// connection, used by its thread.
//
// A reply to a key is recognised by its first bytes, in place; RespReplyScanner has those of any
// shape: errors, the greeting, and replies to raw commands. Both versions' words for a nil are
// taken in both.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "loadgen/pending_requests.h"
#include "loadgen/wire.h"
#include "proto/native_client.h"
#include "proto/resp_client.h"

namespace corelane::loadgen {

enum class RespVersion : uint8_t { k2, k3 };

class RespWire final : public Wire {
 public:
  explicit RespWire(RespVersion version);

  [[nodiscard]] size_t Open(base::Buffer& out) override;
  void Read(std::string_view key, base::Buffer& out) override;
  void Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
             base::Buffer& out) override;
  void Delete(std::string_view key, base::Buffer& out) override;
  [[nodiscard]] bool CanReadMany() const override { return true; }
  void ReadMany(std::span<const std::string_view> keys, base::Buffer& out) override;
  [[nodiscard]] bool CanWriteMany() const override { return true; }
  void WriteMany(std::span<const Pair> pairs, base::Buffer& out) override;
  [[nodiscard]] bool CanExpire() const override { return true; }
  void Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) override;
  [[nodiscard]] bool CanRaw() const override { return true; }
  void Raw(std::string_view command, base::Buffer& out) override;
  [[nodiscard]] proto::ReplyState Next(std::string_view in, WireReply& reply) override;

 private:
  // An array of values that is under way.
  struct Walk {
    size_t at = 0;  // bytes of the whole elements; 0: not begun
    uint32_t hits = 0;
    uint32_t misses = 0;
  };

  [[nodiscard]] proto::ReplyState Take(Asked asked, std::string_view in, WireReply& reply);
  [[nodiscard]] proto::ReplyState TakeArray(Asked asked, std::string_view in, WireReply& reply);
  [[nodiscard]] proto::ReplyState TakeError(std::string_view in, WireReply& reply);

  const RespVersion version_;
  PendingRequests pending_;
  proto::RespReplyScanner scanner_;
  Walk walk_;
};

}  // namespace corelane::loadgen
