#include "load/wire.h"

#include <algorithm>
#include <cstring>

namespace corelane::bench {
namespace {

constexpr std::string_view kKeyZero = "key:0000000000000000";
static_assert(kKeyZero.size() == kKeyBytes);
constexpr size_t kWrittenDigits = 8;

std::string LittleEndian32(size_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>((number >> shift) & 0xff));
  }
  return bytes;
}

// Not operator+: GCC 12 warns of an overlap that is none where it inlines the one that takes an
// rvalue.
std::string Join(std::initializer_list<std::string_view> parts) {
  std::string whole;
  for (const std::string_view part : parts) whole += part;
  return whole;
}

std::string RespBulk(std::string_view bytes) {
  return Join({"$", std::to_string(bytes.size()), "\r\n", bytes, "\r\n"});
}

RequestTemplate TemplateOf(std::string text) {
  const size_t offset = text.find(kKeyZero);
  return RequestTemplate(std::move(text), offset);
}

// "00" to "99", so that two digits cost one look-up.
constexpr std::array<char, 200> kDigitPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

}  // namespace

RequestTemplate::RequestTemplate(std::string text, size_t key_offset)
    : text_(std::move(text)), digits_offset_(key_offset + kKeyBytes - kWrittenDigits) {}

void RequestTemplate::Render(uint64_t key, char* out) const {
  std::memcpy(out, text_.data(), text_.size());
  char* end = out + digits_offset_ + kWrittenDigits;
  for (size_t pair = 0; pair < kWrittenDigits / 2; ++pair) {
    end -= 2;
    std::memcpy(end, &kDigitPairs[2 * (key % 100)], 2);
    key /= 100;
  }
}

Wire::Wire(Protocol protocol, size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  const std::string length = std::to_string(value_bytes);
  const std::string number = LittleEndian32(value_bytes);
  const std::string zero = LittleEndian32(0);
  const std::string key_number = LittleEndian32(kKeyBytes);
  constexpr std::string_view kOk("\x00", 1);
  switch (protocol) {
    case Protocol::kResp:
      get_ = TemplateOf(Join({"*2\r\n$3\r\nGET\r\n", RespBulk(kKeyZero)}));
      set_ = TemplateOf(Join({"*3\r\n$3\r\nSET\r\n", RespBulk(kKeyZero), RespBulk(value)}));
      hit_ = {Join({"$", length, "\r\n"}), "\r\n", length.size() + 5 + value_bytes};
      miss_ = {"$-1\r\n", "", 5};
      stored_ = {"+OK\r\n", "", 5};
      break;
    case Protocol::kMemcached: {
      get_ = TemplateOf(Join({"get ", kKeyZero, "\r\n"}));
      set_ = TemplateOf(Join({"set ", kKeyZero, " 0 0 ", length, "\r\n", value, "\r\n"}));
      // The key stands between "VALUE " and the flags; its size is fixed, so the head alone names
      // the reply.
      const std::string after_key = Join({" 0 ", length, "\r\n"});
      const std::string end = "\r\nEND\r\n";
      hit_ = {"VALUE key:", end, 6 + kKeyBytes + after_key.size() + value_bytes + end.size()};
      miss_ = {"END\r\n", "", 5};
      stored_ = {"STORED\r\n", "", 8};
      break;
    }
    case Protocol::kNative:
      get_ = TemplateOf(Join({"\x02", key_number, zero, kKeyZero}));
      set_ = TemplateOf(Join({"\x01", key_number, number, kKeyZero, value}));
      hit_ = {Join({kOk, number}), "", 5 + value_bytes};
      miss_ = {Join({"\x01", zero}), "", 5};
      stored_ = {Join({kOk, zero}), "", 5};
      break;
  }
}

std::string Wire::CannedHit() const {
  std::string reply = hit_.head;
  reply.append(hit_.size - hit_.head.size() - hit_.tail.size(), 'v');
  return reply + hit_.tail;
}

bool Wire::Matches(const Shape& shape, std::string_view in) {
  return in.size() >= shape.size &&
         std::memcmp(in.data(), shape.head.data(), shape.head.size()) == 0 &&
         std::memcmp(in.data() + shape.size - shape.tail.size(), shape.tail.data(),
                     shape.tail.size()) == 0;
}

bool Wire::MayBecome(const Shape& shape, std::string_view in) {
  if (in.size() >= shape.size) return false;
  const size_t known = std::min(in.size(), shape.head.size());
  return std::memcmp(in.data(), shape.head.data(), known) == 0;
}

ScanResult Wire::Scan(std::string_view in, uint64_t replies_max) const {
  ScanResult result;
  for (uint64_t count = 0; count < replies_max; ++count) {
    const std::string_view rest = in.substr(result.consumed);
    if (Matches(hit_, rest)) {
      ++result.hits;
      result.consumed += hit_.size;
    } else if (Matches(stored_, rest)) {
      ++result.stored;
      result.consumed += stored_.size;
    } else if (Matches(miss_, rest)) {
      ++result.misses;
      result.consumed += miss_.size;
    } else {
      result.bad = !rest.empty() && !MayBecome(hit_, rest) && !MayBecome(stored_, rest) &&
                   !MayBecome(miss_, rest);
      break;
    }
  }
  return result;
}

Result<Protocol> ParseProtocol(std::string_view name) {
  if (name == "resp") return Protocol::kResp;
  if (name == "memcached") return Protocol::kMemcached;
  if (name == "native") return Protocol::kNative;
  return Status(StatusCode::kBadArgument,
                "no such protocol: " + std::string(name) + " (resp, memcached or native)");
}

}  // namespace corelane::bench
