#include "proto/json_codec.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "proto/decoding.h"
#include "proto/json_reader.h"
#include "proto/json_request.h"
#include "proto/typed_put.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool Malformed(DecodeResult& result, size_t at, std::string_view what) {
  return Refuse(result, StatusCode::kProtocolError,
                absl::StrCat("malformed JSON at byte ", at, ": ", base::ToAbsl(what)));
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
  return DecodeEach(in, requests_max, batch, [&](std::string_view rest, DecodeResult& result) {
    result.consumed = std::min(rest.find_first_not_of(kBlanks), rest.size());
    return result.consumed > 0 || DecodeObject(rest, batch, result);
  });
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
  if (rest.size() > request_bytes_max_) {
    return Refuse(result, StatusCode::kProtocolError, std::string(kJsonRequestTooLong));
  }
  return NeedMore(result, scanner_.scanned() + 1);
}

kv::ReplyWriter& JsonCodec::BeginReply(uint32_t tag, const kv::Session& /*session*/,
                                       base::Buffer& out) {
  writer_.Begin(tag, out);
  return writer_;
}

}  // namespace corelane::proto
