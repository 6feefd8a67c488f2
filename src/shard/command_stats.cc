#include "shard/command_stats.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "shard/command_table.h"

namespace corelane::shard {
namespace {

// Every row that can be run, in the order of the table.
std::vector<const Command*> AllRows() {
  std::vector<const Command*> rows;
  for (const CommandGroup& group : CommandGroups()) {
    for (const Command& command : group.rows) {
      rows.push_back(&command);
      if (command.subcommands == nullptr) continue;
      for (const Command& row : command.subcommands()) rows.push_back(&row);
    }
  }
  return rows;
}

// What Serialize() writes for a tally; its buckets follow as pairs of number and count.
struct TallyRecord {
  uint64_t number = 0;
  uint64_t calls = 0;
  uint64_t rejected = 0;
  uint64_t failed = 0;
  uint64_t timed = 0;
  uint64_t timed_ns = 0;
  uint64_t buckets = 0;
};

template <typename T>
void Append(const T& value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
T Take(std::string_view& bytes) {
  CHECK(bytes.size() >= sizeof(T));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes.remove_prefix(sizeof(value));
  return value;
}

}  // namespace

uint64_t LatencyBuckets::CountBelow(uint64_t nanos) const {
  uint64_t count = 0;
  for (size_t index = 0; index < IndexOf(nanos); ++index) count += counts[index];
  return count;
}

uint64_t LatencyBuckets::ValueAt(double percent) const {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  const auto wanted = static_cast<uint64_t>(std::ceil(static_cast<double>(total) * percent / 100));
  uint64_t seen = 0;
  for (size_t index = 0; index < kCount; ++index) {
    seen += counts[index];
    if (seen >= wanted && seen != 0) return LowestOf(index);
  }
  return 0;
}

CommandStats::CommandStats() {
  for (const Command* command : AllRows()) tallies_.push_back({.command = command});
  CHECK(tallies_.size() * 2 < kSlots);
  for (size_t number = 0; number < tallies_.size(); ++number) {
    size_t slot = SlotOf(tallies_[number].command);
    while (slots_[slot] != 0) slot = (slot + 1) % kSlots;
    slots_[slot] = static_cast<uint16_t>(number + 1);
  }
  last_ = tallies_.data();
}

// Rows lie side by side in a few arrays; multiplicative hashing (Knuth, TAOCP 6.4) spreads them.
size_t CommandStats::SlotOf(const Command* command) {
  const auto address = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(command));
  return static_cast<size_t>((address / alignof(Command)) * 0x9e3779b97f4a7c15 >> 54) % kSlots;
}

CommandTally& CommandStats::Find(const Command& command) {
  size_t slot = SlotOf(&command);
  while (slots_[slot] != 0) {
    CommandTally& tally = tallies_[slots_[slot] - 1U];
    if (tally.command == &command) return tally;
    slot = (slot + 1) % kSlots;
  }
  CHECK(false);  // a command that is not in the table
  return tallies_[0];
}

void CommandStats::Record(CommandTally& tally, uint64_t nanos, bool every, bool with_latency) {
  ++tally.timed;
  tally.timed_ns += nanos;
  tally.until_timed = every || tally.timed < kTimedAtFirst ? 1 : kTimedEvery;
  if (!with_latency) return;
  if (tally.latency == nullptr) tally.latency = std::make_unique<LatencyBuckets>();
  tally.latency->Record(nanos);
}

void CommandStats::TimeNextCalls() {
  for (CommandTally& tally : tallies_) tally.until_timed = 1;
}

void CommandStats::Reset() {
  for (CommandTally& tally : tallies_) tally = {.command = tally.command};
  errors_ = {};
}

std::string CommandStats::Serialize() const {
  std::string bytes;
  for (size_t number = 0; number < tallies_.size(); ++number) {
    const CommandTally& tally = tallies_[number];
    if (tally.command->Is(kInternal) || (tally.calls == 0 && tally.rejected == 0)) continue;
    TallyRecord record{.number = number,
                       .calls = tally.calls,
                       .rejected = tally.rejected,
                       .failed = tally.failed,
                       .timed = tally.timed,
                       .timed_ns = tally.timed_ns};
    std::string buckets;
    for (size_t index = 0; tally.latency != nullptr && index < LatencyBuckets::kCount; ++index) {
      if (tally.latency->counts[index] == 0) continue;
      ++record.buckets;
      Append(uint64_t{index}, buckets);
      Append(tally.latency->counts[index], buckets);
    }
    Append(record, bytes);
    bytes += buckets;
  }
  return bytes;
}

MergedStats::MergedStats() {
  for (const Command* command : AllRows()) rows_.push_back({.name = command->name});
}

void MergedStats::Add(std::string_view serialized) {
  while (!serialized.empty()) {
    const auto record = Take<TallyRecord>(serialized);
    Row& row = rows_[record.number];
    row.calls += record.calls;
    row.rejected += record.rejected;
    row.failed += record.failed;
    row.timed += record.timed;
    row.timed_ns += record.timed_ns;
    for (uint64_t i = 0; i < record.buckets; ++i) {
      const auto index = Take<uint64_t>(serialized);
      row.latency.counts[index] += Take<uint64_t>(serialized);
    }
  }
}

std::vector<const MergedStats::Row*> MergedStats::Used() const {
  std::vector<const Row*> used;
  for (const Row& row : rows_) {
    if (row.calls != 0 || row.rejected != 0) used.push_back(&row);
  }
  return used;
}

}  // namespace corelane::shard
