#include "loadgen/csv.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/histogram.h"
#include "loadgen/order_statistics.h"
#include "loadgen/units.h"

namespace corelane::loadgen {
namespace {

// Nothing in the table needs quotes: names of columns, and numbers with a point.
std::string MicrosText(int64_t nanos) { return absl::StrFormat("%.3f", Micros(nanos)); }

}  // namespace

std::string WindowsCsv(std::span<const WindowFigures> windows) {
  std::string text =
      "second,answered,failed,under_way,behind_us,p50_us,p90_us,p99_us,p99_9_us,max_us\r\n";
  for (size_t second = 0; second < windows.size(); ++second) {
    const WindowFigures& window = windows[second];
    base::Histogram latency_ns;
    window.latency_ns.AddTo(latency_ns);
    absl::StrAppend(&text, second + 1, ",", window.answered, ",", window.failed, ",",
                    window.under_way, ",", MicrosText(window.behind_ns));
    for (const double percent : {50.0, 90.0, 99.0, 99.9}) {
      const bool carried = Carries(latency_ns.count(), percent);
      absl::StrAppend(&text, ",", carried ? MicrosText(latency_ns.ValueAtPercentile(percent)) : "");
    }
    const bool any = latency_ns.count() > 0;
    absl::StrAppend(&text, ",", any ? MicrosText(latency_ns.Max()) : "", "\r\n");
  }
  return text;
}

}  // namespace corelane::loadgen
