#pragma once

// KeyText: the key of number n as bytes: a prefix and n in decimal digits, with zeros in front up
// to one length for all keys: "key:0000000000000042". Writing one costs a few nanoseconds.
//
// A plain value; threads have a copy each.

#include <corelane/limits.h>
#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace corelane::loadgen {

struct KeyTextOptions {
  std::string prefix = "key:";
  size_t bytes = 20;  // of the whole key
};

// Whether there is room for a digit, the length is one that a key may have, and the prefix has only
// bytes that every protocol takes in a key (no blanks, no control characters).
[[nodiscard]] Status CheckKeyText(const KeyTextOptions& options);

class KeyText {
 public:
  // `options` are checked.
  explicit KeyText(const KeyTextOptions& options);

  [[nodiscard]] size_t bytes() const { return blank_.size(); }
  // The largest number that the digits can say.
  [[nodiscard]] uint64_t number_max() const { return number_max_; }

  // Writes bytes() bytes; number <= number_max().
  void Write(uint64_t number, char* to) const;
  // The same into a string that is used again and again; the result points into it.
  std::string_view Write(uint64_t number, std::string& to) const;

 private:
  std::string blank_;  // the key of number 0
  uint64_t number_max_ = 0;
};

}  // namespace corelane::loadgen
