#include "proto/text_codec.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/match.h"
#include "base/absl_view.h"
#include "proto/browser.h"
#include "proto/decoding.h"
#include "proto/native_opcodes.h"
#include "proto/typed_put.h"
#include "proto/value_text.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";

// The requests with plain words. SETTYPED is the only other one.
struct Form {
  std::string_view word;     // in any case
  std::string_view command;  // of the command table
  size_t args;
  TextTag tag;
};

constexpr Form kForms[] = {
    {"get", "GET", 1, TextTag::kGet},     {"set", "SET", 2, TextTag::kStore},
    {"del", "DEL", 1, TextTag::kDelete},  {"incr", "INCR", 1, TextTag::kCount},
    {"decr", "DECR", 1, TextTag::kCount}, {"quit", "QUIT", 0, TextTag::kQuit},
};
constexpr size_t kFormArgsMax = 2;

bool WordIs(std::string_view text, std::string_view word) {
  return absl::EqualsIgnoreCase(base::ToAbsl(text), base::ToAbsl(word));
}

// Takes the next word from the front of `line`; empty at its end.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

// The first byte of a request in one of the other protocols. A client that speaks one of them would
// wait for ever for the answer to a line that it never ends.
bool IsForeign(char first_byte) {
  const Detection detected = DetectProtocol(first_byte);
  return detected == Detection::kNative || detected == Detection::kResp ||
         detected == Detection::kJson;
}

}  // namespace

size_t TextLineBytesMax(const CodecLimits& limits) {
  constexpr size_t kWordsSlackBytes = 4096;
  const size_t plain = limits.key_bytes_max + limits.value_bytes_max + kWordsSlackBytes;
  const size_t spelled = plain + limits.value_bytes_max * (kValueTextBytesPerByteMax - 1);
  return std::max(plain, std::min(spelled, limits.request_bytes_max));
}

DecodeResult TextCodec::Decode(std::string_view in, size_t requests_max, kv::RequestBatch& batch) {
  if (!spelled_.empty()) spelled_.clear();
  return DecodeEach(in, requests_max, batch, [&](std::string_view rest, DecodeResult& result) {
    return DecodeLine(rest, batch, result);
  });
}

bool TextCodec::DecodeLine(std::string_view rest, kv::RequestBatch& batch, DecodeResult& result) {
  if (IsForeign(rest[0])) {
    return Refuse(result, StatusCode::kUnknownCommand, std::string(kUnknownCommandText));
  }
  const bool whole = line_.Find(rest);
  const size_t line_bytes = line_.line_bytes();
  if (line_bytes > line_bytes_max_) {
    return Refuse(result, StatusCode::kProtocolError, std::string(kTextLineTooLong));
  }
  if (!whole) return NeedMore(result, line_bytes + 1);
  result.consumed = line_bytes + 1;
  const std::string_view line = rest.substr(0, line_bytes);
  if (LooksLikeHttp(line)) return Refuse(result, StatusCode::kProtocolError, {});
  Emit(line, batch);
  return true;
}

void TextCodec::Emit(std::string_view line, kv::RequestBatch& batch) {
  std::string_view rest = line;
  const std::string_view word = TakeWord(rest);
  if (word.empty()) return;
  if (WordIs(word, "settyped")) return EmitTyped(rest, batch);
  std::string_view args[kFormArgsMax];
  size_t count = 0;
  while (true) {
    const std::string_view arg = TakeWord(rest);
    if (arg.empty()) break;
    if (count < kFormArgsMax) args[count] = arg;
    ++count;
  }
  for (const Form& form : kForms) {
    if (form.args != count || !WordIs(word, form.word)) continue;
    for (size_t i = 0; i < count; ++i) batch.Arg(args[i]);
    return batch.Finish(form.command, static_cast<uint32_t>(form.tag));
  }
  batch.Finish({}, static_cast<uint32_t>(TextTag::kUnknown));
}

// SETTYPED KEY VALUE: the value is the rest of the line, blanks and all.
void TextCodec::EmitTyped(std::string_view rest, kv::RequestBatch& batch) {
  const std::string_view key = TakeWord(rest);
  if (rest.find_first_not_of(kBlanks) == std::string_view::npos) {
    return batch.Finish({}, static_cast<uint32_t>(TextTag::kUnknown));
  }
  kv::ValueView value;
  if (!ParseValueText(rest, spelled_, value)) {
    return batch.Finish({}, static_cast<uint32_t>(TextTag::kBadValue));
  }
  FinishTypedPut(key, value, static_cast<uint32_t>(TextTag::kStore), batch);
}

kv::ReplyWriter& TextCodec::BeginReply(uint32_t tag, const kv::Session& /*session*/,
                                       base::Buffer& out) {
  writer_.Begin(tag, out);
  return writer_;
}

}  // namespace corelane::proto
