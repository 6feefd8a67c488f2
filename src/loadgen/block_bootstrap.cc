#include "loadgen/block_bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/histogram.h"
#include "base/random.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

// How many resampled values lie outside the interval on each side, plus one: the rank of its ends.
size_t RankOfEnds(const BootstrapOptions& options) {
  const double tail = (1 - options.confidence) / 2;
  // A hair more, so that 0.025 of 1001, which the machine may compute as less than 25, is 25.
  return static_cast<size_t>(static_cast<double>(options.resamples + 1) * tail + 1e-9);
}

Status Check(std::span<const SparseHistogram> windows, const BootstrapOptions& options) {
  const auto refuse = [](std::string why) {
    return Status(StatusCode::kBadArgument, std::move(why));
  };
  if (windows.size() < kBootstrapWindowsMin) {
    return refuse(absl::StrFormat("a bootstrap takes at least %d windows, and there are %d",
                                  kBootstrapWindowsMin, windows.size()));
  }
  if (windows.size() / kBootstrapBlocksMin < options.block_windows) {
    return refuse(absl::StrFormat("blocks of %d windows take at least %d, and there are %d",
                                  options.block_windows,
                                  options.block_windows * kBootstrapBlocksMin, windows.size()));
  }
  if (RankOfEnds(options) == 0) {
    return refuse(absl::StrFormat("%d resamples are too few for a confidence of %g",
                                  options.resamples, options.confidence));
  }
  if (std::ranges::all_of(windows, &SparseHistogram::empty)) {
    return refuse("there is nothing in the windows");
  }
  return OkStatus();
}

// Draws the resamples, one after the other.
class Resampler {
 public:
  Resampler(std::span<const SparseHistogram> windows, size_t block_windows, uint64_t seed)
      : windows_(windows), block_windows_(block_windows), random_(seed), drawn_(windows.size()) {
    for (const SparseHistogram& window : windows) whole_.Merge(window);
    counts_.resize(Histogram::Layout::IndexOf(Histogram::kHighestNanos) + 1);
  }

  // The run itself instead of a draw.
  void TakeAll() {
    std::ranges::fill(drawn_, 1);
    AddUp();
  }

  // There is a window that is not empty, and it is drawn sooner or later.
  void Draw() {
    do {
      DrawBlocks();
      AddUp();
    } while (count_ == 0);
  }

  // Writes the values at `percentiles` of the draw into `values`; `ascending` are the indexes of
  // the percentiles from the lowest to the highest.
  void Read(std::span<const double> percentiles, std::span<const size_t> ascending,
            std::span<int64_t> values) const {
    size_t next = 0;
    uint64_t seen = 0;
    whole_.ForEachBucket([&](size_t index, uint64_t) {
      seen += counts_[index];
      while (next < ascending.size() &&
             seen >= Histogram::RankAtPercentile(percentiles[ascending[next]], count_)) {
        values[ascending[next++]] = whole_.HighestOf(index);
      }
    });
  }

 private:
  void DrawBlocks() {
    std::ranges::fill(drawn_, 0);
    size_t wanted = windows_.size();
    while (wanted != 0) {
      const size_t start = random_.Uniform(windows_.size());
      // The last block is cut short, for the resample to be as long as the run.
      const size_t length = std::min(block_windows_, wanted);
      for (size_t i = 0; i < length; ++i) ++drawn_[(start + i) % windows_.size()];
      wanted -= length;
    }
  }

  void AddUp() {
    whole_.ForEachBucket([&](size_t index, uint64_t) { counts_[index] = 0; });
    count_ = 0;
    for (size_t i = 0; i < windows_.size(); ++i) {
      const uint64_t times = drawn_[i];
      if (times == 0) continue;
      windows_[i].ForEachBucket(
          [&](size_t index, uint64_t count) { counts_[index] += times * count; });
      count_ += times * windows_[i].count();
    }
  }

  std::span<const SparseHistogram> windows_;
  size_t block_windows_;
  base::Random random_;
  SparseHistogram whole_;         // says which buckets there are at all
  std::vector<uint64_t> drawn_;   // how often each window is in the resample
  std::vector<uint64_t> counts_;  // of the resample, for each bucket of the layout
  uint64_t count_ = 0;            // their sum
};

}  // namespace

size_t DefaultBlockWindows(size_t windows) {
  return std::max<size_t>(static_cast<size_t>(std::lround(std::cbrt(static_cast<double>(windows)))),
                          1);
}

Result<std::vector<PercentileInterval>> BootstrapPercentiles(
    std::span<const SparseHistogram> windows, std::span<const double> percentiles,
    const BootstrapOptions& options) {
  if (Status checked = Check(windows, options); !checked.ok()) return checked;
  const size_t block_windows =
      options.block_windows != 0 ? options.block_windows : DefaultBlockWindows(windows.size());
  std::vector<size_t> ascending(percentiles.size());
  std::iota(ascending.begin(), ascending.end(), size_t{0});
  std::ranges::sort(ascending, {}, [&](size_t i) { return percentiles[i]; });

  Resampler resampler(windows, block_windows, options.seed);
  std::vector<int64_t> values(percentiles.size());
  resampler.TakeAll();
  resampler.Read(percentiles, ascending, values);
  std::vector<PercentileInterval> intervals;
  for (size_t i = 0; i < percentiles.size(); ++i) intervals.push_back({percentiles[i], values[i]});

  std::vector<std::vector<int64_t>> resampled(percentiles.size());
  for (size_t i = 0; i < options.resamples; ++i) {
    resampler.Draw();
    resampler.Read(percentiles, ascending, values);
    for (size_t j = 0; j < values.size(); ++j) resampled[j].push_back(values[j]);
  }
  const size_t rank = RankOfEnds(options);
  for (size_t j = 0; j < intervals.size(); ++j) {
    std::ranges::sort(resampled[j]);
    intervals[j].low_ns = resampled[j][rank - 1];
    intervals[j].high_ns = resampled[j][options.resamples - rank];
  }
  return intervals;
}

}  // namespace corelane::loadgen
