#include "proto/json_codec.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "proto/json_reader.h"
#include "proto/json_request.h"
#include "proto/typed_put.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool Fail(DecodeResult& result, std::string message) {
  result.state = DecodeState::kError;
  result.error_code = StatusCode::kProtocolError;
  result.error = std::move(message);
  return false;
}

bool Malformed(DecodeResult& result, size_t at, std::string_view what) {
  return Fail(result, absl::StrCat("malformed JSON at byte ", at, ": ", base::ToAbsl(what)));
}

void Emit(const JsonRequest& request, kv::RequestBatch& batch) {
  const auto tag = static_cast<uint32_t>(request.tag);
  switch (request.tag) {
    case JsonTag::kSet:
      return FinishTypedPut(request.key, request.value, tag, batch);
    case JsonTag::kGet:
      batch.Arg(request.key);
      return batch.Finish("GET", tag);
    case JsonTag::kRemove:
      batch.Arg(request.key);
      return batch.Finish("DEL", tag);
    default:
      return batch.Finish({}, tag);
  }
}

}  // namespace

size_t JsonRequestBytesMax(const CodecLimits& limits) {
  constexpr size_t kFramingSlackBytes = 4096;
  return std::max(limits.request_bytes_max,
                  limits.key_bytes_max + limits.value_bytes_max + kFramingSlackBytes);
}

DecodeResult JsonCodec::Decode(std::string_view in, size_t requests_max, kv::RequestBatch& batch) {
  if (!spelled_.empty()) spelled_.clear();
  DecodeResult result;
  size_t at = 0;
  while (true) {
    at = std::min(in.find_first_not_of(kBlanks, at), in.size());
    if (at == in.size()) break;
    if (batch.size() >= requests_max) {
      result.state = DecodeState::kFull;
      break;
    }
    if (!DecodeObject(in.substr(at), batch, result)) break;
    at += result.consumed;
  }
  result.consumed = at;
  return result;
}

bool JsonCodec::DecodeObject(std::string_view rest, kv::RequestBatch& batch, DecodeResult& result) {
  if (rest[0] != '{') return Malformed(result, 0, "a request is an object, expected '{'");
  if (!FindEnd(rest, result)) return false;
  result.consumed = scanner_.scanned();
  JsonReader reader(rest.substr(0, result.consumed), spelled_);
  const JsonRequest request = ReadJsonRequest(reader, spelled_);
  if (!reader.ok()) return Malformed(result, reader.error_at(), reader.error());
  Emit(request, batch);
  return true;
}

bool JsonCodec::FindEnd(std::string_view rest, DecodeResult& result) {
  switch (scanner_.Resume(rest.substr(0, request_bytes_max_))) {
    case JsonScan::kEnd:
      return true;
    case JsonScan::kTooDeep:
      return Malformed(result, scanner_.scanned(), "too many brackets within brackets");
    case JsonScan::kBadByte:
      return Malformed(result, scanner_.scanned(),
                       "a control character inside of a string must be escaped");
    case JsonScan::kNeedMore:
      break;
  }
  if (rest.size() > request_bytes_max_) return Fail(result, std::string(kJsonRequestTooLong));
  result.state = DecodeState::kNeedMore;
  result.needed = scanner_.scanned() + 1;
  return false;
}

kv::ReplyWriter& JsonCodec::BeginReply(uint32_t tag, const kv::Session& /*session*/,
                                       base::Buffer& out) {
  writer_.Begin(tag, out);
  return writer_;
}

}  // namespace corelane::proto
