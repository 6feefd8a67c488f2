#include "proto/memcache_binary_writer.h"

#include <array>
#include <charconv>
#include <string_view>
#include <utility>

namespace corelane::proto {
namespace {

bool IsRetrieval(BinaryOpcode plain) {
  return plain == BinaryOpcode::kGet || plain == BinaryOpcode::kGetKey ||
         plain == BinaryOpcode::kTouch || plain == BinaryOpcode::kGetAndTouch ||
         plain == BinaryOpcode::kGetAndTouchKey;
}

uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

void MemcacheBinaryWriter::Begin(BinaryRequest request, base::Buffer& out) {
  out_ = &out;
  request_ = std::move(request);
  status_ = request_.status;
  written_ = false;
  version_ = 0;
  body_.clear();
}

// A quiet request hears of what is not as it should be, but a quiet get of what is there.
void MemcacheBinaryWriter::End() {
  if (written_) return;
  const bool retrieval = IsRetrieval(request_.plain);
  if (request_.quiet &&
      (retrieval ? status_ == BinaryStatus::kNotFound : status_ == BinaryStatus::kOk)) {
    return;
  }
  if (status_ == BinaryStatus::kOk) {
    return Write({.version = version_, .value = body_});
  }
  // A get that repeats its key does so on a miss, too, in place of the text.
  if (status_ == BinaryStatus::kNotFound && !request_.key.empty()) {
    return Write({.status = status_, .key = request_.key});
  }
  Write({.status = status_, .value = BinaryStatusText(status_)});
}

// The return codes of the meta commands.
void MemcacheBinaryWriter::Simple(std::string_view word) {
  if (word == "NF") {
    status_ = BinaryStatus::kNotFound;
  } else if (word == "EX") {
    status_ = BinaryStatus::kExists;
  } else if (word == "NS") {
    status_ = NotStoredStatus();
  }
}

BinaryStatus MemcacheBinaryWriter::NotStoredStatus() const {
  if (request_.plain == BinaryOpcode::kAdd) return BinaryStatus::kExists;
  if (request_.plain == BinaryOpcode::kReplace) return BinaryStatus::kNotFound;
  return BinaryStatus::kNotStored;
}

void MemcacheBinaryWriter::Bulk(std::string_view bytes) {
  if (IsRetrieval(request_.plain)) return;  // the key
  if (request_.plain == BinaryOpcode::kStat) {
    if (body_.empty()) {
      body_ = bytes;
      return;
    }
    AppendBinaryResponse(
        {.opcode = request_.opcode, .opaque = request_.opaque, .key = body_, .value = bytes},
        *out_);
    body_.clear();
    return;
  }
  // The flags of a meta reply: there is none but the version.
  constexpr std::string_view kVersionFlag = " c";
  if (bytes.starts_with(kVersionFlag)) {
    version_ = NumberOf(bytes.substr(kVersionFlag.size()));
  } else {
    body_ = bytes;
  }
}

void MemcacheBinaryWriter::Value(const kv::ValueView& value) {
  std::array<char, kv::kScalarTextBytesMax> scratch;
  const std::string_view text = kv::TextOf(value, scratch);
  if (IsRetrieval(request_.plain)) return Found(value, text);
  // What an increment or decrement has come to.
  body_.resize(sizeof(uint64_t));
  StoreBig(body_.data(), NumberOf(text));
}

void MemcacheBinaryWriter::Found(const kv::ValueView& value, std::string_view text) {
  std::array<char, sizeof(value.client_flags)> flags;
  StoreBig(flags.data(), value.client_flags);
  Write({.version = value.version,
         .extras = {flags.data(), flags.size()},
         .key = request_.key,
         .value = request_.plain == BinaryOpcode::kTouch ? std::string_view() : text});
}

void MemcacheBinaryWriter::Error(StatusCode code, std::string_view message) {
  switch (code) {
    case StatusCode::kUnknownCommand:
      status_ = BinaryStatus::kUnknownCommand;
      break;
    case StatusCode::kProtocolError:
    case StatusCode::kKeyTooLarge:
      status_ = BinaryStatus::kBadArguments;
      break;
    case StatusCode::kBadArgument:
      status_ = BinaryStatus::kNotNumeric;  // all else is settled before a command runs
      break;
    case StatusCode::kValueTooLarge:
      status_ = BinaryStatus::kTooLarge;
      break;
    case StatusCode::kOutOfMemory:
      status_ = BinaryStatus::kOutOfMemory;
      break;
    default:
      Write({.status = BinaryStatus::kFailed, .value = message});
  }
}

void MemcacheBinaryWriter::Write(const BinaryResponse& response) {
  BinaryResponse whole = response;
  whole.opcode = request_.opcode;
  whole.opaque = request_.opaque;
  AppendBinaryResponse(whole, *out_);
  written_ = true;
}

}  // namespace corelane::proto
