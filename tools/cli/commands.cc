#include "cli/commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iostream>
#include <optional>
#include <ostream>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "cli/transfer.h"
#include "env/clock.h"
#include "env/posix_file_system.h"

namespace corelane::cli {
namespace {

template <typename Number>
std::optional<Number> ParseWhole(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return number;
}

// Seconds, perhaps with a fraction: "5", "0.25".
std::optional<Backend::Millis> ParseSeconds(std::string_view text) {
  constexpr double kSecondsMax = 1e12;
  const std::optional<double> seconds = ParseWhole<double>(text);
  // Not a number compares false.
  if (!seconds.has_value() || !(*seconds >= 0 && *seconds <= kSecondsMax)) return std::nullopt;
  return Backend::Millis(std::llround(*seconds * 1'000));
}

std::string SecondsText(Backend::Millis millis) {
  if (millis.count() % 1'000 == 0) return std::to_string(millis.count() / 1'000);
  return absl::StrFormat("%.3f", static_cast<double>(millis.count()) / 1'000);
}

constexpr std::string_view kSecondsText = "SECONDS must be a number from 0 up";

}  // namespace

struct Commands::Command {
  std::string_view name;
  std::string_view usage;
  std::string_view what;
  size_t arguments_min;
  size_t arguments_max;
  Outcome (Commands::*run)(Arguments);
};

std::span<const Commands::Command> Commands::Table() {
  static constexpr auto kTable = std::to_array<Command>({
      {"put", "put KEY VALUE [ttl SECONDS]", "store a value", 2, 4, &Commands::Put},
      {"get", "get KEY", "print the value, or (nil)", 1, 1, &Commands::Get},
      {"del", "del KEY", "delete; (1), or (0) if there was no such key", 1, 1, &Commands::Delete},
      {"incr", "incr KEY [N]", "add N, or 1, and print the sum", 1, 2, &Commands::Increment},
      {"ttl", "ttl KEY", "seconds left, (none) or (nil)", 1, 1, &Commands::Ttl},
      {"expire", "expire KEY SECONDS", "set the seconds left; (1) or (0)", 2, 2, &Commands::Expire},
      {"count", "count", "how many entries there are", 0, 0, &Commands::Count},
      {"list", "list", "all keys, a line each", 0, 0, &Commands::List},
      {"stats", "stats", "entries, data bytes, capacity, load factor", 0, 0, &Commands::Stats},
      {"save", "save", "take a checkpoint; OK when it is complete", 0, 0, &Commands::Save},
      {"export", "export FILE --format=NAME", "write all entries to a file", 1, 2,
       &Commands::Export},
      {"import", "import FILE --format=NAME", "store the entries of a file", 1, 2,
       &Commands::Import},
      {"ping", "ping", "PONG if somebody is there", 0, 0, &Commands::Ping},
  });
  return kTable;
}

Outcome Commands::Run(std::span<const std::string> words) {
  if (!words.empty()) {
    const Arguments arguments = words.subspan(1);
    for (const Command& command : Table()) {
      if (!absl::EqualsIgnoreCase(base::ToAbsl(words[0]), base::ToAbsl(command.name))) continue;
      if (arguments.size() < command.arguments_min) break;
      if (arguments.size() > command.arguments_max) break;
      return (this->*command.run)(arguments);
    }
  }
  out_ << UsageList();
  return Outcome::kUsage;
}

Outcome Commands::Put(Arguments arguments) {
  std::optional<Backend::Millis> ttl;
  if (arguments.size() > 2) {
    if (arguments.size() != 4 || !absl::EqualsIgnoreCase(base::ToAbsl(arguments[2]), "ttl")) {
      return Misused("put KEY VALUE [ttl SECONDS]; put a value with blanks into quotes");
    }
    ttl = ParseSeconds(arguments[3]);
    if (!ttl.has_value()) return Misused(kSecondsText);
  }
  const Status status = backend_.Put(arguments[0], arguments[1], ttl);
  if (!status.ok()) return Fail(status);
  out_ << "OK\n";
  return Outcome::kDone;
}

Outcome Commands::Get(Arguments arguments) {
  const Result<std::optional<std::string>> value = backend_.Get(arguments[0]);
  if (!value.ok()) return Fail(value.status());
  out_ << value->value_or("(nil)") << '\n';
  return value->has_value() ? Outcome::kDone : Outcome::kNotFound;
}

Outcome Commands::Delete(Arguments arguments) {
  const Result<bool> deleted = backend_.Delete(arguments[0]);
  return deleted.ok() ? Answer(*deleted) : Fail(deleted.status());
}

Outcome Commands::Increment(Arguments arguments) {
  std::optional<int64_t> delta = 1;
  if (arguments.size() == 2) delta = ParseWhole<int64_t>(arguments[1]);
  if (!delta.has_value()) return Misused("N must be a whole number");
  const Result<int64_t> sum = backend_.Increment(arguments[0], *delta);
  if (!sum.ok()) return Fail(sum.status());
  out_ << *sum << '\n';
  return Outcome::kDone;
}

Outcome Commands::Ttl(Arguments arguments) {
  const Result<std::optional<TimeToLive>> ttl = backend_.Ttl(arguments[0]);
  if (!ttl.ok()) return Fail(ttl.status());
  if (!ttl->has_value()) {
    out_ << "(nil)\n";
    return Outcome::kNotFound;
  }
  const std::optional<Backend::Millis> left = (*ttl)->left;
  out_ << (left.has_value() ? SecondsText(*left) : "(none)") << '\n';
  return Outcome::kDone;
}

Outcome Commands::Expire(Arguments arguments) {
  const std::optional<Backend::Millis> ttl = ParseSeconds(arguments[1]);
  if (!ttl.has_value()) return Misused(kSecondsText);
  const Result<bool> was_there = backend_.Expire(arguments[0], *ttl);
  return was_there.ok() ? Answer(*was_there) : Fail(was_there.status());
}

Outcome Commands::Count(Arguments /*arguments*/) {
  const Result<uint64_t> count = backend_.Count();
  if (!count.ok()) return Fail(count.status());
  out_ << *count << '\n';
  return Outcome::kDone;
}

Outcome Commands::List(Arguments /*arguments*/) {
  uint64_t cursor = 0;
  do {
    const Result<ListPage> page = backend_.List(cursor);
    if (!page.ok()) return Fail(page.status());
    for (const std::string& key : page->keys) out_ << key << '\n';
    cursor = page->next_cursor;
  } while (cursor != 0 && out_.good());
  return Outcome::kDone;
}

Outcome Commands::Stats(Arguments /*arguments*/) {
  const Result<ServerStats> stats = backend_.Stats();
  if (!stats.ok()) return Fail(stats.status());
  out_ << "entries: " << stats->entries << "\ndata bytes: " << stats->data_bytes
       << "\ncapacity: " << stats->table_capacity
       << absl::StrFormat("\nload factor: %.2f\n", stats->load_factor);
  return Outcome::kDone;
}

Outcome Commands::Save(Arguments /*arguments*/) {
  const Status status = backend_.Save();
  if (!status.ok()) return Fail(status);
  out_ << "OK\n";
  return Outcome::kDone;
}

Outcome Commands::Ping(Arguments /*arguments*/) {
  const Status status = backend_.Ping();
  if (!status.ok()) return Fail(status);
  out_ << "PONG\n";
  return Outcome::kDone;
}

Outcome Commands::Export(Arguments arguments) {
  const Result<TransferRequest> request = ParseTransfer(arguments);
  if (!request.ok()) return Misused(request.status().message());
  env::PosixFileSystem files;
  const env::SystemClock clock;
  const Result<uint64_t> entries = ExportEntries({backend_, files, clock}, *request, out_);
  if (!entries.ok()) return Fail(entries.status());
  // Not among the entries.
  (request->path == "-" ? err_ : out_) << "exported " << *entries << '\n';
  return Outcome::kDone;
}

Outcome Commands::Import(Arguments arguments) {
  const Result<TransferRequest> request = ParseTransfer(arguments);
  if (!request.ok()) return Misused(request.status().message());
  env::PosixFileSystem files;
  const env::SystemClock clock;
  const Result<ImportCounts> counts = ImportEntries({backend_, files, clock}, *request, std::cin);
  if (!counts.ok()) {
    const Outcome failed = Fail(counts.status());
    return counts.code() == StatusCode::kCorruption ? Outcome::kBadFile : failed;
  }
  const Outcome outcome = counts->failed == 0 ? Outcome::kDone : Fail(counts->failure);
  out_ << "imported " << counts->imported << ", skipped " << counts->expired << " expired, failed "
       << counts->failed << '\n';
  return outcome;
}

Outcome Commands::Answer(bool yes) {
  out_ << (yes ? "(1)\n" : "(0)\n");
  return yes ? Outcome::kDone : Outcome::kNotFound;
}

Outcome Commands::Fail(const Status& status) {
  out_.flush();
  err_ << "error: " << Advice(status) << '\n';
  return Outcome::kFailed;
}

Outcome Commands::Misused(std::string_view why) {
  out_.flush();
  err_ << "error: " << why << '\n';
  return Outcome::kUsage;
}

std::string Commands::UsageList() {
  std::string list = "commands:\n";
  for (const Command& command : Table()) {
    absl::StrAppendFormat(&list, "  %-28s %s\n", command.usage, command.what);
  }
  absl::StrAppendFormat(&list, "  %-28s %s\n", "quit, exit", "leave");
  return list;
}

std::string Advice(const Status& status) {
  const std::string text =
      status.message().empty() ? std::string(StatusCodeName(status.code())) : status.message();
  switch (status.code()) {
    case StatusCode::kConnectionFailed:
      return text + "; is corelane-server running?";
    case StatusCode::kConnectionLost:
      return text + "; is corelane-server still running?";
    case StatusCode::kTimeout:
      return text + "; a larger --timeout-ms waits longer";
    case StatusCode::kProtocolError:
      return text + "; is that a corelane-server?";
    case StatusCode::kUnknownCommand:
      return text + "; is the server older than this program?";
    default:
      return text;
  }
}

}  // namespace corelane::cli
