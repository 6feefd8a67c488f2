#include "loadgen/hdr_log.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "absl/strings/escaping.h"
#include "base/absl_view.h"
#include "base/histogram.h"

namespace corelane::loadgen {
namespace {

using base::Histogram;

std::string Hex(std::string_view bytes) { return absl::BytesToHexString(base::ToAbsl(bytes)); }

// The bytes from the front of the encoding to the counts, whose length is `counts_bytes`.
std::string HeaderHex(const std::string& counts_bytes) {
  return "1c849313" + counts_bytes +
         "00000000"          // normalizing index offset
         "00000003"          // significant digits
         "0000000000000001"  // lowest
         "00000346"
         "30b8a000"           // highest: 3.6e12
         "3ff0000000000000";  // 1.0
}

std::string Inflate(std::string_view compressed) {
  std::string bytes(1 << 20, '\0');
  uLongf size = bytes.size();
  const int result =
      uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                 reinterpret_cast<const Bytef*>(compressed.data()), compressed.size());
  EXPECT_EQ(result, Z_OK);
  bytes.resize(size);
  return bytes;
}

TEST(HdrLogTest, EmptyHistogramIsOneEmptyBucket) {
  EXPECT_EQ(Hex(EncodeHdrHistogram(SparseHistogram())), HeaderHex("00000001") + "00");
}

TEST(HdrLogTest, GoldenBytes) {
  Histogram histogram;
  histogram.RecordMany(1, 2);
  histogram.Record(3);
  // 0 2 0 1: the example of the header.
  EXPECT_EQ(Hex(EncodeHdrHistogram(SparseHistogram(histogram))),
            HeaderHex("00000004") + "00040002");
  // 64 takes two bytes; then a run of 96 empty buckets (2 * 96 - 1 = 191 = bf 01), and two values
  // in bucket 1 * 1024 + 2'050 / 2 = 2049, behind 1948 empty ones (3895 = b7 1e).
  histogram.RecordMany(3, 63);
  histogram.Record(100);
  histogram.RecordMany(2'051, 2);
  EXPECT_EQ(Hex(EncodeHdrHistogram(SparseHistogram(histogram))), HeaderHex("0000000b") +
                                                                     "0004008001"
                                                                     "bf01"
                                                                     "02"
                                                                     "b71e"
                                                                     "04");
}

// 2^63 - 1 is the largest count that zigzag can say; its nine bytes end in one of eight bits.
TEST(HdrLogTest, LongestNumber) {
  Histogram histogram;
  histogram.RecordMany(1, INT64_MAX);
  EXPECT_EQ(Hex(EncodeHdrHistogram(SparseHistogram(histogram))), HeaderHex("0000000a") +
                                                                     "00"
                                                                     "feffffffffffffffff");
}

TEST(HdrLogTest, CompressedBytesHoldTheEncoded) {
  Histogram histogram;
  for (int64_t value = 1; value < 5'000'000; value += 997) histogram.Record(value);
  const SparseHistogram sparse(histogram);
  const std::string field = CompressHdrHistogram(sparse);
  ASSERT_GT(field.size(), 8u);
  EXPECT_EQ(Hex(field.substr(0, 4)), "1c849314");
  const size_t length =
      static_cast<unsigned char>(field[6]) * size_t{256} + static_cast<unsigned char>(field[7]);
  EXPECT_EQ(length, field.size() - 8);
  EXPECT_EQ(Hex(Inflate(std::string_view(field).substr(8))), Hex(EncodeHdrHistogram(sparse)));
}

TEST(HdrLogTest, Header) {
  std::string text;
  WriteHdrLogHeader(1'700'000'000'250, text);
  EXPECT_EQ(text,
            "#[Histogram log format version 1.2]\n"
            "#[StartTime: 1700000000.250 (seconds since epoch), Tue Nov 14 22:13:20 UTC 2023]\n"
            "#[BaseTime: 1700000000.250 (seconds since epoch)]\n"
            "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
            "\"Interval_Compressed_Histogram\"\n");
}

TEST(HdrLogTest, LinesOfIntervals) {
  Histogram histogram;
  histogram.Record(20'319'000);
  const SparseHistogram sparse(histogram);
  std::string payload;
  payload =
      std::string(base::FromAbsl(absl::Base64Escape(base::ToAbsl(CompressHdrHistogram(sparse)))));
  // Every log there is has these letters here: the base64 of the cookie.
  EXPECT_EQ(payload.substr(0, 5), "HISTF");
  std::string text;
  WriteHdrLogInterval({.start_ms = 2000, .length_ms = 1007}, sparse, text);
  EXPECT_EQ(text, "2.000,1.007,20.319," + payload + "\n");
  text.clear();
  WriteHdrLogInterval({.tag = "read", .start_ms = 0, .length_ms = 1000}, sparse, text);
  EXPECT_EQ(text, "Tag=read,0.000,1.000,20.319," + payload + "\n");
}

TEST(HdrLogTest, Tags) {
  EXPECT_TRUE(IsHdrLogTag("read"));
  EXPECT_TRUE(IsHdrLogTag("read-modify-write"));
  for (const char* bad : {"", "a,b", "a b", "a\n", "a\r", "\tb"}) EXPECT_FALSE(IsHdrLogTag(bad));
}

TEST(HdrLogDeathTest, ATagThatIsNone) {
  std::string text;
  EXPECT_DEATH(WriteHdrLogInterval({.tag = "a,b"}, SparseHistogram(), text), "IsHdrLogTag");
}

}  // namespace
}  // namespace corelane::loadgen
