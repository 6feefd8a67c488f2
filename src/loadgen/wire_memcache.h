#pragma once

// The memcache text protocol as two Wires: the classic commands (get, set) and the meta commands
// (mg, ms). One for each connection, used by its thread. Both are taken from memcached's
// doc/protocol.txt, as of 1.6.18.
//
// Times to live are whole seconds here, rounded up, and 30 days at most: a larger number would be a
// point in time, and there is no clock here to make one.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "loadgen/memcache_reply.h"
#include "loadgen/pending_requests.h"
#include "loadgen/wire.h"

namespace corelane::loadgen {

inline constexpr uint32_t kMemcacheTtlSecondsMax = 30 * 24 * 60 * 60;
[[nodiscard]] uint32_t MemcacheSeconds(uint32_t ttl_ms);

// What the two have in common: how a reply of lines and values adds up.
class MemcacheWire : public Wire {
 public:
  [[nodiscard]] size_t Open(base::Buffer& /*out*/) final { return 0; }
  [[nodiscard]] bool CanReadMany() const final { return true; }
  [[nodiscard]] bool CanExpire() const final { return true; }
  [[nodiscard]] proto::ReplyState Next(std::string_view in, WireReply& reply) final;

 protected:
  // What a line of the reply to `asked` means.
  enum class Meaning : uint8_t {
    kWrong,        // it is no answer to that
    kDone,         // the request was done; the reply ends
    kMissing,      // there is no such key; the reply ends
    kEnd,          // the reply ends
    kValue,        // a value follows, and more lines behind it
    kLastValue,    // a value follows, and is the last
    kRefused,      // an error; the reply ends
    kPartRefused,  // an error, and more lines behind it
  };
  // Sets `value_bytes` where a value follows.
  [[nodiscard]] virtual Meaning Understand(Asked asked, std::string_view line,
                                           size_t& value_bytes) = 0;

  // ERROR, CLIENT_ERROR or SERVER_ERROR.
  [[nodiscard]] static bool IsError(std::string_view line);
  // Notes that a request was written.
  void Push(AskedKind kind, size_t keys = 1) { pending_.Push({kind, static_cast<uint32_t>(keys)}); }

 private:
  // A part of the reply; its bytes may come again at another address.
  struct Place {
    size_t at = 0;
    size_t bytes = 0;
    [[nodiscard]] std::string_view In(std::string_view reply) const {
      return reply.substr(at, bytes);
    }
  };

  // The reply that is under way.
  struct Sum {
    uint32_t hits = 0;
    bool refused = false;
    bool ends_with_value = false;
    Place value;  // the latest one
    Place error;  // the first one
  };

  // False when the line cannot stand there.
  [[nodiscard]] bool Add(Meaning meaning, Place line, size_t value_bytes);
  [[nodiscard]] static bool Ends(Meaning meaning);
  void Finish(Asked asked, Meaning last, std::string_view in, WireReply& reply);

  PendingRequests pending_;
  MemcacheReplyScanner scanner_;
  Sum sum_;
};

class MemcacheTextWire final : public MemcacheWire {
 public:
  void Read(std::string_view key, base::Buffer& out) override;
  void Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
             base::Buffer& out) override;
  void Delete(std::string_view key, base::Buffer& out) override;
  void ReadMany(std::span<const std::string_view> keys, base::Buffer& out) override;
  void Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) override;

 protected:
  [[nodiscard]] Meaning Understand(Asked asked, std::string_view line,
                                   size_t& value_bytes) override;
};

// Several keys are as many commands that say nothing of what is as expected (a miss, a value
// stored), and one behind them that is always answered.
class MemcacheMetaWire final : public MemcacheWire {
 public:
  void Read(std::string_view key, base::Buffer& out) override;
  void Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
             base::Buffer& out) override;
  void Delete(std::string_view key, base::Buffer& out) override;
  void ReadMany(std::span<const std::string_view> keys, base::Buffer& out) override;
  [[nodiscard]] bool CanWriteMany() const override { return true; }
  void WriteMany(std::span<const Pair> pairs, base::Buffer& out) override;
  void Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out) override;

 protected:
  [[nodiscard]] Meaning Understand(Asked asked, std::string_view line,
                                   size_t& value_bytes) override;
};

}  // namespace corelane::loadgen
