// Writes a run that hdr_histogram_test.mjs knows nothing about into the folder it is given:
// run.hlog with the intervals, run.hgrm with the percentiles of the whole, and run.txt with what we
// say of the whole, a line for each: a name, or a percentile, and its value.

#include <cmath>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>

#include "base/histogram.h"
#include "base/random.h"
#include "loadgen/hdr_log.h"
#include "loadgen/hdr_text.h"
#include "loadgen/sparse_histogram.h"

namespace corelane {
namespace {

constexpr int64_t kStartUnixMillis = 1'700'000'000'250;
constexpr int64_t kIntervalMillis = 1000;
constexpr int kIntervals = 8;
constexpr int kValues = 60'000;  // of an interval

// Mostly around 100 us, with a tail that reaches seconds, and a few odd ones.
base::Histogram MakeInterval(uint64_t seed) {
  base::Random random(seed);
  base::Histogram histogram;
  for (int i = 0; i < kValues; ++i) {
    const double tail = std::pow(1 - random.Fraction(), -0.8);
    histogram.Record(static_cast<int64_t>(50'000 * (1 + random.Fraction()) * tail));
  }
  if (seed == 3) histogram.Record(base::Histogram::kHighestNanos);
  if (seed == 4) histogram.RecordMany(1, 100'000'000'000);
  return histogram;
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

std::string Figures(const base::Histogram& histogram) {
  std::string text = "count " + std::to_string(histogram.count()) + "\n";
  text += "min " + std::to_string(histogram.Min()) + "\n";
  text += "max " + std::to_string(histogram.Max()) + "\n";
  for (const char* percent : {"0", "10", "50", "90", "99", "99.9", "99.99", "99.9999", "100"}) {
    text += std::string(percent) + " " +
            std::to_string(histogram.ValueAtPercentile(std::stod(percent))) + "\n";
  }
  return text;
}

bool WriteRun(const std::string& folder, uint64_t first_seed) {
  base::Histogram whole;
  std::string log;
  loadgen::WriteHdrLogHeader(kStartUnixMillis, log);
  for (int i = 0; i < kIntervals; ++i) {
    const base::Histogram interval = MakeInterval(first_seed + static_cast<uint64_t>(i));
    whole.Merge(interval);
    const char* tag = i % 3 == 0 ? "" : i % 3 == 1 ? "read" : "update";
    loadgen::WriteHdrLogInterval({tag, i * kIntervalMillis, kIntervalMillis},
                                 loadgen::SparseHistogram(interval), log);
  }
  std::string text;
  loadgen::WriteHdrText(whole, {}, text);
  return Write(folder + "/run.hlog", log) && Write(folder + "/run.hgrm", text) &&
         Write(folder + "/run.txt", Figures(whole));
}

}  // namespace
}  // namespace corelane

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: hdr_files FOLDER SEED\n";
    return 2;
  }
  return corelane::WriteRun(argv[1], std::stoull(argv[2])) ? 0 : 1;
}
