#include "proto/memcache_meta.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <string_view>

namespace corelane::proto {
namespace {

constexpr const char* kBadFormat = "CLIENT_ERROR bad command line format";
constexpr const char* kBadToken = "CLIENT_ERROR bad token in command line format";
constexpr const char* kInvalidFlag = "CLIENT_ERROR invalid flag";
constexpr size_t kFlagsEnd = 127;  // ASCII

const char* TakeExptime(std::string_view token, int32_t& exptime) {
  return kv::ParseMemcacheNumber(token, exptime) ? nullptr : kBadToken;
}

// The flags that come with a number or a letter. `token` is what stands behind the flag.
const char* TakeToken(char flag, std::string_view token, kv::MemcacheOptions& options) {
  switch (flag) {
    case 'N':
      options.vivify = true;
      return TakeExptime(token, options.vivify_exptime);
    case 'T':
      options.has_exptime = true;
      return TakeExptime(token, options.exptime);
    case 'R':
      options.recache = true;
      return TakeExptime(token, options.recache_exptime);
    case 'F':
      return kv::ParseMemcacheNumber(token, options.client_flags) ? nullptr : kBadFormat;
    case 'C':
      options.has_cas = true;
      return kv::ParseMemcacheNumber(token, options.cas) ? nullptr : kBadToken;
    case 'E':
      options.has_new_version = true;
      return kv::ParseMemcacheNumber(token, options.new_version) ? nullptr : kBadToken;
    case 'J':
      return kv::ParseMemcacheNumber(token, options.initial)
                 ? nullptr
                 : "CLIENT_ERROR invalid numeric initial value";
    case 'D':
      return kv::ParseMemcacheNumber(token, options.delta)
                 ? nullptr
                 : "CLIENT_ERROR invalid numeric delta value";
    case 'M':
      if (token.size() != 1) return "CLIENT_ERROR incorrect length for M token";
      options.mode = token[0];
      return nullptr;
    default:
      return kInvalidFlag;
  }
}

// False when the flag is none that stands alone.
bool TakeBareFlag(char flag, kv::MemcacheOptions& options) {
  constexpr std::string_view kSaidInTheReplyOnly = "OPLksctfhl";
  switch (flag) {
    case 'b':
      options.binary_key = true;
      return true;
    case 'v':
      options.value = true;
      return true;
    case 'u':
      options.no_update = true;
      return true;
    case 'q':
      options.quiet = true;
      return true;
    case 'I':
      options.invalidate = true;
      return true;
    case 'x':
      options.remove_value = true;
      return true;
    default:
      return kSaidInTheReplyOnly.find(flag) != std::string_view::npos;
  }
}

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

// An error does not end the reading: of several, memcached reports the last. A repeated or unknown
// flag does.
const char* ParseMetaFlags(std::span<const std::string_view> flags, kv::MemcacheOptions& options) {
  std::bitset<kFlagsEnd> seen;
  const char* error = nullptr;
  for (const std::string_view word : flags) {
    const auto flag = static_cast<unsigned char>(word[0]);
    if (flag >= kFlagsEnd || seen[flag]) return "CLIENT_ERROR duplicate flag";
    seen[flag] = true;
    if (TakeBareFlag(word[0], options)) continue;
    const char* const failed = TakeToken(word[0], word.substr(1), options);
    if (failed == nullptr) continue;
    if (failed == kInvalidFlag) return failed;
    // Bad client flags leave what was reported before.
    if (error == nullptr || failed != kBadFormat) error = failed;
  }
  return error;
}

bool HasLongOpaque(std::span<const std::string_view> flags) {
  return std::any_of(flags.begin(), flags.end(), [](std::string_view flag) {
    return flag[0] == 'O' && flag.size() > kMetaOpaqueBytesMax;
  });
}

bool DecodeBase64(std::string_view text, std::string& bytes) {
  bytes.clear();
  const auto matters = [](char c) { return c == '=' || Base64Digit(c) >= 0; };
  const auto count = std::count_if(text.begin(), text.end(), matters);
  if (count == 0 || count % 4 != 0) return false;
  uint32_t block = 0;
  size_t in_block = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (!matters(c)) continue;
    padding += c == '=' ? 1 : 0;
    block = block << 6 | static_cast<uint32_t>(std::max(Base64Digit(c), 0));
    if (++in_block < 4) continue;
    if (padding > 2) return false;
    for (size_t i = 0; i < 3 - padding; ++i) {
      bytes.push_back(static_cast<char>(block >> (16 - 8 * i) & 0xff));
    }
    if (padding > 0) break;
    block = 0;
    in_block = 0;
  }
  return !bytes.empty();
}

}  // namespace corelane::proto
