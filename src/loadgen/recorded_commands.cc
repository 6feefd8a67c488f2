#include "loadgen/recorded_commands.h"

#include <corelane/limits.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/absl_view.h"
#include "proto/resp_client.h"
#include "proto/resp_inline.h"

namespace corelane::loadgen {
namespace {

struct Refused {
  std::string_view command;
  std::string_view subcommand;  // empty: whatever follows
};

// They have no reply, several, or one at a time of its own; or end the connection.
constexpr Refused kRefused[] = {
    {"monitor", ""},      {"subscribe", ""},    {"psubscribe", ""}, {"ssubscribe", ""},
    {"unsubscribe", ""},  {"punsubscribe", ""}, {"quit", ""},       {"shutdown", ""},
    {"sunsubscribe", ""}, {"sync", ""},         {"psync", ""},      {"client", "reply"},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `word` is in lower case.
bool IsWord(std::string_view text, std::string_view word) {
  const auto folds_to = [](char c, char lower) {
    return (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) == lower;
  };
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), folds_to);
}

bool IsRefused(std::span<const std::string_view> words) {
  for (const Refused& refused : kRefused) {
    if (!IsWord(words[0], refused.command)) continue;
    if (refused.subcommand.empty()) return true;
    if (words.size() > 1 && IsWord(words[1], refused.subcommand)) return true;
  }
  return false;
}

// Whether it begins as a line of MONITOR does: "1339518083.107412 [". A reply as it is on the wire
// has a '+' before.
bool IsMonitorLine(std::string_view line) {
  size_t at = !line.empty() && line[0] == '+' ? 1 : 0;
  const size_t begin = at;
  while (at < line.size() && (IsDigit(line[at]) || (line[at] == '.' && at != begin))) ++at;
  return at != begin && line.substr(at, 2) == " [";
}

// Takes time and client off a line of MONITOR. Nothing of it is left when the command is a script's
// own call. False when there is no command behind the client.
bool StripMonitor(std::string_view& line) {
  // The client's address has brackets of its own if it is of IPv6.
  const size_t end = line.find("] \"");
  if (end == std::string_view::npos) return false;
  const std::string_view client = line.substr(0, end);
  const bool from_script = client.size() >= 4 && client.substr(client.size() - 4) == " lua";
  line = from_script ? std::string_view() : line.substr(end + 2);
  return true;
}

Status Wrong(std::string_view what) { return Status(StatusCode::kBadArgument, std::string(what)); }

// Splits one line into words; none if it is one to be left out.
Status SplitLine(std::string_view line, std::deque<std::string>& store,
                 std::vector<std::string_view>& words) {
  words.clear();
  store.clear();
  if (line == "OK" || line == "+OK" || (!line.empty() && line[0] == '#')) return OkStatus();
  if (IsMonitorLine(line) && !StripMonitor(line)) {
    return Wrong("it begins as one of MONITOR, but there is no command in quotes");
  }
  if (!proto::SplitInline(line, store, words)) {
    return Wrong("a quote is not closed, or something follows right behind it");
  }
  if (words.size() > kRequestArgsMax) return Wrong("it has too many words");
  for (const std::string_view word : words) {
    if (word.size() > kValueBytesHardMax) return Wrong("a word is too long");
  }
  if (!words.empty() && IsRefused(words)) {
    return Wrong(absl::StrCat("\"", base::ToAbsl(words[0]),
                              "\" has not exactly one reply, or ends the connection; it cannot be "
                              "sent again"));
  }
  return OkStatus();
}

}  // namespace

Result<RecordedCommands> RecordedCommands::Parse(std::string_view text) {
  RecordedCommands commands;
  std::deque<std::string> store;
  std::vector<std::string_view> words;
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const Status status = SplitLine(line, store, words);
    if (!status.ok()) {
      return Wrong("commands, line " + std::to_string(number) + ": " + status.message());
    }
    if (words.empty()) continue;
    proto::WriteRespCommand(words, commands.arena_);
    commands.ends_.push_back(commands.arena_.size());
  }
  if (commands.ends_.empty()) return Wrong("commands: there is not one in it");
  return commands;
}

// "*N\r\n$LENGTH\r\nNAME..."
std::string_view RecordedCommands::Name(size_t index) const {
  std::string_view rest = Encoded(index);
  rest.remove_prefix(rest.find('$') + 1);
  size_t bytes = 0;
  const char* const end = std::from_chars(rest.data(), rest.data() + rest.size(), bytes).ptr;
  return rest.substr(static_cast<size_t>(end - rest.data()) + 2, bytes);
}

}  // namespace corelane::loadgen
