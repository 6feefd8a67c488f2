#include "proto/memcache_binary_codec.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "proto/decoding.h"
#include "proto/memcache_codec.h"

namespace corelane::proto {
namespace {

// What the meta commands are asked to tell of a value.
constexpr std::string_view kTellVersion = "c";
constexpr std::string_view kTellVersionAndExpire = "c N0";
// An expiry that means: do not make up a number that is missing.
constexpr uint32_t kNoInitialNumber = 0xffffffff;
constexpr size_t kStoreExtrasBytes = 8;
constexpr size_t kArithmeticExtrasBytes = 20;
constexpr size_t kExpiryExtrasBytes = 4;

// How long the parts of a packet may be.
struct Form {
  size_t extras_bytes = 0;
  bool extras_optional = false;
  bool has_key = false;
  bool has_value = false;
  bool known = true;
};

Form FormOf(BinaryOpcode opcode) {
  switch (opcode) {
    case BinaryOpcode::kGet:
    case BinaryOpcode::kGetKey:
    case BinaryOpcode::kDelete:
      return {.has_key = true};
    case BinaryOpcode::kSet:
    case BinaryOpcode::kAdd:
    case BinaryOpcode::kReplace:
      return {.extras_bytes = kStoreExtrasBytes, .has_key = true, .has_value = true};
    case BinaryOpcode::kIncrement:
    case BinaryOpcode::kDecrement:
      return {.extras_bytes = kArithmeticExtrasBytes, .has_key = true};
    case BinaryOpcode::kAppend:
    case BinaryOpcode::kPrepend:
      return {.has_key = true, .has_value = true};
    case BinaryOpcode::kTouch:
    case BinaryOpcode::kGetAndTouch:
    case BinaryOpcode::kGetAndTouchKey:
      return {.extras_bytes = kExpiryExtrasBytes, .has_key = true};
    case BinaryOpcode::kFlush:
      return {.extras_bytes = kExpiryExtrasBytes, .extras_optional = true};
    case BinaryOpcode::kQuit:
    case BinaryOpcode::kNoop:
    case BinaryOpcode::kVersion:
    case BinaryOpcode::kStat:  // may have a key, see Fits()
      return {};
  }
  return {.known = false};
}

bool Fits(BinaryOpcode opcode, const BinaryRequestHeader& header) {
  const Form form = FormOf(opcode);
  const bool extras_fit = header.extras_bytes == form.extras_bytes ||
                          (form.extras_optional && header.extras_bytes == 0);
  const bool key_fits = opcode == BinaryOpcode::kStat || (header.key_bytes > 0) == form.has_key;
  const bool value_fits =
      form.has_value || header.body_bytes == uint32_t{header.extras_bytes} + header.key_bytes;
  return extras_fit && key_fits && value_fits;
}

// An expiry beyond 2038 is as good as the last one that there is.
int32_t ExptimeOf(uint32_t seconds) {
  return static_cast<int32_t>(std::min(seconds, uint32_t{INT32_MAX}));
}

bool Fail(DecodeResult& result, StatusCode code) { return Refuse(result, code, "bad packet"); }

kv::MemcacheMode ModeOf(BinaryOpcode opcode) {
  switch (opcode) {
    case BinaryOpcode::kAdd:
      return kv::MemcacheMode::kAdd;
    case BinaryOpcode::kReplace:
      return kv::MemcacheMode::kReplace;
    case BinaryOpcode::kAppend:
      return kv::MemcacheMode::kAppend;
    case BinaryOpcode::kPrepend:
      return kv::MemcacheMode::kPrepend;
    default:
      return kv::MemcacheMode::kSet;
  }
}

}  // namespace

MemcacheBinaryCodec::MemcacheBinaryCodec(const CodecLimits& limits)
    : limits_(limits), key_bytes_max_(std::min(limits.key_bytes_max, kMemcacheKeyBytesMax)) {}

DecodeResult MemcacheBinaryCodec::Decode(std::string_view in, size_t requests_max,
                                         kv::RequestBatch& batch) {
  options_.clear();
  return DecodeEach(in, requests_max, batch, [&](std::string_view rest, DecodeResult& result) {
    result.consumed = swallower_.Take(rest);
    return result.consumed > 0 || DecodeOne(rest, batch, result);
  });
}

bool MemcacheBinaryCodec::DecodeOne(std::string_view rest, kv::RequestBatch& batch,
                                    DecodeResult& result) {
  if (rest[0] != kMemcacheBinaryMagic) return Fail(result, StatusCode::kProtocolError);
  if (rest.size() < kBinaryHeaderBytes) return NeedMore(result, kBinaryHeaderBytes);
  const BinaryRequestHeader header = BinaryRequestHeader::Read(rest);
  bool quiet = false;
  const BinaryOpcode plain = MakePlainOpcode(header.opcode, quiet);
  const size_t head_bytes = size_t{header.extras_bytes} + header.key_bytes;
  const bool known = FormOf(plain).known;
  const bool whole = head_bytes <= header.body_bytes;
  const bool fits = whole && header.key_bytes <= key_bytes_max_ && (!known || Fits(plain, header));

  unanswered_.push_back(
      {.opcode = header.opcode, .plain = plain, .quiet = quiet, .opaque = header.opaque});
  if (!fits) {
    return Fail(result, whole ? StatusCode::kProtocolError : StatusCode::kUnknownCommand);
  }
  const size_t value_bytes = header.body_bytes - head_bytes;
  const bool swallows = !known || value_bytes > limits_.value_bytes_max;
  const size_t wanted =
      kBinaryHeaderBytes + (known ? head_bytes : 0) + (swallows ? 0 : value_bytes);
  if (rest.size() < wanted) {
    unanswered_.pop_back();
    return NeedMore(result, wanted);
  }
  const std::string_view body = rest.substr(kBinaryHeaderBytes, wanted - kBinaryHeaderBytes);
  const size_t extras_bytes = known ? header.extras_bytes : 0;
  const size_t key_bytes = known ? header.key_bytes : 0;
  const Packet packet{.header = header,
                      .plain = plain,
                      .extras = body.substr(0, extras_bytes),
                      .key = body.substr(extras_bytes, key_bytes),
                      .value = body.substr(extras_bytes + key_bytes),
                      .batch = batch};
  if (!known) {
    Say(packet, BinaryStatus::kUnknownCommand);
  } else if (swallows) {
    TakeTooLarge(packet);
  } else {
    TakePacket(packet);
  }
  result.consumed = wanted;
  swallower_.Start(header.packet_bytes() - wanted);
  return true;
}

void MemcacheBinaryCodec::TakePacket(const Packet& packet) {
  switch (packet.plain) {
    case BinaryOpcode::kGet:
    case BinaryOpcode::kGetKey:
    case BinaryOpcode::kTouch:
    case BinaryOpcode::kGetAndTouch:
    case BinaryOpcode::kGetAndTouchKey:
      return TakeRetrieval(packet);
    case BinaryOpcode::kSet:
    case BinaryOpcode::kAdd:
    case BinaryOpcode::kReplace:
    case BinaryOpcode::kAppend:
    case BinaryOpcode::kPrepend:
      return TakeStore(packet);
    case BinaryOpcode::kDelete:
      return TakeDelete(packet);
    case BinaryOpcode::kIncrement:
    case BinaryOpcode::kDecrement:
      return TakeArithmetic(packet);
    case BinaryOpcode::kFlush:
      return TakeFlush(packet);
    case BinaryOpcode::kStat:
      return TakeStat(packet);
    case BinaryOpcode::kVersion:
      return Say(packet, BinaryStatus::kOk, kv::kMemcacheVersion);
    case BinaryOpcode::kNoop:
      return Say(packet, BinaryStatus::kOk);
    case BinaryOpcode::kQuit:
      return packet.batch.Finish("quit", 0);
  }
}

void MemcacheBinaryCodec::TakeRetrieval(const Packet& packet) {
  if (packet.plain == BinaryOpcode::kGetKey || packet.plain == BinaryOpcode::kGetAndTouchKey) {
    unanswered_.back().key = packet.key;
  }
  packet.batch.Arg(packet.key);
  if (packet.extras.empty()) return packet.batch.Finish("mc.gets", 0);
  kv::MemcacheOptions options;
  options.exptime = ExptimeOf(LoadBig<uint32_t>(packet.extras.data()));
  packet.batch.Arg(Keep(options));
  packet.batch.Finish("mc.gats", 0);
}

void MemcacheBinaryCodec::TakeStore(const Packet& packet) {
  kv::MemcacheOptions options;
  options.mode = static_cast<char>(ModeOf(packet.plain));
  options.cas = packet.header.version;
  options.has_cas = options.cas != 0;
  if (!packet.extras.empty()) {
    options.client_flags = LoadBig<uint32_t>(packet.extras.data());
    options.exptime = ExptimeOf(LoadBig<uint32_t>(packet.extras.data() + sizeof(uint32_t)));
    // A version to compare with makes the same of all three.
    if (options.has_cas) options.mode = static_cast<char>(kv::MemcacheMode::kSet);
  }
  packet.batch.Arg(packet.key);
  packet.batch.Arg(Keep(options));
  packet.batch.Arg(kTellVersion);
  packet.batch.Arg(packet.value);
  packet.batch.Finish("mc.ms", 0);
}

void MemcacheBinaryCodec::TakeDelete(const Packet& packet) {
  kv::MemcacheOptions options;
  options.cas = packet.header.version;
  options.has_cas = options.cas != 0;
  packet.batch.Arg(packet.key);
  packet.batch.Arg(Keep(options));
  packet.batch.Arg({});
  packet.batch.Finish("mc.md", 0);
}

void MemcacheBinaryCodec::TakeArithmetic(const Packet& packet) {
  const char* const extras = packet.extras.data();
  const auto exptime = LoadBig<uint32_t>(extras + 2 * sizeof(uint64_t));
  kv::MemcacheOptions options;
  options.mode = packet.plain == BinaryOpcode::kIncrement ? '+' : '-';
  options.delta = LoadBig<uint64_t>(extras);
  options.initial = LoadBig<uint64_t>(extras + sizeof(uint64_t));
  options.vivify = exptime != kNoInitialNumber;
  options.vivify_exptime = ExptimeOf(exptime);
  options.cas = packet.header.version;
  options.has_cas = options.cas != 0;
  options.value = true;
  packet.batch.Arg(packet.key);
  packet.batch.Arg(Keep(options));
  packet.batch.Arg(options.vivify ? kTellVersionAndExpire : kTellVersion);
  packet.batch.Finish("mc.ma", 0);
}

void MemcacheBinaryCodec::TakeFlush(const Packet& packet) {
  kv::MemcacheOptions options;
  if (!packet.extras.empty()) {
    options.exptime = ExptimeOf(LoadBig<uint32_t>(packet.extras.data()));
  }
  packet.batch.Arg(Keep(options));
  packet.batch.Finish("mc.flush", 0);
}

void MemcacheBinaryCodec::TakeStat(const Packet& packet) {
  const std::string_view section = packet.key;
  if (section == "reset") return packet.batch.Finish("mc.reset", 0);
  const bool known =
      section.empty() || section == "settings" || section == "items" || section == "slabs";
  if (!known) return Say(packet, BinaryStatus::kNotFound);
  packet.batch.Arg(section);
  packet.batch.Finish("mc.stats", 0);
}

void MemcacheBinaryCodec::TakeTooLarge(const Packet& packet) {
  if (packet.plain != BinaryOpcode::kSet) return Say(packet, BinaryStatus::kTooLarge);
  // What was there before must not be taken for what should be there now.
  packet.batch.Arg(packet.key);
  packet.batch.Finish("mc.toolarge", 0);
}

void MemcacheBinaryCodec::Say(const Packet& packet, BinaryStatus status, std::string_view text) {
  unanswered_.back().status = status;
  packet.batch.Arg(text);
  packet.batch.Finish("echo", 0);
}

std::string_view MemcacheBinaryCodec::Keep(const kv::MemcacheOptions& options) {
  options_.push_back(options);
  return options_.back().bytes();
}

kv::ReplyWriter& MemcacheBinaryCodec::BeginReply(uint32_t /*tag*/, const kv::Session& /*session*/,
                                                 base::Buffer& out) {
  BinaryRequest request;
  if (!unanswered_.empty()) {
    request = std::move(unanswered_.front());
    unanswered_.pop_front();
  }
  writer_.Begin(std::move(request), out);
  return writer_;
}

}  // namespace corelane::proto
