#include "log_ways/way.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace corelane::bench {

void EndProgram(const Status& status) {
  absl::FPrintF(stderr, "log-ways-bench: %s\n", status.ToString());
  std::fflush(nullptr);
  // Not exit(): another thread may be at work.
  std::_Exit(1);
}

}  // namespace corelane::bench
