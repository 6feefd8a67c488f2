#include "bench/run_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/rate_profile.h"

namespace corelane::tools {
namespace {

std::string_view Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

RunView::RunView(const env::Clock& clock, const loadgen::LoadOptions& options, StopSignals& signals)
    : terminal_(isatty(STDERR_FILENO) == 1),
      utf8_(IsUtf8Locale(Variable("LC_ALL"), Variable("LC_CTYPE"), Variable("LANG"))),
      clock_(clock),
      options_(options),
      prefill_(clock),
      signals_(signals) {}

RunView::~RunView() { Clear(); }

void RunView::Clear() {
  prefill_.Clear();
  std::fputs(Redrawn({}, drawn_lines_).c_str(), stderr);
  std::fflush(stderr);
  drawn_lines_ = 0;
  draw_at_ns_ = kNever;
}

void RunView::OnPrefill(uint64_t done, uint64_t total) { prefill_.Update("prefill", done, total); }

void RunView::OnBegin(int64_t warmup_ns) {
  prefill_.Clear();
  counting_from_ns_ = clock_.MonotonicNanos() + warmup_ns;
  state_.total_ns = options_.duration_ns;
  if (terminal_) draw_at_ns_ = 0;
}

// Threads may be a second apart.
void RunView::OnWindow(const loadgen::WorkerNews& news) {
  Told& told = told_[news.window];
  LiveSecond& second = told.second;
  second.answered += news.answered;
  second.failed += news.failed;
  second.behind_ns = std::max(second.behind_ns, news.behind_ns);
  // The percentiles of threads cannot be added up: the worst of them is shown.
  second.p50_ns = std::max(second.p50_ns, news.p50_ns);
  second.p99_ns = std::max(second.p99_ns, news.p99_ns);
  second.p99_9_ns = std::max(second.p99_9_ns, news.p99_9_ns);
  second.max_ns = std::max(second.max_ns, news.max_ns);
  if (++told.threads < options_.threads) return;
  state_.Add(second);
  told_.erase(news.window);
}

void RunView::Draw(int64_t now_ns) {
  winsize size{};
  const bool sized = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  // The last column is left free: a terminal that is full to the edge may begin a new line.
  const LiveStyle style{.columns = sized ? size_t{size.ws_col} - 1 : LiveStyle().columns,
                        .utf8 = utf8_};
  state_.elapsed_ns = now_ns - counting_from_ns_;
  const int64_t counted_s = std::max<int64_t>(0, state_.elapsed_ns) / 1'000'000'000;
  const std::vector<double> asked = loadgen::ExpectedArrivalsBySecond(
      options_.rate, options_.warmup_ns + counted_s * 1'000'000'000, 1);
  if (!asked.empty()) state_.asked_per_s = asked[0];
  std::vector<std::string> lines = LiveLines(state_, style);
  // Lines that have scrolled away cannot be drawn over.
  if (sized && size.ws_row > 0 && lines.size() > size.ws_row) lines.resize(size.ws_row);
  std::fputs(Redrawn(lines, drawn_lines_).c_str(), stderr);
  std::fflush(stderr);
  drawn_lines_ = lines.size();
}

// Asked so often that it tells the time as well.
bool RunView::Stops() {
  if (const int64_t now_ns = clock_.MonotonicNanos(); now_ns >= draw_at_ns_) {
    draw_at_ns_ = now_ns + kIntervalNanos;
    Draw(now_ns);
  }
  return signals_.Came();
}

}  // namespace corelane::tools
