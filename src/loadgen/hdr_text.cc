#include "loadgen/hdr_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_format.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

constexpr int kValueDigits = 3;  // the significant digits of the histogram

// HdrHistogram's middle of a bucket, a whole number where ours may end in a half.
double MiddleOf(const Histogram::Bucket& bucket) {
  const int64_t half = (bucket.highest - bucket.lowest + 1) / 2;
  return static_cast<double>(bucket.lowest + half);
}

// Mean and standard deviation as HdrHistogram computes them.
struct Moments {
  explicit Moments(const Histogram& histogram) {
    if (histogram.count() == 0) return;
    const auto count = static_cast<double>(histogram.count());
    double sum = 0;
    histogram.ForEachBucket([&](const Histogram::Bucket& bucket) {
      sum += MiddleOf(bucket) * static_cast<double>(bucket.count);
    });
    mean = sum / count;
    double squares = 0;
    histogram.ForEachBucket([&](const Histogram::Bucket& bucket) {
      const double distance = MiddleOf(bucket) - mean;
      squares += distance * distance * static_cast<double>(bucket.count);
    });
    deviation = std::sqrt(squares / count);
  }

  double mean = 0;
  double deviation = 0;
};

// The levels that lines are printed for: so many equal steps to half of the distance to 100 %, as
// many to half of what is left, and so on (PercentileIterator.java).
class Levels {
 public:
  explicit Levels(int ticks_per_half_distance) : ticks_(ticks_per_half_distance) {}

  [[nodiscard]] double percent() const { return percent_; }
  void Advance() {
    const double halvings = std::trunc(std::log(100.0 / (100.0 - percent_)) / std::log(2.0)) + 1;
    percent_ += 100.0 / (ticks_ * std::exp2(halvings));
  }

 private:
  int ticks_;
  double percent_ = 0;
};

class Writer {
 public:
  Writer(const HdrTextOptions& options, std::string& out) : options_(options), out_(out) {}

  void Line(int64_t highest, double level, uint64_t count) {
    absl::StrAppendFormat(&out_, "%12s %s %10d %14s\n", Value(static_cast<double>(highest)),
                          FixedDecimal(level, 12), count, FixedDecimal(1 / (1.0 - level), 2));
  }
  void LastLine(int64_t highest, uint64_t count) {
    absl::StrAppendFormat(&out_, "%12s %s %10d\n", Value(static_cast<double>(highest)),
                          FixedDecimal(1, 12), count);
  }
  void Footer(const Histogram& histogram, int64_t highest) {
    // HdrHistogram's bucket is a power of two, and its sub-bucket is our bucket: it has as many of
    // them as reach from the first power that is cut up to the highest value.
    constexpr int kFineBits = Histogram::Layout::kFineBits;
    constexpr auto kHighest = static_cast<uint64_t>(Histogram::kHighestNanos);
    constexpr int kBuckets = static_cast<int>(std::bit_width(kHighest)) - kFineBits + 1;
    const Moments moments(histogram);
    absl::StrAppendFormat(&out_, "#[Mean    = %12s, StdDeviation   = %12s]\n", Value(moments.mean),
                          Value(moments.deviation));
    absl::StrAppendFormat(&out_, "#[Max     = %12s, Total count    = %12d]\n",
                          Value(static_cast<double>(highest)), histogram.count());
    absl::StrAppendFormat(&out_, "#[Buckets = %12d, SubBuckets     = %12d]\n", kBuckets,
                          1 << kFineBits);
  }

 private:
  [[nodiscard]] std::string Value(double nanos) const {
    return FixedDecimal(nanos / options_.value_scale, kValueDigits);
  }

  const HdrTextOptions& options_;
  std::string& out_;
};

}  // namespace

std::string FixedDecimal(double value, int digits) {
  // The largest double has 309 digits before the point, the smallest 324 zeros behind it.
  char shortest[400];
  const auto end =
      std::to_chars(shortest, shortest + sizeof(shortest), value, std::chars_format::fixed).ptr;
  std::string text(shortest, end);
  size_t point = text.find('.');
  if (point == std::string::npos) {
    point = text.size();
    text += '.';
  }
  const size_t wanted = point + 1 + static_cast<size_t>(digits);
  const bool up = text.size() > wanted && text[wanted] >= '5';
  text.resize(wanted, '0');
  if (!up) return text;
  for (size_t at = text.size(); at-- > 0;) {
    if (text[at] == '.') continue;
    if (text[at] != '9') {
      ++text[at];
      return text;
    }
    text[at] = '0';
  }
  return '1' + text;
}

void WriteHdrText(const Histogram& histogram, const HdrTextOptions& options, std::string& out) {
  Writer writer(options, out);
  absl::StrAppendFormat(&out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
                        "1/(1-Percentile)");
  Levels levels(options.ticks_per_half_distance);
  const uint64_t total = histogram.count();
  uint64_t seen = 0;
  int64_t highest = 0;
  histogram.ForEachBucket([&](const Histogram::Bucket& bucket) {
    seen += bucket.count;
    highest = bucket.highest;
    const double percent = 100.0 * static_cast<double>(seen) / static_cast<double>(total);
    while (percent >= levels.percent()) {
      writer.Line(highest, levels.percent() / 100.0, seen);
      levels.Advance();
      // The last bucket has one line for the level that led to it, and one for 100 %.
      if (seen == total) break;
    }
  });
  if (total != 0) writer.LastLine(highest, total);
  writer.Footer(histogram, highest);
}

}  // namespace corelane::loadgen
