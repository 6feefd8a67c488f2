#pragma once

// What the memcache protocol's codec and its commands say to each other beyond words: the numbers
// of a request, parsed once, and the rules that memcached has for numbers and times. Pure; any
// thread.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "kv/value.h"

namespace corelane::kv {

// The memcached whose behaviour clients may expect from us.
inline constexpr std::string_view kMemcacheVersion = "1.6.18";

// How a value is stored, in the letters of the meta protocol's mode flag.
enum class MemcacheMode : char {
  kSet = 'S',
  kAdd = 'E',
  kReplace = 'R',
  kAppend = 'A',
  kPrepend = 'P',
  kCompareAndSwap = 'C',
};

// The options of one request. Its bytes travel as one argument of the request, within the process.
struct MemcacheOptions {
  uint64_t cas = 0;          // the version that the value must have
  uint64_t new_version = 0;  // the version that it gets, when has_new_version
  uint64_t delta = 1;
  uint64_t initial = 0;
  uint32_t client_flags = 0;
  int32_t exptime = 0;
  int32_t vivify_exptime = 0;   // of the empty value that a miss creates
  int32_t recache_exptime = 0;  // a value with less time than this is to be recached
  char mode = 0;                // MemcacheMode, or '+' and '-' for arithmetic
  bool has_cas = false;
  bool has_new_version = false;
  bool has_exptime = false;
  bool vivify = false;
  bool recache = false;
  bool value = false;
  bool quiet = false;
  bool no_update = false;
  bool invalidate = false;
  bool remove_value = false;
  bool binary_key = false;

  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(this), sizeof(*this)};
  }
  // `bytes` is what bytes() of another gave, perhaps copied to an odd address.
  [[nodiscard]] static MemcacheOptions From(std::string_view bytes);
};
static_assert(std::is_trivially_copyable_v<MemcacheOptions>);

// Numbers as memcached reads them, which is as the C library does: blanks in front, a sign, and
// anything behind a blank are let pass; 32-bit numbers keep the low half of what was given. False
// when there is no number or it does not fit 64 bits, or is negative where it must not be.
[[nodiscard]] bool ParseMemcacheNumber(std::string_view text, uint64_t& number);
[[nodiscard]] bool ParseMemcacheNumber(std::string_view text, uint32_t& number);
[[nodiscard]] bool ParseMemcacheNumber(std::string_view text, int32_t& number);

// When a value with this exptime expires: 0 never, negative at once, up to 30 days after now, and
// everything above is unix seconds.
[[nodiscard]] ExpiryMillis MemcacheExpiry(int32_t exptime, int64_t now_ms);

}  // namespace corelane::kv
