// The latency histogram by itself: recording values spread as latencies are, reading a percentile,
// merging.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "base/histogram.h"
#include "base/random.h"

namespace corelane::bench {
namespace {

constexpr size_t kValues = 4096;  // a power of two

// Most of them around 100 µs, a few up to 100 ms.
std::array<int64_t, kValues> Latencies() {
  std::array<int64_t, kValues> latencies{};
  base::Random random(1);
  for (int64_t& latency : latencies) {
    latency = random.Between(50'000, 200'000);
    if (random.OneIn(100)) latency *= random.Between(2, 500);
  }
  return latencies;
}

base::Histogram Filled() {
  base::Histogram histogram;
  for (const int64_t latency : Latencies()) histogram.Record(latency);
  return histogram;
}

void Record(benchmark::State& state) {
  const std::array<int64_t, kValues> latencies = Latencies();
  base::Histogram histogram;
  size_t next = 0;
  for (auto _ : state) histogram.Record(latencies[next++ & (kValues - 1)]);
  benchmark::DoNotOptimize(histogram);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Record);

void Percentile(benchmark::State& state) {
  const base::Histogram histogram = Filled();
  for (auto _ : state) benchmark::DoNotOptimize(histogram.ValueAtPercentile(99.9));
}
BENCHMARK(Percentile);

void Merge(benchmark::State& state) {
  const base::Histogram histogram = Filled();
  base::Histogram sum;
  for (auto _ : state) sum.Merge(histogram);
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(Merge);

}  // namespace
}  // namespace corelane::bench

BENCHMARK_MAIN();
