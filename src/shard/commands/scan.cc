// Commands that find keys: a walk in steps, all at once, one at random.

#include <corelane/status.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "env/clock.h"
#include "shard/commands/commands.h"
#include "shard/commands/glob.h"
#include "shard/cursor.h"
#include "shard/mailbox.h"
#include "storage/placement.h"

namespace corelane::shard {
namespace {

struct ScanOptions {
  std::string_view match = "*";
  bool only_strings = true;  // false: TYPE named something that no key is
  int64_t count = 10;
};

bool ParseScanOptions(CommandContext& context, ScanOptions& options) {
  for (size_t i = 1; i < context.args.size(); i += 2) {
    if (i + 1 >= context.args.size()) {
      ReplySyntaxError(context.reply);
      return false;
    }
    const std::string_view argument = context.args[i + 1];
    if (WordIs(context.args[i], "match")) {
      options.match = argument;
    } else if (WordIs(context.args[i], "count")) {
      if (!kv::ParseInteger(argument, options.count)) {
        ReplyNotAnInteger(context.reply);
        return false;
      }
      if (options.count < 1) {
        ReplySyntaxError(context.reply);
        return false;
      }
    } else if (WordIs(context.args[i], "type")) {
      options.only_strings = WordIs(argument, "string");
    } else {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  return true;
}

// The empty key is found by `*` and by the empty pattern alone, not by `**`: so it is in redis.
bool KeyMatches(std::string_view pattern, std::string_view key) {
  if (pattern == "*") return true;
  return key.empty() ? pattern.empty() : GlobMatches(pattern, key, GlobCase::kExact);
}

void ReplyKeys(kv::ReplyWriter& reply, const std::vector<std::string_view>& keys) {
  reply.Array(keys.size());
  for (const std::string_view key : keys) reply.Bulk(key);
}

void RunScan(CommandContext& context) {
  ScanOptions options;
  if (!ParseScanOptions(context, options)) return;
  const uint64_t cursor =
      ParseCursor(context.args[0]).value_or(0);  // the router has refused others

  // A step takes whole stripes until it has seen `count` entries, matching or not, as redis counts
  // them.
  Slice& slice = context.slice;
  slice.ReadAll();
  std::vector<std::string_view> keys;
  int64_t seen = 0;
  const int64_t enough = std::min(options.count, kWalkStepEntriesMax);
  storage::WalkCursor place = CursorPlace(cursor);
  do {
    place = slice.engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      ++seen;
      if (entry.value.expires_at <= slice.now_ms() || !options.only_strings) return;
      if (KeyMatches(options.match, entry.key)) keys.push_back(entry.key);
    });
  } while (place != storage::kWalkStart && seen < enough);

  context.reply.Array(2);
  context.reply.Bulk(std::to_string(NextCursor(slice.lane(), place, slice.lanes())));
  ReplyKeys(context.reply, keys);
}

void RunKeys(CommandContext& context) {
  Slice& slice = context.slice;
  slice.ReadAll();
  std::vector<std::string_view> keys;
  storage::WalkCursor place = storage::kWalkStart;
  do {
    place = slice.engine().VisitStripe(place, [&](const storage::EntryView& entry) {
      if (entry.value.expires_at <= slice.now_ms()) return;
      if (KeyMatches(context.args[0], entry.key)) keys.push_back(entry.key);
    });
  } while (place != storage::kWalkStart);
  ReplyKeys(context.reply, keys);
}

void MergeKeys(MergeContext& context) {
  std::vector<kv::ReplyTape::Reader> readers;
  std::vector<int64_t> counts;
  int64_t total = 0;
  for (const kv::ReplyTape* part : context.parts) {
    counts.push_back(readers.emplace_back(*part).EnterArray());
    total += counts.back();
  }
  context.reply.Array(static_cast<size_t>(total));
  for (size_t lane = 0; lane < readers.size(); ++lane) {
    for (int64_t i = 0; i < counts[lane]; ++i) readers[lane].PlayElement(context.reply);
  }
}

// ---- RANDOMKEY ----

// A table with no more entries and stripes than these is looked at as a whole.
constexpr uint64_t kWalkedEntriesMax = 4096;
constexpr uint64_t kWalkedStripesMax = 1024;
// Stripes that are drawn before a table that is mostly empty is walked for its next key.
constexpr int kDrawsMax = 64;

enum class DrawOf : uint64_t { kKey, kLane };

// A new generator for each draw, out of what has happened on the lane so far and the time.
base::Random RandomOf(const LaneFacts& facts, DrawOf what) {
  std::array<uint64_t, 3> seed{facts.counters->commands,
                               facts.mailbox == nullptr ? 0 : facts.mailbox->received,
                               static_cast<uint64_t>(facts.clock->MonotonicNanos())};
  return base::Random(base::KeyHash({reinterpret_cast<const char*>(seed.data()), sizeof(seed)},
                                    facts.server->hash_seed + static_cast<uint64_t>(what)));
}

// Draws one of the entries that it is shown, each as likely as the other, without knowing how many
// there are: the n-th takes the place of the one before with a chance of 1/n.
class Draw {
 public:
  Draw(base::Random& random, int64_t now_ms) : random_(random), now_ms_(now_ms) {}
  void Show(const storage::EntryView& entry) {
    if (entry.value.expires_at <= now_ms_) return;
    if (random_.OneIn(++shown_)) key_ = entry.key;
  }
  [[nodiscard]] bool has_key() const { return shown_ > 0; }
  [[nodiscard]] std::string_view key() const { return key_; }

