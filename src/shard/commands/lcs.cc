// LCS: what two strings have in common.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "shard/commands/commands.h"
#include "shard/commands/common_subsequence.h"
#include "shard/commands/string_value.h"
#include "shard/gather.h"

namespace corelane::shard {
namespace {

using Match = CommonSubsequence::Match;

struct LcsOptions {
  bool length = false;
  bool ranges = false;
  bool match_lengths = false;
  int64_t match_bytes_min = 0;
};

// False: the reply was an error.
bool ParseLcsOptions(GatherContext& context, LcsOptions& options) {
  for (size_t i = 2; i < context.args.size(); ++i) {
    const std::string_view word = context.args[i];
    if (WordIs(word, "idx")) {
      options.ranges = true;
    } else if (WordIs(word, "len")) {
      options.length = true;
    } else if (WordIs(word, "withmatchlen")) {
      options.match_lengths = true;
    } else if (WordIs(word, "minmatchlen") && i + 1 < context.args.size()) {
      if (!kv::ParseInteger(context.args[++i], options.match_bytes_min)) {
        ReplyNotAnInteger(context.reply);
        return false;
      }
    } else {
      ReplySyntaxError(context.reply);
      return false;
    }
  }
  if (!options.length || !options.ranges) return true;
  context.reply.Error(StatusCode::kBadArgument,
                      "If you want both the length and indexes, please just use IDX.");
  return false;
}

void ReplyRange(kv::ReplyWriter& reply, size_t first, size_t last) {
  reply.Array(2);
  reply.Integer(static_cast<int64_t>(first));
  reply.Integer(static_cast<int64_t>(last));
}

void ReplyRanges(kv::ReplyWriter& reply, const CommonSubsequence& common,
                 const LcsOptions& options) {
  std::vector<Match> matches = common.Matches();
  std::erase_if(matches, [&](const Match& match) {
    return static_cast<int64_t>(match.length()) < options.match_bytes_min;
  });
  reply.Map(2);
  reply.Bulk("matches");
  reply.Array(matches.size());
  for (const Match& match : matches) {
    reply.Array(options.match_lengths ? 3 : 2);
    ReplyRange(reply, match.a_first, match.a_last);
    ReplyRange(reply, match.b_first, match.b_last);
    if (options.match_lengths) reply.Integer(static_cast<int64_t>(match.length()));
  }
  reply.Bulk("len");
  reply.Integer(static_cast<int64_t>(common.length()));
}

void ComputeLcs(GatherContext& context) {
  LcsOptions options;
  if (!ParseLcsOptions(context, options)) return;
  const ValueText a(context.values[0].value_or(kv::ValueView{}));
  const ValueText b(context.values[1].value_or(kv::ValueView{}));
  if (!CommonSubsequence::Fits(a.view(), b.view())) {
    context.reply.Error(StatusCode::kBadArgument,
                        "Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    return;
  }
  using Want = CommonSubsequence::Want;
  const CommonSubsequence common(a.view(), b.view(), options.length ? Want::kLength : Want::kWay);
  if (options.ranges) return ReplyRanges(context.reply, common, options);
  if (options.length) return context.reply.Integer(static_cast<int64_t>(common.length()));
  context.reply.Bulk(common.Text());
}

constexpr Command kLcsCommands[] = {
    {.name = "lcs",
     .arity = -3,
     .flags = kReads,
     .routing = {Route::kKeys, {1, 2, 1}, Merge::kNone},
     .summary = "Finds the longest common subsequence of two strings, with LEN, IDX, MINMATCHLEN "
                "and WITHMATCHLEN.",
     .compute = ComputeLcs},
};

}  // namespace

CommandGroup LcsCommands() { return {"string", kLcsCommands}; }

}  // namespace corelane::shard
