#include "kv/public_value.h"

#include <corelane/value.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace corelane {
namespace {

template <kv::ValueType type, typename T>
constexpr bool kHasItsNumber =
    std::is_same_v<std::variant_alternative_t<static_cast<size_t>(type), Value>, T>;
static_assert(kHasItsNumber<kv::ValueType::kString, std::string>);
static_assert(kHasItsNumber<kv::ValueType::kInteger, int64_t>);
static_assert(kHasItsNumber<kv::ValueType::kFloat, double>);
static_assert(kHasItsNumber<kv::ValueType::kBoolean, bool>);
static_assert(kHasItsNumber<kv::ValueType::kBinary, Binary>);
static_assert(std::variant_size_v<Value> == kv::kValueTypeMax + 1);

}  // namespace

std::string_view ValueTypeName(const Value& value) {
  constexpr std::array<std::string_view, std::variant_size_v<Value>> kNames = {
      "String", "Integer", "Float", "Boolean", "Binary"};
  return kNames[value.index()];
}

}  // namespace corelane

namespace corelane::kv {
namespace {

struct BytesVisitor {
  ScalarBytes& scratch;
  std::string_view operator()(const std::string& text) const { return text; }
  std::string_view operator()(const Binary& binary) const { return binary.bytes; }
  std::string_view operator()(bool boolean) const {
    return boolean ? std::string_view("\x01", 1) : std::string_view("\0", 1);
  }
  template <typename Number>
  std::string_view operator()(Number number) const {
    scratch = ScalarBytes(number);
    return scratch.view();
  }
};

}  // namespace

ValueType TypeOf(const Value& value) { return static_cast<ValueType>(value.index()); }

std::string_view BytesOf(const Value& value, ScalarBytes& scratch) {
  return std::visit(BytesVisitor{scratch}, value);
}

Value PublicValueOf(const ValueView& view) {
  switch (view.type) {
    case ValueType::kString:
      break;
    case ValueType::kInteger:
      return IntegerOf(view.bytes);
    case ValueType::kFloat:
      return FloatOf(view.bytes);
    case ValueType::kBoolean:
      return view.bytes[0] != 0;
    case ValueType::kBinary:
      return Binary{std::string(view.bytes)};
  }
  return std::string(view.bytes);
}

StoredValue StoredValueOf(const ValueView& view) {
  StoredValue stored{PublicValueOf(view),
                     std::chrono::sys_seconds(std::chrono::seconds(view.created_at_s)),
                     std::nullopt};
  if (view.expires_at != kNoExpiry) {
    stored.expires_at = UnixMillis(std::chrono::milliseconds(view.expires_at));
  }
  return stored;
}

}  // namespace corelane::kv
