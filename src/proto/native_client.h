#pragma once

// The client's half of the native protocol (PROTOCOL.md): requests into a buffer, replies out of
// received bytes. Pure: no sockets. Replies come in request order; which request a reply belongs
// to, and so how its value is read, the caller knows. Stateless but for the buffer reference; one
// thread per buffer.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "kv/value.h"
#include "proto/native_opcodes.h"
#include "proto/reply_state.h"

namespace corelane::proto {

// Appends one request per call to `out`. Lengths are the caller's to keep within the server's
// limits; they must fit u32.
class NativeRequestWriter {
 public:
  using Pair = std::pair<std::string_view, std::string_view>;

  explicit NativeRequestWriter(base::Buffer& out) : out_(out) {}

  void Put(std::string_view key, std::string_view value);
  void Get(std::string_view key);
  void Delete(std::string_view key);
  void Ping();

  void PutTtl(std::string_view key, uint64_t ttl_ms, std::string_view value);
  // `ttl_ms` of kNativeNoTtl is none. `bytes` are laid out as kv/value.h says for `type`.
  void PutTyped(std::string_view key, kv::ValueType type, uint64_t ttl_ms, std::string_view bytes);
  void GetTyped(std::string_view key);
  // The lists must not be empty: the server refuses that.
  void MultiGet(std::span<const std::string_view> keys);
  void MultiPut(std::span<const Pair> pairs);
  void MultiDelete(std::span<const std::string_view> keys);
  void Contains(std::string_view key);
  void Count();
  void List(uint64_t cursor, uint32_t keys_max);
  void Stats();
  void Increment(std::string_view key, int64_t delta);
  void Ttl(std::string_view key);
  void Expire(std::string_view key, uint64_t ttl_ms);
  void Persist(std::string_view key);
  void Clear();
  void Save();

 private:
  void Frame(NativeOpcode opcode, std::string_view key, std::string_view fixed,
             std::string_view value);
  void Keys(NativeOpcode opcode, std::span<const std::string_view> keys);

  base::Buffer& out_;
};

// One reply, or one item of a list of results. A status that this version does not know reads as
// kError.
struct NativeReply {
  StatusCode status = StatusCode::kError;
  std::string_view
      value;  // points into the received bytes; the message when the status is an error
};

struct NativeReplyResult {
  ReplyState state = ReplyState::kNeedMore;
  size_t consumed = 0;  // kDone: the reply's length
  size_t needed = 0;    // kNeedMore: the length that the bytes must have before another look pays
  StatusCode error =
      StatusCode::kProtocolError;  // kError: kValueTooLarge when the length is over the limit
  NativeReply reply;
};

// Reads the reply at the front of `in`. A length over `value_bytes_max` is refused from the header,
// before anything of it has come, so that nobody allocates for it.
[[nodiscard]] NativeReplyResult DecodeNativeReply(std::string_view in, size_t value_bytes_max);

// The values of OK replies. Each is false when `value` is not exactly such a thing.
[[nodiscard]] bool ReadInt64(std::string_view value, int64_t& number);    // COUNT INCREMENT TTL
[[nodiscard]] bool ReadUint32(std::string_view value, uint32_t& number);  // MULTI_PUT MULTI_DELETE
[[nodiscard]] bool ReadTyped(std::string_view value, kv::ValueView& typed);             // GET_TYPED
[[nodiscard]] bool ReadItems(std::string_view value, std::vector<NativeReply>& items);  // MULTI_GET
[[nodiscard]] bool ReadPage(std::string_view value, uint64_t& next_cursor,
                            std::vector<std::string_view>& keys);  // LIST

}  // namespace corelane::proto
