#pragma once

// NativeWire: the native protocol (src/proto/PROTOCOL.md, part 1) as a Wire. One for each
// connection, used by its thread.
//
// Version 1 commands where they do, so that any server of the protocol can be measured; the
// extensions for times to live and for several keys.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "loadgen/pending_requests.h"
#include "loadgen/wire.h"
#include "proto/native_client.h"

namespace corelane::loadgen {

class NativeWire final : public Wire {
 public:
  [[nodiscard]] size_t Open(base::Buffer& /*out*/) override { return 0; }
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
  [[nodiscard]] proto::ReplyState Next(std::string_view in, WireReply& reply) override;

 private:
  // Each is false when what was answered is no answer to what was asked.
  [[nodiscard]] bool Take(Asked asked, const proto::NativeReply& answer, WireReply& reply);
  [[nodiscard]] bool TakeItems(Asked asked, std::string_view value, WireReply& reply);

  PendingRequests pending_;
  std::vector<proto::NativeReply> items_;  // kept for its room
};

}  // namespace corelane::loadgen
