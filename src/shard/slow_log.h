#pragma once

// SlowLog: the latest commands of a lane's connections that took long. Bounded by a number of
// entries (a setting), each of bounded size. The lane of the connection keeps it, whatever lanes
// executed the command. One thread, the lane's.

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/session.h"

namespace corelane::shard {

struct SlowEntry {
  uint64_t number = 0;  // of this lane, from 0
  int64_t wall_us = 0;
  int64_t took_us = 0;
  std::vector<std::string> words;
  std::string peer_address;
  std::string name;
};

class SlowLog {
 public:
  // As in redis: so many words and bytes of each are kept, then it is said how many more there
  // were.
  static constexpr size_t kWordsMax = 32;
  static constexpr size_t kWordBytesMax = 128;

  // `command` may be a subcommand's name: its word is the first of `args`.
  void Add(std::string_view command, std::span<const std::string_view> args, SlowEntry entry,
           size_t entries_max);
  void Clear() { entries_.clear(); }
  // Latest first.
  [[nodiscard]] const std::deque<SlowEntry>& entries() const { return entries_; }

 private:
  std::deque<SlowEntry> entries_;
  uint64_t added_ = 0;
};

}  // namespace corelane::shard
