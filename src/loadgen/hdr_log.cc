#include "loadgen/hdr_log.h"

#include <zlib.h>

#include <bit>
#include <concepts>
#include <ctime>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/absl_view.h"
#include "base/check.h"
#include "base/histogram.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

// The 1 in the last place but one says that the counts are LEB128.
constexpr uint32_t kCookie = 0x1c849303 | 0x10;
constexpr uint32_t kCompressedCookie = 0x1c849304 | 0x10;
constexpr uint32_t kSignificantDigits = 3;
constexpr double kNanosPerMilli = 1e6;

template <std::unsigned_integral T>
void AppendBig(T value, std::string& out) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<unsigned char>(value >> shift));
  }
}

void AppendLeb128(uint64_t value, std::string& out) {
  constexpr int kBytesMax = 9;
  int bytes = 1;
  for (; value >= 0x80 && bytes < kBytesMax; ++bytes, value >>= 7) {
    out += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  }
  out += static_cast<char>(static_cast<unsigned char>(value));
}

void AppendCount(uint64_t count, std::string& out) { AppendLeb128(count << 1, out); }

void AppendEmptyBuckets(uint64_t buckets, std::string& out) {
  if (buckets == 1) AppendCount(0, out);  // as Java does it; the C port writes a run of one
  if (buckets > 1) AppendLeb128(buckets * 2 - 1, out);
}

std::string EncodeCounts(const SparseHistogram& histogram) {
  std::string counts;
  size_t next = 0;
  histogram.ForEachBucket([&](size_t index, uint64_t count) {
    AppendEmptyBuckets(index - next, counts);
    AppendCount(count, counts);
    next = index + 1;
  });
  // An empty histogram has its largest value, 0, in bucket 0.
  if (histogram.empty()) AppendEmptyBuckets(1, counts);
  return counts;
}

double Seconds(int64_t ms) { return static_cast<double>(ms) / 1000; }

}  // namespace

std::string EncodeHdrHistogram(const SparseHistogram& histogram) {
  const std::string counts = EncodeCounts(histogram);
  std::string encoded;
  AppendBig(kCookie, encoded);
  AppendBig(static_cast<uint32_t>(counts.size()), encoded);
  AppendBig(uint32_t{0}, encoded);
  AppendBig(kSignificantDigits, encoded);
  AppendBig(static_cast<uint64_t>(Histogram::kLowestNanos), encoded);
  AppendBig(static_cast<uint64_t>(Histogram::kHighestNanos), encoded);
  AppendBig(std::bit_cast<uint64_t>(1.0), encoded);
  return encoded + counts;
}

std::string CompressHdrHistogram(const SparseHistogram& histogram) {
  const std::string encoded = EncodeHdrHistogram(histogram);
  uLongf compressed_bytes = compressBound(encoded.size());
  std::string compressed(compressed_bytes, '\0');
  const int result =
      compress2(reinterpret_cast<Bytef*>(compressed.data()), &compressed_bytes,
                reinterpret_cast<const Bytef*>(encoded.data()), encoded.size(), Z_BEST_COMPRESSION);
  CHECK(result == Z_OK);  // given this much room, zlib fails for want of memory only
  compressed.resize(compressed_bytes);
  std::string field;
  AppendBig(kCompressedCookie, field);
  AppendBig(static_cast<uint32_t>(compressed.size()), field);
  return field + compressed;
}

void WriteHdrLogHeader(int64_t start_unix_ms, std::string& out) {
  const auto start_s = static_cast<time_t>(start_unix_ms / 1000);
  tm date = {};
  char text[64];
  const size_t bytes =
      strftime(text, sizeof(text), "%a %b %d %H:%M:%S UTC %Y", gmtime_r(&start_s, &date));
  out += "#[Histogram log format version 1.2]\n";
  absl::StrAppendFormat(&out, "#[StartTime: %.3f (seconds since epoch), %s]\n",
                        Seconds(start_unix_ms), base::ToAbsl(std::string_view(text, bytes)));
  absl::StrAppendFormat(&out, "#[BaseTime: %.3f (seconds since epoch)]\n", Seconds(start_unix_ms));
  out += "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",";
  out += "\"Interval_Compressed_Histogram\"\n";
}

bool IsHdrLogTag(std::string_view tag) {
  return !tag.empty() && tag.find_first_of(", \t\r\n") == std::string_view::npos;
}

void WriteHdrLogInterval(const HdrLogInterval& interval, const SparseHistogram& histogram,
                         std::string& out) {
  if (!interval.tag.empty()) {
    CHECK(IsHdrLogTag(interval.tag));
    out += "Tag=";
    out += interval.tag;
    out += ',';
  }
  absl::StrAppendFormat(&out, "%.3f,%.3f,%.3f,", Seconds(interval.start_ms),
                        Seconds(interval.length_ms),
                        static_cast<double>(histogram.Max()) / kNanosPerMilli);
  out += absl::Base64Escape(base::ToAbsl(CompressHdrHistogram(histogram)));
  out += '\n';
}

}  // namespace corelane::loadgen
