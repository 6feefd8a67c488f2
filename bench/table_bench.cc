// The lane's table by itself: lookups one by one and in prefetched batches, inserts, overwrites,
// the longest single insert while it grows, and memory per key. Keys of 20 bytes, values of 64.
//
//   table-bench                                   all, 1 M and 10 M keys
//   LD_PRELOAD=libmimalloc.so.2 table-bench       with another malloc
//   table-bench --benchmark_filter=Memory         bytes per key, from the resident set
//
// Pin it (taskset -c 1) and repeat: neighbours on the machine share its caches.

#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "storage/striped_engine.h"

namespace corelane::storage {
namespace {

constexpr uint64_t kSeed = 0x5eed;
constexpr size_t kKeyBytes = 20;
constexpr size_t kValueBytes = 64;
constexpr size_t kQueries = 1 << 20;

// CPU time of this thread, system time included, so that a busy neighbour does not show as a stall
// of the table.
uint64_t ThreadCpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

class Key {
 public:
  explicit Key(uint64_t number) {
    bytes_.fill('0');
    for (size_t i = kKeyBytes; number > 0; number /= 10) {
      bytes_[--i] = static_cast<char>('0' + number % 10);
    }
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] HashedKey hashed() const { return {view(), base::KeyHash(view(), kSeed)}; }

 private:
  std::array<char, kKeyBytes> bytes_;
};

// A number that looks random and is never the same for two inputs below 2^64.
uint64_t Scatter(uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
  number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
  return number ^ (number >> 31);
}

kv::ValueView Value() {
  static constexpr std::array<char, kValueBytes> kBytes{};
  return {kv::ValueType::kString, {kBytes.data(), kBytes.size()}, kv::kNoExpiry, 1};
}

void Insert(Engine& engine, uint64_t number) {
  CHECK(engine.Put(Key(number).hashed(), Value()) == PutResult::kInserted);
}

std::unique_ptr<Engine> Filled(uint64_t keys) {
  auto engine = MakeStripedEngine(kSeed);
  for (uint64_t i = 0; i < keys; ++i) Insert(*engine, i);
  return engine;
}

// The keys to ask for, in no order, ready with their hashes: the router does that work before the
// table sees them.
struct Queries {
  explicit Queries(uint64_t keys_there) {
    keys.reserve(kQueries);
    hashes.reserve(kQueries);
    for (uint64_t i = 0; i < kQueries; ++i) {
      keys.emplace_back(Scatter(i) % keys_there);
      hashes.push_back(keys.back().hashed().hash);
    }
  }
  std::vector<Key> keys;
  std::vector<uint64_t> hashes;
};

// Argument 0: keys; argument 1: lookups a batch, 1 = no prefetch.
void GetHit(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  const auto batch = static_cast<size_t>(state.range(1));
  const auto engine = Filled(keys);
  const Queries queries(keys);
  size_t at = 0;
  uint64_t sum = 0;
  for (auto _ : state) {
    if (at + batch > kQueries) at = 0;
    if (batch > 1) engine->Prefetch(std::span(queries.hashes).subspan(at, batch));
    for (size_t i = at; i < at + batch; ++i) {
      kv::ValueView value;
      CHECK(engine->Get({queries.keys[i].view(), queries.hashes[i]}, 0, &value));
      // A server sends the value, so its last bytes count as well.
      sum += static_cast<uint8_t>(value.bytes.back());
    }
    at += batch;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

void PutOverwrite(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  const auto batch = static_cast<size_t>(state.range(1));
  const auto engine = Filled(keys);
  const Queries queries(keys);
  size_t at = 0;
  for (auto _ : state) {
    if (at + batch > kQueries) at = 0;
    if (batch > 1) engine->Prefetch(std::span(queries.hashes).subspan(at, batch));
    for (size_t i = at; i < at + batch; ++i) {
      CHECK(engine->Put({queries.keys[i].view(), queries.hashes[i]}, Value()) ==
            PutResult::kReplaced);
    }
    at += batch;
  }
  state.SetItemsProcessed(state.iterations() * state.range(1));
}

double PercentileUs(const std::vector<uint32_t>& sorted_ns, double part) {
  if (sorted_ns.empty()) return 0;
  const auto index = static_cast<size_t>(static_cast<double>(sorted_ns.size() - 1) * part);
  return sorted_ns[index] / 1000.0;
}

// From empty to so many keys, every insert timed (which adds some 200 ns to each). "split" are
// those inserts that split a stripe.
void PutInsert(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  std::vector<uint32_t> all_ns(keys);
  std::vector<uint32_t> split_ns;
  for (auto _ : state) {
    auto engine = std::make_unique<StripedEngine>(kSeed);
    uint64_t splits = 0;
    for (uint64_t i = 0; i < keys; ++i) {
      const uint64_t begin = ThreadCpuNs();
      Insert(*engine, i);
      all_ns[i] = static_cast<uint32_t>(ThreadCpuNs() - begin);
      if (engine->stripe_splits() == splits) continue;
      splits = engine->stripe_splits();
      split_ns.push_back(all_ns[i]);
    }
    state.PauseTiming();
    engine.reset();
    state.ResumeTiming();
  }
  std::sort(all_ns.begin(), all_ns.end());
  std::sort(split_ns.begin(), split_ns.end());
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["insert_p99.9_us"] = PercentileUs(all_ns, 0.999);
  state.counters["insert_max_us"] = PercentileUs(all_ns, 1);
  state.counters["split_p50_us"] = PercentileUs(split_ns, 0.5);
  state.counters["split_p99_us"] = PercentileUs(split_ns, 0.99);
  state.counters["split_max_us"] = PercentileUs(split_ns, 1);
}

uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total_pages = 0;
  uint64_t resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// Run it alone: what an earlier benchmark has freed is resident still, and would be used again for
// nothing.
void MemoryPerKey(benchmark::State& state) {
  const auto step = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    const uint64_t before = ResidentBytes();
    const auto engine = MakeStripedEngine(kSeed);
    for (uint64_t i = 0; i < 40 * step; ++i) {
      Insert(*engine, i);
      if ((i + 1) % step != 0 || i < 10 * step - 1) continue;
      const double per_key =
          static_cast<double>(ResidentBytes() - before) / static_cast<double>(i + 1);
      std::array<char, 32> name;
      std::snprintf(name.data(), name.size(), "keys_%05.2fM", static_cast<double>(i + 1) / 1e6);
      state.counters[name.data()] = per_key;
    }
  }
}

// A fixed number of batches: to find one out, the library would fill the table again and again.
constexpr int kBatches = 1 << 18;
BENCHMARK(GetHit)->ArgsProduct({{1'000'000, 10'000'000}, {1, 16, 32}})->Iterations(kBatches);
BENCHMARK(PutOverwrite)->ArgsProduct({{1'000'000, 10'000'000}, {1, 16}})->Iterations(kBatches);
// Without a clock around every insert.
void PutInsertPlain(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    auto engine = Filled(keys);
    state.PauseTiming();
    engine.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(PutInsertPlain)->Arg(1'000'000)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(PutInsert)->Arg(1'000'000)->Arg(10'000'000)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(MemoryPerKey)->Arg(100'000)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace corelane::storage

BENCHMARK_MAIN();