 private:
  base::Random& random_;
  const int64_t now_ms_;
  uint64_t shown_ = 0;
  std::string_view key_;
};

// Visits what a key is drawn from: everything in a small table, else one stripe. The stripe is the
// one of a random hash, and as keys are spread evenly over the hashes, a stripe comes up the more
// often the more keys it has.
void DrawKey(storage::Engine& engine, base::Random& random, Draw& draw) {
  const auto show = [&draw](const storage::EntryView& entry) { draw.Show(entry); };
  const storage::EngineStats stats = engine.Stats();
  if (stats.entries == 0) return;
  storage::WalkCursor place = storage::kWalkStart;
  if (stats.entries > kWalkedEntriesMax || stats.stripes > kWalkedStripesMax) {
    for (int drawn = 0; drawn < kDrawsMax; ++drawn) {
      engine.VisitStripe(storage::PositionOf(random.Next()), show);
      if (draw.has_key()) return;
    }
    // To the end first; where that has nothing, everything.
    place = storage::PositionOf(random.Next());
    while (place != storage::kWalkStart && !draw.has_key()) place = engine.VisitStripe(place, show);
    if (draw.has_key()) return;
  }
  do {
    place = engine.VisitStripe(place, show);
  } while (place != storage::kWalkStart);
}

// A lane's draw: how many entries it has and one of their keys, or 0 and nil.
void RunRandomKey(CommandContext& context) {
  Slice& slice = context.slice;
  slice.ReadAll();
  base::Random random = RandomOf(context.facts, DrawOf::kKey);
  Draw draw(random, slice.now_ms());
  DrawKey(slice.engine(), random, draw);
  context.reply.Array(2);
  if (!draw.has_key()) {
    context.reply.Integer(0);
    context.reply.Nil();
    return;
  }
  context.reply.Integer(static_cast<int64_t>(slice.engine().Stats().entries));
  context.reply.Bulk(draw.key());
}

// Draws a lane, the more likely the more keys it has.
void MergeRandomKey(MergeContext& context) {
  std::vector<kv::ReplyTape::Reader> readers;
  std::vector<int64_t> ends;  // a lane's share of the draw ends here
  int64_t total = 0;
  for (const kv::ReplyTape* part : context.parts) {
    kv::ReplyTape::Reader& reader = readers.emplace_back(*part);
    int64_t entries = 0;
    if (reader.EnterArray() == 2 && reader.TakeInteger(entries)) total += entries;
    ends.push_back(total);
  }
  if (total == 0) return context.reply.Nil();
  base::Random random = RandomOf(context.facts, DrawOf::kLane);
  const auto drawn = static_cast<int64_t>(random.Uniform(static_cast<uint64_t>(total)));
  const auto lane = std::upper_bound(ends.begin(), ends.end(), drawn) - ends.begin();
  readers[static_cast<size_t>(lane)].PlayElement(context.reply);
}

constexpr Command kScanCommands[] = {
    {"scan", -2, kReads, kByCursor, RunScan, "Walks over the keys, with MATCH, COUNT and TYPE."},
    {"keys", 2, kReads, kAllLanesMerged, RunKeys,
     "Returns all keys that match a pattern; every lane walks over all of its keys in one go.",
     MergeKeys},
    {"randomkey", 1, kReads, kAllLanesMerged, RunRandomKey, "Returns a key drawn at random.",
     MergeRandomKey},
};

}  // namespace

CommandGroup ScanCommands() { return {"generic", kScanCommands}; }

}  // namespace corelane::shard
