// The server's half of the JSON protocol: any bytes, in any pieces; every answer is one line of
// JSON, and a request that was read, written again, reads the same.

#include <deque>
#include <string>
#include <string_view>

#include "codec_fuzz.h"
#include "fuzz_entry.h"
#include "proto/json_codec.h"
#include "proto/json_reader.h"
#include "proto/value_text.h"

namespace corelane::proto {
namespace {

void CheckAnswer(std::string_view answer) {
  CHECK(!answer.empty());
  CHECK(answer.find('\n') == answer.size() - 1);
  std::deque<std::string> store;
  JsonReader in(answer.substr(0, answer.size() - 1), store);
  std::string_view name;
  in.EnterObject();
  CHECK(in.ReadMember(name));
  CHECK(name == "Ok" || name == "Err");
  in.Skip();
  CHECK(!in.ReadMember(name));
  CHECK(in.ok() && in.at_end());
}

void CheckAnswers(JsonCodec& codec, const Seen& seen) {
  size_t choice = seen.left.size();
  for (const SeenRequest& request : seen.requests) {
    choice += request.words.size() + request.tag + request.words.back().size();
    base::Buffer out;
    SayAnything(choice, codec.BeginReply(request.tag, kv::Session(), out));
    codec.EndReply();
    CheckAnswer(out.view());
  }
  if (seen.state == DecodeState::kError) CheckAnswer(ErrorReply(codec, seen));
}

// Writes the value of a Set as a Get would answer it, which for all but a few floats is how it can
// be set.
void WriteValue(JsonCodec& codec, const SeenRequest& request, base::Buffer& out) {
  const bool typed = request.words[0] == "CL.PUT";
  const std::string& bytes = request.words.back();
  const auto type =
      typed ? static_cast<kv::ValueType>(request.words[2][0]) : kv::ValueType::kString;
  CHECK(kv::IsWellFormed(type, bytes));
  base::Buffer answer;
  codec.BeginReply(static_cast<uint32_t>(JsonTag::kGet), kv::Session(), answer)
      .Value({.type = type, .bytes = bytes});
  codec.EndReply();
  constexpr std::string_view kBegin = "{\"Ok\":";
  constexpr std::string_view kEnd = "}\n";
  const std::string_view line = answer.view();
  out.Append(line.substr(kBegin.size(), line.size() - kBegin.size() - kEnd.size()));
}

void CheckWrittenAgain(const Seen& seen) {
  Seen known;
  base::Buffer out;
  JsonCodec codec((CodecLimits()));
  for (const SeenRequest& request : seen.requests) {
    if (request.words[0].empty()) continue;
    known.requests.push_back(request);
    const bool set = request.tag == static_cast<uint32_t>(JsonTag::kSet);
    out.Append(set                         ? "{\"Set\":{\"key\":"
               : request.words[0] == "GET" ? "{\"Get\":{\"key\":"
                                           : "{\"Remove\":{\"key\":");
    AppendJsonString(request.words[1], out);
    if (set) {
      out.Append(",\"value\":");
      WriteValue(codec, request, out);
    }
    out.Append("}}");
  }
  const Seen again = DecodeInPieces(codec, out.view(), 0);
  CHECK(again.requests == known.requests);
  CHECK(again.state == DecodeState::kDone);
}

}  // namespace
}  // namespace corelane::proto

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace corelane::proto;  // NOLINT(google-build-using-namespace)
  CodecInput input;
  if (!ReadCodecInput(data, size, input)) return 0;
  JsonCodec codec(kFuzzLimits);
  const Seen seen = DecodeBothWays(codec, input);
  CheckAnswers(codec, seen);
  CheckWrittenAgain(seen);
  return 0;
}
