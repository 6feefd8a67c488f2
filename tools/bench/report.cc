#include "bench/report.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "loadgen/units.h"

namespace corelane::tools {
namespace {

// What was published for the original of the suite, measured on its machine. Only good for a rough
// comparison.
struct Published {
  double operations_per_s;
  double p50_us;
  double p95_us;
  double p99_us;
};
constexpr Published kPublishedPut = {47'832, 18, 31, 52};
constexpr Published kPublishedGet = {62'419, 13, 24, 39};
constexpr double kPublishedBatchedPerSecond = 145'920;
constexpr double kPublishedBytesPerKey = 108;

constexpr int kBarColumns = 40;

using loadgen::Micros;

double PercentileMicros(const RunReport& run, double percent) {
  return Micros(run.latency_ns.ValueAtPercentile(percent));
}

// 1234567 -> "1,234,567"
std::string Grouped(double number) {
  std::string digits = absl::StrFormat("%.0f", number);
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

void AppendRun(std::string& text, std::string_view name, const RunReport& run) {
  absl::StrAppendFormat(&text, "%-22s %12s %12s %10.1f %10.1f %10.1f\n", std::string(name),
                        Grouped(static_cast<double>(run.operations)),
                        Grouped(run.OperationsPerSecond()), PercentileMicros(run, 50),
                        PercentileMicros(run, 95), PercentileMicros(run, 99));
}

void AppendPublished(std::string& text, const Published& published) {
  absl::StrAppendFormat(&text, "%-22s %12s %12s %10.1f %10.1f %10.1f\n", "  published*", "10,000",
                        Grouped(published.operations_per_s), published.p50_us, published.p95_us,
                        published.p99_us);
}

std::string BucketName(size_t bucket) {
  const auto& bounds = LatencyBuckets::kBoundsMicros;
  if (bucket == bounds.size()) {
    return absl::StrFormat("> %s us", Grouped(static_cast<double>(bounds.back())));
  }
  return absl::StrFormat("<= %s us", Grouped(static_cast<double>(bounds[bucket])));
}

void AppendBuckets(std::string& text, std::string_view name, const LatencyBuckets& buckets) {
  absl::StrAppendFormat(&text, "\nlatency of %s\n", std::string(name));
  for (size_t i = 0; i < LatencyBuckets::kCount; ++i) {
    const double percent = buckets.Percent(i);
    const std::string bar(static_cast<size_t>(std::lround(percent * kBarColumns / 100)), '#');
    absl::StrAppendFormat(&text, "  %12s %10s %7.2f %%  %s\n", BucketName(i),
                          Grouped(static_cast<double>(buckets.count(i))), percent, bar);
    while (text.ends_with(" \n")) text.erase(text.size() - 2, 1);
  }
}

void AppendMemory(std::string& text, const ClassicReport& report) {
  if (!report.memory.has_value()) {
    absl::StrAppendFormat(&text, "\nmemory per key: %s\n", report.memory_note);
    return;
  }
  const MemoryReport& memory = *report.memory;
  absl::StrAppendFormat(
      &text,
      "\nmemory per key: %.1f bytes (%s keys of %d bytes with %d-byte values)\n"
      "  growth of the server's %s\n  published*: about %.0f bytes, an estimate\n",
      memory.BytesPerKey(), Grouped(static_cast<double>(memory.keys)), memory.key_bytes,
      report.options.value_bytes,
      memory.anonymous ? "memory, without the mapped files of its log"
                       : "resident memory, the mapped files of its log included",
      kPublishedBytesPerKey);
}

void AppendRunJson(std::string& json, std::string_view name, const RunReport& run) {
  absl::StrAppendFormat(
      &json,
      "  \"%s\": {\"operations\": %d, \"seconds\": %.6f, \"operations_per_s\": %.1f,\n"
      "    \"p50_us\": %.1f, \"p95_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f,\n"
      "    \"histogram\": [",
      std::string(name), run.operations, run.seconds, run.OperationsPerSecond(),
      PercentileMicros(run, 50), PercentileMicros(run, 95), PercentileMicros(run, 99),
      Micros(run.latency_ns.Max()));
  for (size_t i = 0; i < LatencyBuckets::kCount; ++i) {
    const bool rest = i == LatencyBuckets::kBoundsMicros.size();
    const std::string bound =
        rest ? "null" : absl::StrFormat("%d", LatencyBuckets::kBoundsMicros[i]);
    absl::StrAppendFormat(&json, "%s{\"up_to_us\": %s, \"count\": %d, \"percent\": %.4f}",
                          i == 0 ? "" : ",\n      ", bound, run.buckets.count(i),
                          run.buckets.Percent(i));
  }
  json += "]},\n";
}

// Quotes a text; everything below a blank is escaped.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      absl::StrAppendFormat(&quoted, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace

std::string ReportText(const ClassicReport& report, std::string_view target) {
  std::string text;
  absl::StrAppendFormat(&text, "classic suite on %s, %d-byte values, one connection\n\n",
                        std::string(target), report.options.value_bytes);
  absl::StrAppendFormat(&text, "%-22s %12s %12s %10s %10s %10s\n", "", "operations", "ops/s",
                        "p50 us", "p95 us", "p99 us");
  AppendRun(text, "PUT, sequential", report.puts);
  AppendPublished(text, kPublishedPut);
  AppendRun(text, "GET, sequential", report.gets);
  AppendPublished(text, kPublishedGet);
  AppendRun(text, "PUT, in batches**", report.batches);
  absl::StrAppendFormat(&text, "%-22s %12s %12s\n", "  published*", "10,000",
                        Grouped(kPublishedBatchedPerSecond));
  absl::StrAppendFormat(&text,
                        "\n*  for the original of this suite, on its own machine\n"
                        "** ops/s is effective; the latencies are those of a batch of %s\n",
                        Grouped(static_cast<double>(report.options.batch)));
  AppendBuckets(text, "sequential PUTs", report.puts.buckets);
  AppendBuckets(text, "sequential GETs", report.gets.buckets);
  AppendMemory(text, report);
  return text;
}

std::string ReportJson(const ClassicReport& report, std::string_view target) {
  std::string json = "{\n";
  absl::StrAppendFormat(&json, "  \"target\": %s,\n  \"value_bytes\": %d,\n  \"batch\": %d,\n",
                        Quoted(target), report.options.value_bytes, report.options.batch);
  AppendRunJson(json, "put", report.puts);
  AppendRunJson(json, "get", report.gets);
  AppendRunJson(json, "batched_put", report.batches);
  if (report.memory.has_value()) {
    absl::StrAppendFormat(&json,
                          "  \"memory\": {\"keys\": %d, \"key_bytes\": %d, \"resident_before\": %d,"
                          " \"resident_after\": %d, \"bytes_per_key\": %.1f}\n",
                          report.memory->keys, report.memory->key_bytes,
                          report.memory->resident_before, report.memory->resident_after,
                          report.memory->BytesPerKey());
  } else {
    absl::StrAppendFormat(&json, "  \"memory\": null,\n  \"memory_note\": %s\n",
                          Quoted(report.memory_note));
  }
  return json + "}\n";
}

}  // namespace corelane::tools
