#include "loadgen/key_text.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace corelane::loadgen {
namespace {

// "00" "01" ... "99"
constexpr std::array<char, 200> kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

uint64_t LargestOf(size_t digits) {
  uint64_t largest = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (largest > (UINT64_MAX - 9) / 10) return UINT64_MAX;
    largest = largest * 10 + 9;
  }
  return largest;
}

}  // namespace

Status CheckKeyText(const KeyTextOptions& options) {
  if (options.bytes > kKeyBytesHardMax) {
    return Status(StatusCode::kBadArgument,
                  "keys are longer than " + std::to_string(kKeyBytesHardMax) + " bytes");
  }
  if (options.bytes <= options.prefix.size()) {
    return Status(StatusCode::kBadArgument, "keys of " + std::to_string(options.bytes) +
                                                " bytes have no room for a digit behind \"" +
                                                options.prefix + "\"");
  }
  const auto is_awkward = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f'; };
  if (std::any_of(options.prefix.begin(), options.prefix.end(), is_awkward)) {
    return Status(StatusCode::kBadArgument, "the prefix of keys has blanks or control characters");
  }
  return OkStatus();
}

KeyText::KeyText(const KeyTextOptions& options) : blank_(options.prefix) {
  CHECK(CheckKeyText(options).ok());
  blank_.append(options.bytes - options.prefix.size(), '0');
  number_max_ = LargestOf(options.bytes - options.prefix.size());
}

void KeyText::Write(uint64_t number, char* to) const {
  CHECK(number <= number_max_);
  std::memcpy(to, blank_.data(), blank_.size());
  char* at = to + blank_.size();
  while (number >= 10) {
    at -= 2;
    std::memcpy(at, &kPairs[2 * (number % 100)], 2);
    number /= 100;
  }
  if (number != 0) *--at = static_cast<char>('0' + number);
}

std::string_view KeyText::Write(uint64_t number, std::string& to) const {
  to.resize(blank_.size());
  Write(number, to.data());
  return to;
}

}  // namespace corelane::loadgen
