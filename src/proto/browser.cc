#include "proto/browser.h"

#include "absl/strings/match.h"
#include "base/absl_view.h"

namespace corelane::proto {

bool LooksLikeHttp(std::string_view line) {
  return absl::StartsWithIgnoreCase(base::ToAbsl(line), "post ") ||
         absl::StartsWithIgnoreCase(base::ToAbsl(line), "host:");
}

}  // namespace corelane::proto
