// The classic commands of the memcache protocol: get, set and their kin. Part of MemcacheCodec.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "proto/memcache_codec.h"

namespace corelane::proto {
namespace {

constexpr std::string_view kError = "ERROR";
constexpr std::string_view kBadFormat = "CLIENT_ERROR bad command line format";
constexpr std::string_view kBadExptime = "CLIENT_ERROR invalid exptime argument";
constexpr std::string_view kTooLarge = "SERVER_ERROR object too large for cache";
constexpr size_t kLineEndBytes = 2;

}  // namespace

void MemcacheCodec::TakeRetrieval(Line& line, const Retrieval& retrieval) {
  if (line.words.size() < 2) return Say(line, kError);
  kv::MemcacheOptions options;
  const auto keys = line.words.subspan(retrieval.touching ? 2 : 1);
  if (retrieval.touching && !kv::ParseMemcacheNumber(line.words[1], options.exptime)) {
    return Say(line, kBadExptime);
  }
  const auto too_long = [this](std::string_view key) { return key.size() > key_bytes_max_; };
  if (std::any_of(keys.begin(), keys.end(), too_long)) return Say(line, kBadFormat);
  if (keys.empty()) return Say(line, "END");

  const std::string_view kept = retrieval.touching ? Keep(options) : std::string_view();
  for (const std::string_view key : keys) {
    line.batch.Arg(key);
    if (retrieval.touching) line.batch.Arg(kept);
  }
  const auto shape = retrieval.with_cas ? MemcacheShape::kValuesWithCas : MemcacheShape::kValues;
  line.batch.Finish(retrieval.command, MemcacheTag(shape, false));
}

// <command> key flags exptime bytes [cas] [noreply]
void MemcacheCodec::TakeUpdate(Line& line, kv::MemcacheMode mode) {
  const bool compares = mode == kv::MemcacheMode::kCompareAndSwap;
  const size_t words = line.words.size() - (compares ? 1 : 0);
  if (words != 5 && words != 6) return Say(line, kError);
  const bool quiet = line.says_noreply();
  const std::string_view key = line.words[1];
  kv::MemcacheOptions options;
  options.mode = static_cast<char>(mode);
  int32_t value_bytes = 0;
  if (key.size() > key_bytes_max_ ||
      !kv::ParseMemcacheNumber(line.words[2], options.client_flags) ||
      !kv::ParseMemcacheNumber(line.words[3], options.exptime) ||
      !kv::ParseMemcacheNumber(line.words[4], value_bytes) ||
      (compares && !kv::ParseMemcacheNumber(line.words[5], options.cas)) || value_bytes < 0 ||
      value_bytes > INT32_MAX - static_cast<int32_t>(kLineEndBytes)) {
    return Say(line, kBadFormat, quiet);
  }

  line.data_bytes = static_cast<uint64_t>(value_bytes) + kLineEndBytes;
  const uint32_t tag = MemcacheTag(MemcacheShape::kLine, quiet);
  if (static_cast<size_t>(value_bytes) > limits_.value_bytes_max) {
    line.data = Data::kSwallow;
    if (mode != kv::MemcacheMode::kSet) return Say(line, kTooLarge, quiet);
    // What was there before must not be taken for what should be there now.
    line.batch.Arg(key);
    line.batch.Finish("mc.toolarge", tag);
    return;
  }
  line.data = Data::kValue;
  if (!line.value_is_there()) return;
  if (!line.value_ends()) return Say(line, "CLIENT_ERROR bad data chunk", quiet);
  line.batch.Arg(key);
  line.batch.Arg(Keep(options));
  line.batch.Arg(line.value());
  line.batch.Finish("mc.store", tag);
}

// incr|decr key delta [noreply]
void MemcacheCodec::TakeArithmetic(Line& line, char mode) {
  if (line.words.size() != 3 && line.words.size() != 4) return Say(line, kError);
  const bool quiet = line.says_noreply();
  kv::MemcacheOptions options;
  options.mode = mode;
  if (line.words[1].size() > key_bytes_max_) return Say(line, kBadFormat, quiet);
  if (!kv::ParseMemcacheNumber(line.words[2], options.delta)) {
    return Say(line, "CLIENT_ERROR invalid numeric delta argument", quiet);
  }
  line.batch.Arg(line.words[1]);
  line.batch.Arg(Keep(options));
  line.batch.Finish("mc.arith", MemcacheTag(MemcacheShape::kLine, quiet));
}

// delete key [0] [noreply]
void MemcacheCodec::TakeDelete(Line& line) {
  const size_t words = line.words.size();
  if (words < 2 || words > 4) return Say(line, kError);
  bool quiet = false;
  if (words > 2) {
    const bool no_hold = line.words[2] == "0";
    quiet = line.says_noreply();
    const bool valid = words == 3 ? no_hold || quiet : no_hold && quiet;
    if (!valid) {
      return Say(line,
                 "CLIENT_ERROR bad command line format.  "
                 "Usage: delete <key> [noreply]",
                 quiet);
    }
  }
  if (line.words[1].size() > key_bytes_max_) return Say(line, kBadFormat, quiet);
  line.batch.Arg(line.words[1]);
  line.batch.Finish("mc.delete", MemcacheTag(MemcacheShape::kLine, quiet));
}

// touch key exptime [noreply]
void MemcacheCodec::TakeTouch(Line& line) {
  if (line.words.size() != 3 && line.words.size() != 4) return Say(line, kError);
  const bool quiet = line.says_noreply();
  kv::MemcacheOptions options;
  if (line.words[1].size() > key_bytes_max_) return Say(line, kBadFormat, quiet);
  if (!kv::ParseMemcacheNumber(line.words[2], options.exptime)) {
    return Say(line, kBadExptime, quiet);
  }
  line.batch.Arg(line.words[1]);
  line.batch.Arg(Keep(options));
  line.batch.Finish("mc.touch", MemcacheTag(MemcacheShape::kLine, quiet));
}

// flush_all [exptime] [noreply]
void MemcacheCodec::TakeFlush(Line& line) {
  const size_t words = line.words.size();
  if (words > 3) return Say(line, kError);
  const bool quiet = line.says_noreply();
  kv::MemcacheOptions options;
  if (words != (quiet ? 2 : 1) && !kv::ParseMemcacheNumber(line.words[1], options.exptime)) {
    return Say(line, kBadExptime, quiet);
  }
  line.batch.Arg(Keep(options));
  line.batch.Finish("mc.flush", MemcacheTag(MemcacheShape::kLine, quiet));
}

void MemcacheCodec::TakeVerbosity(Line& line) {
  const size_t words = line.words.size();
  if (words != 2 && words != 3) return Say(line, kError);
  const bool quiet = line.says_noreply();
  uint32_t level = 0;
  if (!kv::ParseMemcacheNumber(line.words[1], level)) return Say(line, kBadFormat, quiet);
  Say(line, "OK", quiet);
}

void MemcacheCodec::TakeStats(Line& line) {
  const std::string_view section = line.words.size() > 1 ? line.words[1] : std::string_view();
  const uint32_t tag = MemcacheTag(MemcacheShape::kStats, false);
  if (section == "reset") {
    line.batch.Finish("mc.reset", tag);
  } else if (section.empty() || section == "settings" || section == "items" || section == "slabs") {
    line.batch.Arg(section);
    line.batch.Finish("mc.stats", tag);
  } else if (section == "sizes") {
    Say(line, "STAT sizes_status disabled\r\nEND");
  } else if (section == "conns") {
    Say(line, "END");
  } else if (section == "detail") {
    const std::string_view what = line.words.size() > 2 ? line.words[2] : std::string_view();
    if (what == "on" || what == "off") return Say(line, "OK");
    Say(line, what == "dump" ? "END" : "CLIENT_ERROR usage: stats detail on|off|dump");
  } else {
    Say(line, kError);
  }
}

}  // namespace corelane::proto
