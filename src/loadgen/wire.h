#pragma once

// Wire: the client's half of one connection, whatever the protocol: requests into a buffer, and
// what each reply says. It remembers what it has asked, in order, as far as the protocol needs that
// to read the replies. Pure: no sockets, no clock. One for each connection, used by its thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/buffer.h"
#include "proto/reply_state.h"

namespace corelane::loadgen {

enum class WireProtocol : uint8_t { kNative, kResp2, kResp3, kMemcacheText, kMemcacheMeta, kJson };

// "native", "resp", "resp3", "memcache", "memcache-meta", "json": the scheme of a target's address.
[[nodiscard]] std::string_view WireScheme(WireProtocol protocol);
[[nodiscard]] Result<WireProtocol> WireProtocolOf(std::string_view scheme);

enum class Outcome : uint8_t {
  kOk,     // written, deleted, expiry set; a raw command answered
  kHit,    // read, and there was a value; of several keys: at least one
  kMiss,   // no such key, to read, delete or expire; of several keys: none
  kError,  // the server said an error, or has done a part only; the stream goes on
};

struct WireReply {
  size_t bytes = 0;  // of the reply; the caller drops them after it has looked at the views
  Outcome outcome = Outcome::kOk;
  uint32_t hits = 0;  // of the keys read, one or several; an error counts none
  uint32_t misses = 0;
  std::string_view value;  // of a hit on a single key; points into the received bytes or the wire
  std::string_view error;  // kError: what the server said
};

class Wire {
 public:
  using Pair = std::pair<std::string_view, std::string_view>;

  virtual ~Wire() = default;

  // Appends what opens the conversation (HELLO 3); the number of replies to it, which come like any
  // other and must be kOk.
  [[nodiscard]] virtual size_t Open(base::Buffer& out) = 0;

  // Each appends one request, which has exactly one reply. Keys and values must suit the protocol:
  // memcache has keys of 1 to 250 bytes without blanks, JSON has keys in UTF-8. `ttl_ms` of 0: it
  // does not expire; anything else only if CanExpire().
  virtual void Read(std::string_view key, base::Buffer& out) = 0;
  virtual void Write(std::string_view key, std::string_view value, uint32_t ttl_ms,
                     base::Buffer& out) = 0;
  virtual void Delete(std::string_view key, base::Buffer& out) = 0;

  // Not every protocol has these; where it has not, they must not be called. None of the lists may
  // be empty, and the `ttl_ms` of Expire() is at least 1.
  [[nodiscard]] virtual bool CanReadMany() const { return false; }
  virtual void ReadMany(std::span<const std::string_view> keys, base::Buffer& out);
  [[nodiscard]] virtual bool CanWriteMany() const { return false; }
  virtual void WriteMany(std::span<const Pair> pairs, base::Buffer& out);
  [[nodiscard]] virtual bool CanExpire() const { return false; }
  virtual void Expire(std::string_view key, uint32_t ttl_ms, base::Buffer& out);
  // One command in the very bytes that the protocol has for it (RecordedCommands::Encoded()). It
  // must have exactly one reply: no SUBSCRIBE, no CLIENT REPLY OFF.
  [[nodiscard]] virtual bool CanRaw() const { return false; }
  virtual void Raw(std::string_view command, base::Buffer& out);

  // Reads the reply to the oldest request that is not answered, at the front of `in`. kNeedMore:
  // call again with the same bytes and more behind them; what was looked at is not looked at again,
  // but for a few bytes where it broke off. kError: what came is no reply to it, or one over the
  // limits; the connection is of no use any more, and Next() must not be called again.
  [[nodiscard]] virtual proto::ReplyState Next(std::string_view in, WireReply& reply) = 0;
};

[[nodiscard]] std::unique_ptr<Wire> MakeWire(WireProtocol protocol);

}  // namespace corelane::loadgen
