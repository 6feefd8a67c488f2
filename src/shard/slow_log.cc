#include "shard/slow_log.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace corelane::shard {
namespace {

std::string Shortened(std::string_view word) {
  if (word.size() <= SlowLog::kWordBytesMax) return std::string(word);
  return absl::StrCat(std::string(word.substr(0, SlowLog::kWordBytesMax)), "... (",
                      word.size() - SlowLog::kWordBytesMax, " more bytes)");
}

}  // namespace

void SlowLog::Add(std::string_view command, std::span<const std::string_view> args, SlowEntry entry,
                  size_t entries_max) {
  entry.number = added_++;
  entry.words.emplace_back(command.substr(0, command.find('|')));
  const size_t words = args.size() + 1;
  const size_t shown = words > kWordsMax ? kWordsMax - 2 : args.size();
  for (const std::string_view arg : args.first(shown)) entry.words.push_back(Shortened(arg));
  if (words > kWordsMax) {
    entry.words.push_back(absl::StrCat("... (", args.size() - shown, " more arguments)"));
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > entries_max) entries_.pop_back();
}

}  // namespace corelane::shard
