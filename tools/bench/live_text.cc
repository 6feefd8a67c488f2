#include "bench/live_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "loadgen/units.h"

namespace corelane::tools {
namespace {

constexpr std::array<std::string_view, 8> kBlocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kWeights = {"_", ".", "-", "~", "=", "+", "*", "#"};
constexpr size_t kBarColumnsMax = 42;

// Three digits or so: 0.123, 12.3, 1234.
std::string MillisText(int64_t nanos) {
  const double millis = loadgen::Millis(nanos);
  if (millis < 10) return absl::StrFormat("%.3f", millis);
  return absl::StrFormat("%.*f", millis < 1000 ? 1 : 0, millis);
}

std::string SecondsText(int64_t nanos) {
  return absl::StrFormat("%.1f", static_cast<double>(nanos) / 1e9);
}

// As many parts a line as fit; what goes on is indented.
void Flow(std::span<const std::string> parts, size_t columns, std::vector<std::string>& lines) {
  constexpr std::string_view kIndent = "  ";
  std::string line;
  for (const std::string& part : parts) {
    if (!line.empty() && line.size() + kIndent.size() + part.size() > columns) {
      lines.push_back(line);
      line.clear();
      line += kIndent;
      line += part;
      continue;
    }
    if (!line.empty()) line += kIndent;
    line += part;
  }
  lines.push_back(line);
}

std::vector<std::string> PercentileParts(std::string_view label, const LiveSecond& second) {
  std::vector<std::string> parts = {std::string(label)};
  if (second.p50_ns > 0) parts.push_back(absl::StrCat("p50 ", MillisText(second.p50_ns)));
  parts.push_back(absl::StrCat("p99 ", MillisText(second.p99_ns)));
  parts.push_back(absl::StrCat("p99.9 ", MillisText(second.p99_9_ns)));
  parts.push_back(absl::StrCat("max ", MillisText(second.max_ns), " ms"));
  return parts;
}

std::string TimeLine(const LiveState& state, const LiveStyle& style) {
  if (state.elapsed_ns < 0) {
    return absl::StrCat("warm-up: ", SecondsText(-state.elapsed_ns), " s left");
  }
  if (state.total_ns <= 0) return absl::StrCat(SecondsText(state.elapsed_ns), " s");
  // What is over the end is waiting for the last answers.
  const int64_t elapsed_ns = std::min(state.elapsed_ns, state.total_ns);
  const std::string time =
      absl::StrCat(" ", SecondsText(elapsed_ns), " of ", SecondsText(state.total_ns), " s");
  constexpr size_t kBarColumnsMin = 6;
  if (style.columns < time.size() + kBarColumnsMin) return time.substr(1);
  LiveStyle bar = style;
  bar.columns = std::min(style.columns - time.size(), kBarColumnsMax);
  const double done = static_cast<double>(elapsed_ns) / static_cast<double>(state.total_ns);
  return absl::StrCat(ProgressBar(done, bar), time);
}

std::vector<std::string> RateParts(const LiveState& state) {
  std::vector<std::string> parts;
  if (state.asked_per_s > 0) parts.push_back(absl::StrFormat("asked %.0f/s", state.asked_per_s));
  const LiveSecond& last = state.seconds.back();
  parts.push_back(absl::StrCat("answered ", last.answered, "/s"));
  parts.push_back(absl::StrFormat("(%.0f/s so far)", static_cast<double>(state.so_far.answered) /
                                                         static_cast<double>(state.seconds_told)));
  parts.push_back(absl::StrCat("failed ", state.so_far.failed));
  if (state.asked_per_s > 0) {
    parts.push_back(absl::StrCat("behind ", MillisText(last.behind_ns), " ms"));
  }
  return parts;
}

// "p99 by second ..,_#_  max 0.123 ms": the latest that there is room for.
std::string HistoryLine(const LiveState& state, const LiveStyle& style) {
  int64_t highest_ns = 0;
  for (const LiveSecond& second : state.seconds) {
    highest_ns = std::max(highest_ns, second.p99_ns);
  }
  const std::string label = "p99 ";
  const std::string scale = absl::StrCat(" up to ", MillisText(highest_ns), " ms");
  const size_t room = style.columns - std::min(style.columns, label.size() + scale.size());
  std::vector<int64_t> figures;
  for (size_t i = state.seconds.size() - std::min(room, state.seconds.size());
       i < state.seconds.size(); ++i) {
    figures.push_back(state.seconds[i].p99_ns);
  }
  return figures.empty() ? std::string()
                         : absl::StrCat(label, Sparkline(figures, style.utf8), scale);
}

}  // namespace

void LiveState::Add(const LiveSecond& second) {
  seconds.push_back(second);
  if (seconds.size() > kSecondsMax) seconds.pop_front();
  ++seconds_told;
  so_far.answered += second.answered;
  so_far.failed += second.failed;
  so_far.p99_ns = std::max(so_far.p99_ns, second.p99_ns);
  so_far.p99_9_ns = std::max(so_far.p99_9_ns, second.p99_9_ns);
  so_far.max_ns = std::max(so_far.max_ns, second.max_ns);
}

std::vector<std::string> LiveLines(const LiveState& state, const LiveStyle& style) {
  std::vector<std::string> lines = {TimeLine(state, style)};
  if (!state.seconds.empty()) {
    Flow(RateParts(state), style.columns, lines);
    Flow(PercentileParts("last second", state.seconds.back()), style.columns, lines);
    Flow(PercentileParts("worst second", state.so_far), style.columns, lines);
    if (std::string line = HistoryLine(state, style); !line.empty()) lines.push_back(line);
  }
  // All but the bar and the sparkline, which fit, is ASCII: a byte is a column. What is still too
  // wide is on a terminal of a few columns.
  for (std::string& line : lines) {
    const bool ascii = std::all_of(line.begin(), line.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii && line.size() > style.columns) line.resize(style.columns);
  }
  return lines;
}

std::string ProgressBar(double done, const LiveStyle& style) {
  const size_t inside = style.columns - std::min<size_t>(style.columns, 2);
  const auto full = static_cast<size_t>(
      std::floor(std::clamp(done, 0.0, 1.0) * static_cast<double>(inside) + 1e-9));
  std::string bar = "[";
  for (size_t i = 0; i < inside; ++i) {
    if (style.utf8) {
      bar += i < full ? "█" : "░";
    } else {
      bar += i < full ? "#" : "-";
    }
  }
  bar += "]";
  return bar;
}

std::string Sparkline(std::span<const int64_t> figures, bool utf8) {
  const auto& levels = utf8 ? kBlocks : kWeights;
  int64_t highest = 1;
  for (const int64_t figure : figures) highest = std::max(highest, figure);
  std::string line;
  for (const int64_t figure : figures) {
    const double share =
        static_cast<double>(std::max<int64_t>(figure, 0)) / static_cast<double>(highest);
    const double level = std::ceil(share * static_cast<double>(levels.size())) - 1;
    line += levels[static_cast<size_t>(std::max(level, 0.0))];
  }
  return line;
}

bool IsUtf8Locale(std::string_view lc_all, std::string_view lc_ctype, std::string_view lang) {
  const std::string_view locale = !lc_all.empty() ? lc_all : !lc_ctype.empty() ? lc_ctype : lang;
  const std::string lower = absl::AsciiStrToLower(base::ToAbsl(locale));
  return absl::StrContains(lower, "utf-8") || absl::StrContains(lower, "utf8");
}

std::string Redrawn(std::span<const std::string> lines, size_t drawn) {
  if (lines.empty() && drawn == 0) return {};
  std::string text = "\r";
  if (drawn > 1) absl::StrAppend(&text, "\033[", drawn - 1, "A");
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "\r\n", lines[i], "\033[K");
  }
  // Whatever is left below of what was drawn before.
  text += "\033[J";
  return text;
}

}  // namespace corelane::tools
