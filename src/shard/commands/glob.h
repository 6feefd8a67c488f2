#pragma once

// Glob patterns as redis's KEYS, SCAN MATCH and CONFIG GET read them: `*`, `?`, `[abc]`, `[^abc]`,
// `[a-z]`, and `\` before a literal. Linear in pattern times text at worst: a `*` restarts only the
// latest one. Pure; any thread.

#include <string_view>

namespace corelane::shard {

enum class GlobCase { kExact, kFold };

[[nodiscard]] bool GlobMatches(std::string_view pattern, std::string_view text, GlobCase fold);

}  // namespace corelane::shard
