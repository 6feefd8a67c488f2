#pragma once

// The intervals of a run in HdrHistogram's log format 1.2 (.hlog), which keeps every bucket of
// every interval: percentiles of any part of the run can be taken later, with the tools there are
// (HistogramLogProcessor, HistogramLogAnalyzer, hdr-histogram-js). A log is text:
//
//   #[Histogram log format version 1.2]
//   #[StartTime: 1700000000.250 (seconds since epoch), Tue Nov 14 22:13:20 UTC 2023]
//   #[BaseTime: 1700000000.250 (seconds since epoch)]
//   "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
//   Tag=read,0.000,1.000,20.319,HISTFAAAAB...
//
// Timestamps and lengths are in seconds, the first counted from the base time; the maximum is in
// milliseconds. `Tag=read,` is missing where there is no tag. The last field is base64 of
//
//   bytes  what, integers big-endian
//       4  1c849314: V2, compressed
//       4  length of what follows
//       n  zlib stream of:
//          4  1c849313: V2
//          4  length of the counts, in bytes
//          4  0: normalizing index offset
//          4  3: significant digits
//          8  1: lowest value that is told from zero
//          8  3,600,000,000,000: highest value, an hour in nanoseconds
//          8  1.0 as IEEE 754: ratio of values to what they mean
//          n  counts, from bucket 0 to that of the largest value
//
// A count c is the number 2c in LEB128, a run of z > 1 empty buckets 2z - 1 (zigzag of -z); the
// ninth byte of a LEB128 number has eight bits of it and is the last. So {1, 1, 3}, which is the
// counts 0 2 0 1, is 00 04 00 02.
//
// Pure: text into a string; no file, no clock. Any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "loadgen/sparse_histogram.h"

namespace corelane::loadgen {

// Appends the lines before the first interval; the time is that of the wall, since 1970.
void WriteHdrLogHeader(int64_t start_unix_ms, std::string& out);

struct HdrLogInterval {
  std::string_view tag = {};  // empty: none; without blanks, commas and ends of lines
  int64_t start_ms = 0;       // since the start of the header
  int64_t length_ms = 0;
};

// True for what may stand as a tag.
[[nodiscard]] bool IsHdrLogTag(std::string_view tag);

// Appends the line of one interval. A tag that is none is a bug of the caller.
void WriteHdrLogInterval(const HdrLogInterval& interval, const SparseHistogram& histogram,
                         std::string& out);

// The bytes that are compressed, and the bytes of the last field before base64.
[[nodiscard]] std::string EncodeHdrHistogram(const SparseHistogram& histogram);
[[nodiscard]] std::string CompressHdrHistogram(const SparseHistogram& histogram);

}  // namespace corelane::loadgen
