#include "kv/reply_tape.h"

#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace corelane::kv {
namespace {

// Kind bytes. What follows each is in its writer below; `length` is a u32 and counts the bytes
// behind it.
constexpr char kOk = 'o';
constexpr char kNil = 'n';
constexpr char kNilArray = 'N';
constexpr char kInteger = 'i';  // i64
constexpr char kBoolean = 'b';  // u8
constexpr char kDouble = 'd';   // 8 bytes
constexpr char kSimple = 's';   // length, bytes
constexpr char kBulk = 'k';     // length, bytes
constexpr char kValue = 'v';    // fixed fields of a value, length, bytes
constexpr char kArray = 'a';    // u64 count
constexpr char kMap = 'm';      // u64 pairs
constexpr char kSet = 'S';      // u64 count
constexpr char kText = 't';     // length, bytes
constexpr char kError = 'e';    // code u8, length, bytes

// A value's type u8, created_at_s u32, expires_at i64, client_flags u32, version u64, marks u8.
constexpr size_t kValueFixedBytes = 1 + 4 + 8 + 4 + 8 + 1;

template <typename T>
T Take(std::string_view& rest) {
  CHECK(rest.size() >= sizeof(T));
  const T value = base::LoadLittle<T>(rest.data());
  rest.remove_prefix(sizeof(T));
  return value;
}

std::string_view TakeBytes(std::string_view& rest) {
  const auto length = Take<uint32_t>(rest);
  CHECK(rest.size() >= length);
  const std::string_view bytes = rest.substr(0, length);
  rest.remove_prefix(length);
  return bytes;
}

ValueView TakeValue(std::string_view& rest) {
  ValueView value;
  value.type = static_cast<ValueType>(Take<uint8_t>(rest));
  value.created_at_s = Take<uint32_t>(rest);
  value.expires_at = Take<int64_t>(rest);
  value.client_flags = Take<uint32_t>(rest);
  value.version = Take<uint64_t>(rest);
  value.marks = Take<uint8_t>(rest);
  value.bytes = TakeBytes(rest);
  return value;
}

template <typename T>
std::string_view AsBytes(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace

void ReplyTape::Put(char kind, std::string_view fixed, std::string_view bytes) {
  char* at = bytes_.Reserve(1 + fixed.size() + bytes.size());
  *at++ = kind;
  std::memcpy(at, fixed.data(), fixed.size());
  if (!bytes.empty()) std::memcpy(at + fixed.size(), bytes.data(), bytes.size());
  bytes_.Commit(1 + fixed.size() + bytes.size());
}

void ReplyTape::Ok() { bytes_.Append(kOk); }
void ReplyTape::Nil() { bytes_.Append(kNil); }
void ReplyTape::NilArray() { bytes_.Append(kNilArray); }
void ReplyTape::Integer(int64_t integer) { Put(kInteger, AsBytes(integer), {}); }
void ReplyTape::Boolean(bool boolean) { Put(kBoolean, AsBytes(uint8_t{boolean}), {}); }
void ReplyTape::Double(double real) { Put(kDouble, AsBytes(real), {}); }
void ReplyTape::Array(size_t count) { Put(kArray, AsBytes(uint64_t{count}), {}); }
void ReplyTape::Map(size_t pairs) { Put(kMap, AsBytes(uint64_t{pairs}), {}); }
void ReplyTape::Set(size_t count) { Put(kSet, AsBytes(uint64_t{count}), {}); }

void ReplyTape::Text(std::string_view text) {
  Put(kText, AsBytes(static_cast<uint32_t>(text.size())), text);
}

void ReplyTape::Simple(std::string_view word) {
  Put(kSimple, AsBytes(static_cast<uint32_t>(word.size())), word);
}

void ReplyTape::Bulk(std::string_view bytes) {
  Put(kBulk, AsBytes(static_cast<uint32_t>(bytes.size())), bytes);
}

void ReplyTape::Value(const ValueView& value) {
  char fixed[kValueFixedBytes + sizeof(uint32_t)];
  fixed[0] = static_cast<char>(value.type);
  base::StoreLittle(fixed + 1, value.created_at_s);
  base::StoreLittle(fixed + 5, value.expires_at);
  base::StoreLittle(fixed + 13, value.client_flags);
  base::StoreLittle(fixed + 17, value.version);
  base::StoreLittle(fixed + 25, value.marks);
  base::StoreLittle(fixed + kValueFixedBytes, static_cast<uint32_t>(value.bytes.size()));
  Put(kValue, {fixed, sizeof(fixed)}, value.bytes);
}

void ReplyTape::Error(StatusCode code, std::string_view message) {
  NoteError(code);
  char fixed[1 + sizeof(uint32_t)];
  fixed[0] = static_cast<char>(code);
  base::StoreLittle(fixed + 1, static_cast<uint32_t>(message.size()));
  Put(kError, {fixed, sizeof(fixed)}, message);
}

void ReplyTape::Reader::PlayElement(ReplyWriter& out) {
  // One element, and then those nested in it: `pending` counts what is still to play.
  for (uint64_t pending = 1; pending > 0; --pending) {
    switch (Take<char>(rest_)) {
      case kOk:
        out.Ok();
        break;
      case kNil:
        out.Nil();
        break;
      case kNilArray:
        out.NilArray();
        break;
      case kInteger:
        out.Integer(Take<int64_t>(rest_));
        break;
      case kBoolean:
        out.Boolean(Take<uint8_t>(rest_) != 0);
        break;
      case kDouble: {
        const auto bits = Take<uint64_t>(rest_);
        double real;
        std::memcpy(&real, &bits, sizeof(real));
        out.Double(real);
        break;
      }
      case kSimple:
        out.Simple(TakeBytes(rest_));
        break;
      case kBulk:
        out.Bulk(TakeBytes(rest_));
        break;
      case kValue:
        out.Value(TakeValue(rest_));
        break;
      case kArray: {
        const auto count = Take<uint64_t>(rest_);
        pending += count;
        out.Array(count);
        break;
      }
      case kMap: {
        const auto pairs = Take<uint64_t>(rest_);
        pending += 2 * pairs;
        out.Map(pairs);
        break;
      }
      case kSet: {
        const auto count = Take<uint64_t>(rest_);
        pending += count;
        out.Set(count);
        break;
      }
      case kText:
        out.Text(TakeBytes(rest_));
        break;
      case kError: {
        const auto code = static_cast<StatusCode>(Take<uint8_t>(rest_));
        out.Error(code, TakeBytes(rest_));
        break;
      }
      default:
        CHECK(false);
    }
  }
}

int64_t ReplyTape::Reader::EnterArray() {
  if (rest_.empty() || rest_[0] != kArray) return -1;
  rest_.remove_prefix(1);
  return static_cast<int64_t>(Take<uint64_t>(rest_));
}

bool ReplyTape::Reader::TakeInteger(int64_t& integer) {
  if (rest_.empty() || rest_[0] != kInteger) return false;
  rest_.remove_prefix(1);
  integer = Take<int64_t>(rest_);
  return true;
}

bool ReplyTape::Reader::TakeBulk(std::string_view& bytes) {
  if (rest_.empty() || rest_[0] != kBulk) return false;
  rest_.remove_prefix(1);
  bytes = TakeBytes(rest_);
  return true;
}

std::optional<ValueView> ReplyTape::Reader::TakeValueOrNil() {
  const char kind = Take<char>(rest_);
  CHECK(kind == kNil || kind == kValue);
  if (kind == kNil) return std::nullopt;
  return TakeValue(rest_);
}

bool ReplyTape::Reader::AtError() const { return !rest_.empty() && rest_[0] == kError; }

}  // namespace corelane::kv
