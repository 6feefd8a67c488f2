#include <corelane/value.h>

#include <array>

#include "kv/value.h"

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
