// The lines that a run shows while it goes on.

#include "bench/live_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace corelane::tools {
namespace {

constexpr int64_t kMicro = 1'000;
constexpr int64_t kSecond = 1'000'000'000;

size_t Columns(std::string_view text) {
  size_t columns = 0;
  for (; !text.empty(); ++columns) text.remove_prefix(base::Utf8CharacterBytes(text));
  return columns;
}

LiveState AfterSeconds(size_t count) {
  LiveState state;
  state.elapsed_ns = static_cast<int64_t>(count) * kSecond;
  state.total_ns = 60 * kSecond;
  state.asked_per_s = 20'000;
  for (size_t i = 0; i < count; ++i) {
    state.Add({.answered = 19'990 + i,
               .failed = i % 2,
               .behind_ns = 1'500 * kMicro,
               .p50_ns = 123 * kMicro,
               .p99_ns = 400 * kMicro + static_cast<int64_t>(i) * 100 * kMicro,
               .p99_9_ns = 12'340 * kMicro,
               .max_ns = 2 * kSecond});
  }
  return state;
}

TEST(LiveText, TellsTimeRatesAndPercentiles) {
  const std::vector<std::string> lines =
      LiveLines(AfterSeconds(15), {.columns = 80, .utf8 = false});
  const std::vector<std::string> expected = {
      "[##########------------------------------] 15.0 of 60.0 s",
      "asked 20000/s  answered 20004/s  (19997/s so far)  failed 7  behind 1.500 ms",
      "last second  p50 0.123  p99 1.800  p99.9 12.3  max 2000 ms",
      "worst second  p99 1.800  p99.9 12.3  max 2000 ms",
      "p99 .--~~~==++**### up to 1.800 ms",
  };
  EXPECT_EQ(lines, expected);
}

TEST(LiveText, NoLineIsWiderThanTheTerminal) {
  for (const bool utf8 : {false, true}) {
    for (size_t columns = 1; columns <= 200; ++columns) {
      for (const size_t seconds : {0, 1, 100}) {
        for (const std::string& line :
             LiveLines(AfterSeconds(seconds), {.columns = columns, .utf8 = utf8})) {
          EXPECT_LE(Columns(line), columns) << line;
          EXPECT_TRUE(base::IsUtf8(line)) << line;
        }
      }
    }
  }
}

TEST(LiveText, FortyColumnsTellAsMuch) {
  std::string narrow;
  for (const std::string& line : LiveLines(AfterSeconds(100), {.columns = 40, .utf8 = false})) {
    narrow += line + "\n";
  }
  for (const std::string part : {"60.0 of 60.0 s", "asked 20000/s", "answered 20089/s", "failed 50",
                                 "behind 1.500 ms", "p50 0.123", "p99.9 12.3", "max 2000 ms"}) {
    EXPECT_NE(narrow.find(part), std::string::npos) << part << "\n" << narrow;
  }
}

TEST(LiveText, BeforeTheFirstSecondThereIsOnlyTime) {
  LiveState state;
  state.elapsed_ns = -1'500'000'000;
  state.total_ns = 10 * kSecond;
  EXPECT_EQ(LiveLines(state, {.columns = 80}), std::vector<std::string>{"warm-up: 1.5 s left"});
  state.elapsed_ns = kSecond / 2;
  state.total_ns = 0;
  EXPECT_EQ(LiveLines(state, {.columns = 80}), std::vector<std::string>{"0.5 s"});
}

TEST(LiveText, AClosedLoopIsNotBehind) {
  LiveState state = AfterSeconds(3);
  state.asked_per_s = 0;
  const std::string line = LiveLines(state, {.columns = 80})[1];
  EXPECT_EQ(line, "answered 19992/s  (19991/s so far)  failed 1");
}

TEST(LiveText, KeepsTheLastMinute) {
  const LiveState state = AfterSeconds(100);
  EXPECT_EQ(state.seconds.size(), LiveState::kSecondsMax);
  EXPECT_EQ(state.seconds.front().answered, 19'990U + 40);
  EXPECT_EQ(state.seconds_told, 100U);
  EXPECT_EQ(state.so_far.failed, 50U);
}

TEST(LiveText, ABarFillsFromTheLeft) {
  const LiveStyle ascii{.columns = 12, .utf8 = false};
  EXPECT_EQ(ProgressBar(0, ascii), "[----------]");
  EXPECT_EQ(ProgressBar(0.3, ascii), "[###-------]");
  EXPECT_EQ(ProgressBar(0.99, ascii), "[#########-]");
  EXPECT_EQ(ProgressBar(1, ascii), "[##########]");
  EXPECT_EQ(ProgressBar(7, ascii), "[##########]");
  EXPECT_EQ(ProgressBar(0.5, {.columns = 6, .utf8 = true}), "[██░░]");
}

TEST(LiveText, ASparklineIsInProportionToItsLargestFigure) {
  const std::vector<int64_t> figures = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(Sparkline(figures, false), "__.-~=+*#");
  EXPECT_EQ(Sparkline(figures, true), "▁▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline(std::vector<int64_t>{0, 0}, false), "__");
  EXPECT_EQ(Sparkline({}, true), "");
}

TEST(LiveText, TheLocaleSaysWhatATerminalShows) {
  EXPECT_TRUE(IsUtf8Locale("", "", "en_US.UTF-8"));
  EXPECT_TRUE(IsUtf8Locale("", "C.utf8", "C"));
  EXPECT_FALSE(IsUtf8Locale("C", "", "en_US.UTF-8"));
  EXPECT_FALSE(IsUtf8Locale("", "", ""));
  EXPECT_FALSE(IsUtf8Locale("", "de_DE.ISO-8859-1", "en_US.UTF-8"));
}

TEST(LiveText, IsDrawnOverWhatWasThereBefore) {
  const std::vector<std::string> lines = {"one", "two"};
  EXPECT_EQ(Redrawn(lines, 0), "\rone\033[K\r\ntwo\033[K\033[J");
  EXPECT_EQ(Redrawn(lines, 3), "\r\033[2Aone\033[K\r\ntwo\033[K\033[J");
  EXPECT_EQ(Redrawn({}, 2), "\r\033[1A\033[J");
  EXPECT_EQ(Redrawn({}, 1), "\r\033[J");
  EXPECT_EQ(Redrawn({}, 0), "");
}

}  // namespace
}  // namespace corelane::tools
