#include "proto/memcache_codec.h"

#include <algorithm>
#include <string_view>

#include "proto/browser.h"
#include "proto/decoding.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kError = "ERROR";

bool StartsRetrieval(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  return line.starts_with("get ") || line.starts_with("gets ") || line.starts_with("gat ") ||
         line.starts_with("gats ");
}

bool Fail(DecodeResult& result, std::string_view message) {
  return Refuse(result, StatusCode::kProtocolError, std::string(message),
                MemcacheTag(MemcacheShape::kLine, false));
}

}  // namespace

MemcacheCodec::MemcacheCodec(const CodecLimits& limits)
    : limits_(limits), key_bytes_max_(std::min(limits.key_bytes_max, kMemcacheKeyBytesMax)) {}

DecodeResult MemcacheCodec::Decode(std::string_view in, size_t requests_max,
                                   kv::RequestBatch& batch) {
  options_used_ = 0;
  if (!decoded_keys_.empty()) decoded_keys_.clear();
  return DecodeEach(in, requests_max, batch, [&](std::string_view rest, DecodeResult& result) {
    result.consumed = swallower_.Take(rest);
    return result.consumed > 0 || DecodeOne(rest, batch, result);
  });
}

bool MemcacheCodec::DecodeOne(std::string_view rest, kv::RequestBatch& batch,
                              DecodeResult& result) {
  if (rest.size() < awaited_bytes_) return NeedMore(result, awaited_bytes_);
  if (line_bytes_ == 0 && !FindLine(rest, result)) return false;
  std::string_view text = rest.substr(0, line_bytes_ - 1);
  if (text.size() > 1 && text.ends_with('\r')) text.remove_suffix(1);
  // As there, a line ends at a NUL; what is behind is not looked at.
  text = text.substr(0, text.find('\0'));

  SplitWords(text);
  if (words_.size() > limits_.request_args_max) return Fail(result, "too many keys");
  Line line{.rest = rest, .text = text, .bytes = line_bytes_, .words = words_, .batch = batch};
  TakeLine(line);
  if (line.is_http) return Fail(result, {});
  result.consumed = line_bytes_;
  if (line.data == Data::kValue) {
    result.consumed += line.data_bytes;
    if (!line.value_is_there()) {
      awaited_bytes_ = result.consumed;
      return NeedMore(result, awaited_bytes_);
    }
  }
  if (line.data == Data::kSwallow) swallower_.Start(line.data_bytes);
  line_bytes_ = 0;
  awaited_bytes_ = 0;
  return true;
}

// Sets line_bytes_ to the length of the line at the front of `rest`, with its end.
bool MemcacheCodec::FindLine(std::string_view rest, DecodeResult& result) {
  const bool whole = line_.Find(rest);
  const size_t bytes = line_.line_bytes();
  if (bytes > kMemcacheLineBytesMax &&
      (bytes > limits_.request_bytes_max || !StartsRetrieval(rest))) {
    return Fail(result, "line too long");
  }
  if (!whole) return NeedMore(result, bytes + 1);
  line_bytes_ = bytes + 1;
  return true;
}

void MemcacheCodec::SplitWords(std::string_view text) {
  words_.clear();
  size_t at = 0;
  while (true) {
    while (at < text.size() && text[at] == ' ') ++at;
    if (at == text.size()) return;
    const size_t end = std::min(text.find(' ', at), text.size());
    words_.push_back(text.substr(at, end - at));
    at = end;
  }
}

void MemcacheCodec::TakeLine(Line& line) {
  if (line.words.empty() || line.words[0].size() < 2) return Say(line, kError);
  const std::string_view word = line.words[0];
  if (word == "get") return TakeRetrieval(line, {.command = "mc.get"});
  if (word == "set") return TakeUpdate(line, kv::MemcacheMode::kSet);
  if (word.size() == 2 && word[0] == 'm') return TakeMeta(line);
  if (word == "gets") return TakeRetrieval(line, {.command = "mc.gets", .with_cas = true});
  if (word == "gat") return TakeRetrieval(line, {.command = "mc.gat", .touching = true});
  if (word == "gats") {
    return TakeRetrieval(line, {.command = "mc.gats", .with_cas = true, .touching = true});
  }
  if (word == "bget") return TakeRetrieval(line, {.command = "mc.get"});
  if (word == "add") return TakeUpdate(line, kv::MemcacheMode::kAdd);
  if (word == "replace") return TakeUpdate(line, kv::MemcacheMode::kReplace);
  if (word == "append") return TakeUpdate(line, kv::MemcacheMode::kAppend);
  if (word == "prepend") return TakeUpdate(line, kv::MemcacheMode::kPrepend);
  if (word == "cas") return TakeUpdate(line, kv::MemcacheMode::kCompareAndSwap);
  if (word == "delete") return TakeDelete(line);
  if (word == "incr") return TakeArithmetic(line, '+');
  if (word == "decr") return TakeArithmetic(line, '-');
  if (word == "touch") return TakeTouch(line);
  TakeOther(line);
}

void MemcacheCodec::TakeOther(Line& line) {
  const std::string_view word = line.words[0];
  if (word == "flush_all") return TakeFlush(line);
  if (word == "stats") return TakeStats(line);
  if (word == "verbosity") return TakeVerbosity(line);
  if (word == "version") return Say(line, kMemcacheVersionLine);
  if (word == "shutdown") return Say(line, "ERROR: shutdown not enabled");
  if (word == "quit") {
    line.batch.Finish("quit", MemcacheTag(MemcacheShape::kLine, true));
    return;
  }
  line.is_http = line.words.back().starts_with("HTTP/") || LooksLikeHttp(line.text);
  if (!line.is_http) Say(line, kError);
}

// ---- Requests ----

void MemcacheCodec::Say(Line& line, std::string_view text, bool quiet) {
  line.batch.Arg(text);
  line.batch.Finish("echo", MemcacheTag(MemcacheShape::kLine, quiet));
}

std::string_view MemcacheCodec::Keep(const kv::MemcacheOptions& options) {
  if (options_used_ == options_.size()) {
    options_.push_back(std::make_unique<kv::MemcacheOptions>());
  }
  kv::MemcacheOptions& kept = *options_[options_used_++];
  kept = options;
  return kept.bytes();
}

kv::ReplyWriter& MemcacheCodec::BeginReply(uint32_t tag, const kv::Session& /*session*/,
                                           base::Buffer& out) {
  writer_.Begin(tag, out);
  return writer_;
}

}  // namespace corelane::proto
