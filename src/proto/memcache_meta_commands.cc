// The meta commands of the memcache protocol: mg ms md ma me mn. Part of MemcacheCodec.
//
// A request has the key, the options, and the flags as they stand in the line, from which the
// command makes those of its reply.

#include <cstdint>
#include <span>
#include <string_view>

#include "proto/memcache_codec.h"
#include "proto/memcache_meta.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kError = "ERROR";
constexpr const char* kBadFormat = "CLIENT_ERROR bad command line format";
constexpr const char* kLongOpaque = "CLIENT_ERROR opaque token too long";
constexpr size_t kLineEndBytes = 2;
// The words of a line, more of which are refused.
constexpr size_t kMetaWordsMax = 19;

// The words from `first` on, with what stands between them.
std::string_view TextFrom(std::span<const std::string_view> words, size_t first) {
  if (first >= words.size()) return {};
  const char* const begin = words[first].data();
  return {begin, static_cast<size_t>(words.back().data() + words.back().size() - begin)};
}

bool IsStoreMode(char mode) {
  switch (static_cast<kv::MemcacheMode>(mode)) {
    case kv::MemcacheMode::kSet:
    case kv::MemcacheMode::kAdd:
    case kv::MemcacheMode::kReplace:
    case kv::MemcacheMode::kAppend:
    case kv::MemcacheMode::kPrepend:
      return true;
    default:
      return false;
  }
}

// Turns the letters of incrementing and decrementing into '+' and '-'. False for any other.
bool NormaliseArithmetic(char& mode) {
  if (mode == 0 || mode == 'I') mode = '+';
  if (mode == 'D') mode = '-';
  return mode == '+' || mode == '-';
}

}  // namespace

void MemcacheCodec::TakeMeta(Line& line) {
  constexpr std::string_view kTooMany = "CLIENT_ERROR options flags too long";
  constexpr const char* kBadFlags = "CLIENT_ERROR invalid or duplicate flag";
  switch (line.words[0][1]) {
    case 'g':
      return TakeMetaKeyed(line, {"mc.mg", "CLIENT_ERROR options flags are too long", nullptr});
    case 's':
      return TakeMetaSet(line);
    case 'd':
      return TakeMetaKeyed(line, {"mc.md", kTooMany, kBadFlags});
    case 'a':
      return TakeMetaKeyed(line, {"mc.ma", kTooMany, kBadFlags});
    case 'e':
      return TakeMetaDebug(line);
    case 'n':
      return Say(line, "MN");
    default:
      return Say(line, kError);
  }
}

// Reads the flags and the key. Null, or the error.
const char* MemcacheCodec::ReadMeta(const Line& line, size_t flags_at, std::string_view& key,
                                    kv::MemcacheOptions& options) {
  const char* const error = ParseMetaFlags(line.words.subspan(flags_at), options);
  if (error != nullptr) return error;
  key = line.words[1];
  if (!options.binary_key) return nullptr;
  std::string& decoded = decoded_keys_.emplace_back();
  if (!DecodeBase64(key, decoded)) return "CLIENT_ERROR error decoding key";
  key = decoded;
  return nullptr;
}

// mg|md|ma key flags*
void MemcacheCodec::TakeMetaKeyed(Line& line, const MetaCommand& command) {
  if (line.words.size() < 2) return Say(line, kError);
  if (line.words[1].size() > key_bytes_max_) return Say(line, kBadFormat);
  if (line.words.size() > kMetaWordsMax) return Say(line, command.too_many_flags);
  std::string_view key;
  kv::MemcacheOptions options;
  if (const char* error = ReadMeta(line, 2, key, options); error != nullptr) {
    return Say(line, command.bad_flags == nullptr ? error : command.bad_flags);
  }
  std::string_view word = command.word;
  if (word == "mc.ma" && !NormaliseArithmetic(options.mode)) {
    return Say(line, "CLIENT_ERROR invalid mode for ma M token");
  }
  if (HasLongOpaque(line.words.subspan(2))) return Say(line, kLongOpaque);
  // Getting with a new time to live, or creating what is missing, is a write.
  if (word == "mc.mg" && (options.vivify || options.has_exptime)) word = "mc.mgw";
  line.batch.Arg(key);
  line.batch.Arg(Keep(options));
  line.batch.Arg(TextFrom(line.words, 2));
  line.batch.Finish(word, MemcacheTag(MemcacheShape::kMeta, false));
}

// ms key bytes flags*
void MemcacheCodec::TakeMetaSet(Line& line) {
  constexpr size_t kFlagsAt = 3;
  if (line.words.size() < 2) return Say(line, kError);
  int32_t value_bytes = 0;
  if (line.words[1].size() > key_bytes_max_ || line.words.size() < kFlagsAt) {
    return Say(line, kBadFormat);
  }
  if (line.words.size() > kMetaWordsMax) return Say(line, "CLIENT_ERROR options flags too long");
  if (!kv::ParseMemcacheNumber(line.words[2], value_bytes) || value_bytes < 0 ||
      value_bytes > INT32_MAX - static_cast<int32_t>(kLineEndBytes)) {
    return Say(line, kBadFormat);
  }

  // From here on the data is known to follow, and goes with the line when that is refused.
  line.data = Data::kSwallow;
  line.data_bytes = static_cast<uint64_t>(value_bytes) + kLineEndBytes;
  std::string_view key;
  kv::MemcacheOptions options;
  if (const char* error = ReadMeta(line, kFlagsAt, key, options); error != nullptr) {
    return Say(line, error);
  }
  if (options.mode == 0) options.mode = static_cast<char>(kv::MemcacheMode::kSet);
  if (!IsStoreMode(options.mode)) return Say(line, "CLIENT_ERROR invalid mode for ms M token");
  if (HasLongOpaque(line.words.subspan(2))) return Say(line, kLongOpaque);
  if (static_cast<size_t>(value_bytes) > limits_.value_bytes_max) {
    line.batch.Arg(key);
    line.batch.Finish("mc.toolarge", MemcacheTag(MemcacheShape::kLine, false));
    return;
  }
  line.data = Data::kValue;
  if (!line.value_is_there()) return;
  if (!line.value_ends()) return Say(line, "CLIENT_ERROR bad data chunk");
  line.batch.Arg(key);
  line.batch.Arg(Keep(options));
  line.batch.Arg(TextFrom(line.words, kFlagsAt));
  line.batch.Arg(line.value());
  line.batch.Finish("mc.ms", MemcacheTag(MemcacheShape::kMeta, false));
}

// me key [b]
void MemcacheCodec::TakeMetaDebug(Line& line) {
  if (line.words.size() < 2 || line.words[1].size() > key_bytes_max_) return Say(line, kBadFormat);
  std::string_view key = line.words[1];
  if (line.words.size() > 2 && line.words[2] == "b") {
    std::string& decoded = decoded_keys_.emplace_back();
    if (!DecodeBase64(key, decoded)) return Say(line, kBadFormat);
    key = decoded;
  }
  line.batch.Arg(key);
  line.batch.Finish("mc.me", MemcacheTag(MemcacheShape::kLine, false));
}

}  // namespace corelane::proto
