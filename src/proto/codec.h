#pragma once

// Codec: received bytes -> kv::Requests, and replies -> bytes, for one connection. Pure: no
// sockets, no clock, no storage. A codec of a protocol is the server's half; the client's half
// (encode requests, decode replies) stands in the same folder beside it and shares the constants.
// One connection, one thread.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "kv/reply.h"
#include "kv/request.h"
#include "kv/session.h"

namespace corelane::proto {

struct CodecLimits {
  size_t key_bytes_max = kKeyBytesDefault;
  size_t value_bytes_max = kValueBytesDefault;
  size_t request_args_max = kRequestArgsMax;
  // Bytes of one request in all; what a connection may hold back as unparsed input.
  size_t request_bytes_max = size_t{64} << 20;
};

enum class DecodeState {
  kDone,      // all bytes consumed
  kNeedMore,  // the rest is the beginning of a request
  kFull,      // the batch holds `requests_max` requests; there may be more
  kError,     // the stream cannot be trusted from here on: answer `error`, then close
};

struct DecodeResult {
  DecodeState state = DecodeState::kDone;
  // Bytes that the caller drops after the batch was executed; the batch points into them.
  size_t consumed = 0;
  // kNeedMore: no use calling again with fewer unconsumed bytes than this (a lower bound, >= 1).
  // Never a reason to allocate: the peer only announced it.
  size_t needed = 1;
  StatusCode error_code = StatusCode::kProtocolError;
  // kError: the message. Empty: close without a reply, and log why (browser.h: kBrowserNote).
  std::string error;
  uint32_t error_tag = 0;  // kError: what to pass to BeginReply() for the error's reply
};

class Codec {
 public:
  virtual ~Codec() = default;

  // Decodes complete requests from the front of `in` until it ends or the batch holds
  // `requests_max`. The same unconsumed bytes come again, at the front, with more behind them; the
  // codec remembers how far it had looked, so that a big request in small pieces costs linear time.
  // `batch` is appended to.
  [[nodiscard]] virtual DecodeResult Decode(std::string_view in, size_t requests_max,
                                            kv::RequestBatch& batch) = 0;

  // The writer for one reply to a request with this tag, encoding into `out`. Valid until
  // EndReply(); exactly one element is written in between. `session` says what the client chose
  // (RESP version).
  [[nodiscard]] virtual kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                                    base::Buffer& out) = 0;
  virtual void EndReply() = 0;
};

enum class Protocol { kNative, kResp, kText, kJson, kMemcache, kMemcacheBinary };
// What the binary protocol begins with on a memcache listener; a line of text never does.
inline constexpr char kMemcacheBinaryMagic = '\x80';
[[nodiscard]] std::string_view ProtocolName(Protocol protocol);

[[nodiscard]] std::unique_ptr<Codec> MakeCodec(Protocol protocol, const CodecLimits& limits);

// What an `auto` listener makes of a connection's first byte.
enum class Detection { kNative, kResp, kText, kJson, kUnknown };
[[nodiscard]] Detection DetectProtocol(char first_byte);

}  // namespace corelane::proto
