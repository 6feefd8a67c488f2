#pragma once

// MemcacheCodec: the server's half of the memcache text protocol, classic and meta commands. It
// accepts and refuses what memcached 1.6.18 does, with the same words; PROTOCOL.md lists the few
// places where it differs and why. Owned by one connection, used by its lane's thread.
//
// What always holds: every received byte is looked at once for the end of a line, in whatever
// pieces it comes; an announced length reserves nothing. A value over the limit is passed over as
// it comes and never held. What goes wrong within a request is a reply (the word ECHO with the
// line); only a line that does not end and HTTP end the stream.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/memcache.h"
#include "proto/codec.h"
#include "proto/decoding.h"
#include "proto/line_scanner.h"
#include "proto/memcache_writer.h"

namespace corelane::proto {

inline constexpr std::string_view kMemcacheVersionLine = "VERSION 1.6.18";
static_assert(kMemcacheVersionLine.ends_with(kv::kMemcacheVersion));

// A longer key is refused, whatever the server's own limit is.
inline constexpr size_t kMemcacheKeyBytesMax = 250;
// A longer line is refused, but for one that asks for values: it may have any number of keys.
inline constexpr size_t kMemcacheLineBytesMax = 2048;

class MemcacheCodec final : public Codec {
 public:
  explicit MemcacheCodec(const CodecLimits& limits);

  [[nodiscard]] DecodeResult Decode(std::string_view in, size_t requests_max,
                                    kv::RequestBatch& batch) override;
  [[nodiscard]] kv::ReplyWriter& BeginReply(uint32_t tag, const kv::Session& session,
                                            base::Buffer& out) override;
  void EndReply() override { writer_.End(); }

  // How many bytes were looked at for the end of a line: what a test of linear cost counts.
  [[nodiscard]] uint64_t bytes_scanned() const { return line_.bytes_scanned(); }

 private:
  // What a line asks to be done with the data behind it.
  enum class Data : uint8_t { kNone, kValue, kSwallow };
  // One line, taken apart.
  struct Line {
    std::string_view rest;  // from the line's first byte to the end of the input
    std::string_view text;  // the line alone
    size_t bytes = 0;       // with its end
    std::span<const std::string_view> words;
    kv::RequestBatch& batch;
    bool is_http = false;
    Data data = Data::kNone;
    uint64_t data_bytes = 0;  // with the line end behind it

    [[nodiscard]] std::string_view value() const { return rest.substr(bytes, data_bytes - 2); }
    [[nodiscard]] bool value_ends() const {
      return rest.substr(bytes + data_bytes - 2, 2) == "\r\n";
    }
    [[nodiscard]] bool value_is_there() const { return rest.size() - bytes >= data_bytes; }
    [[nodiscard]] bool says_noreply() const { return words.back() == "noreply"; }
  };

  // The step of DecodeEach(): one request.
  [[nodiscard]] bool DecodeOne(std::string_view rest, kv::RequestBatch& batch,
                               DecodeResult& result);
  [[nodiscard]] bool FindLine(std::string_view rest, DecodeResult& result);
  void SplitWords(std::string_view text);
  void TakeLine(Line& line);
  void TakeOther(Line& line);

  // Classic commands (memcache_classic.cc).
  struct Retrieval {
    std::string_view command;
    bool with_cas = false;
    bool touching = false;
  };
  void TakeRetrieval(Line& line, const Retrieval& retrieval);
  void TakeUpdate(Line& line, kv::MemcacheMode mode);
  void TakeArithmetic(Line& line, char mode);
  void TakeDelete(Line& line);
  void TakeTouch(Line& line);
  void TakeFlush(Line& line);
  void TakeStats(Line& line);
  void TakeVerbosity(Line& line);

  // Meta commands (memcache_meta_commands.cc).
  struct MetaCommand {
    std::string_view word;
    std::string_view too_many_flags;
    const char* bad_flags;  // null: each error has its own words
  };
  void TakeMeta(Line& line);
  void TakeMetaKeyed(Line& line, const MetaCommand& command);
  void TakeMetaSet(Line& line);
  void TakeMetaDebug(Line& line);
  [[nodiscard]] const char* ReadMeta(const Line& line, size_t flags_at, std::string_view& key,
                                     kv::MemcacheOptions& options);

  // Requests.
  void Say(Line& line, std::string_view text, bool quiet = false);
  [[nodiscard]] std::string_view Keep(const kv::MemcacheOptions& options);

  const CodecLimits limits_;
  const size_t key_bytes_max_;
  MemcacheWriter writer_;
  LineScanner line_;
  size_t line_bytes_ = 0;     // of a line whose data is still to come, with its end
  size_t awaited_bytes_ = 0;  // of that line with its data
  Swallower swallower_;
  std::vector<std::string_view> words_;

  // What the requests of the batch that is out point to besides the received bytes. The blocks are
  // kept from batch to batch.
  std::vector<std::unique_ptr<kv::MemcacheOptions>> options_;
  size_t options_used_ = 0;
  std::deque<std::string> decoded_keys_;
};

}  // namespace corelane::proto
