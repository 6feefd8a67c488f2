#pragma once

// LiveText: what RunView draws while a run goes on, as lines of text. Pure functions of what is
// known, so that they can be tested without a terminal; any thread.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corelane::tools {

// One second of a run, all threads together.
struct LiveSecond {
  uint64_t answered = 0;
  uint64_t failed = 0;
  int64_t behind_ns = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t p99_9_ns = 0;
  int64_t max_ns = 0;
};

struct LiveState {
  int64_t elapsed_ns = 0;          // since counting began; below 0: so long until it begins
  int64_t total_ns = 0;            // 0: nobody knows
  double asked_per_s = 0;          // now; 0: a closed loop
  std::deque<LiveSecond> seconds;  // the latest, of kSecondsMax at most
  // Of the run so far. Percentiles cannot be added up: of those the worst second's are kept.
  uint64_t seconds_told = 0;
  LiveSecond so_far;

  static constexpr size_t kSecondsMax = 60;  // what the sparkline shows

  void Add(const LiveSecond& second);
};

struct LiveStyle {
  size_t columns = 80;
  bool utf8 = true;
};

// The lines, none of them wider than the terminal and none with a line's end.
[[nodiscard]] std::vector<std::string> LiveLines(const LiveState& state, const LiveStyle& style);

// How `done` of 0 to 1 looks in so many columns: "[####----]".
[[nodiscard]] std::string ProgressBar(double done, const LiveStyle& style);

// A column for each figure, as high as it is in proportion to the largest: eight blocks, or eight
// ASCII characters of growing weight.
[[nodiscard]] std::string Sparkline(std::span<const int64_t> figures, bool utf8);

// Whether a terminal shows UTF-8, by the values of LC_ALL, LC_CTYPE and LANG: the first that is not
// empty counts.
[[nodiscard]] bool IsUtf8Locale(std::string_view lc_all, std::string_view lc_ctype,
                                std::string_view lang);

// What is written to a terminal to put `lines` in place of as many as were `drawn` before, where
// the cursor has stayed at the end of the last one. With no lines it takes away what was drawn.
[[nodiscard]] std::string Redrawn(std::span<const std::string> lines, size_t drawn);

}  // namespace corelane::tools
