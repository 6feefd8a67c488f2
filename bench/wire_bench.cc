// The generator's wires by themselves: writing requests, and reading the replies to them, in each
// protocol, with 20-byte keys and 64-byte values. The counter per_op is the time of one.
//
//   wire-bench --benchmark_filter=ReadReplies

#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/check.h"
#include "loadgen/canned_server.h"
#include "loadgen/wire.h"

namespace corelane::bench {
namespace {

constexpr std::string_view kKey = "key:0000000000000000";
constexpr size_t kValueBytes = 64;
// In one go: enough that looking at the clock costs nothing, and few enough that a buffer keeps its
// block (base::Buffer::kKeptBytesMax).
constexpr size_t kRequests = 400;

loadgen::WireProtocol ProtocolOf(const benchmark::State& state) {
  return static_cast<loadgen::WireProtocol>(state.range(0));
}

void CountOperations(benchmark::State& state) {
  const auto operations = static_cast<double>(state.iterations()) * double{kRequests};
  state.counters["per_op"] =
      benchmark::Counter(operations, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetLabel(std::string(loadgen::WireScheme(ProtocolOf(state))));
}

// Times `work`, and nothing of what an iteration does around it.
template <typename Work>
void Time(benchmark::State& state, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  state.SetIterationTime(took.count());
}

// A wire remembers what it has asked, so that a new one is needed when it was not answered.
template <typename Write>
void WriteRequests(benchmark::State& state, const Write& write) {
  base::Buffer out;
  for (auto _ : state) {
    const std::unique_ptr<loadgen::Wire> wire = loadgen::MakeWire(ProtocolOf(state));
    out.Clear();
    Time(state, [&] {
      for (size_t i = 0; i < kRequests; ++i) write(*wire, out);
    });
    benchmark::DoNotOptimize(out.data());
    CHECK(out.size() <= base::Buffer::kKeptBytesMax);
  }
  CountOperations(state);
}

void WriteReads(benchmark::State& state) {
  WriteRequests(state, [](loadgen::Wire& wire, base::Buffer& out) { wire.Read(kKey, out); });
}

void WriteWrites(benchmark::State& state) {
  const std::string value(kValueBytes, 'v');
  WriteRequests(state,
                [&](loadgen::Wire& wire, base::Buffer& out) { wire.Write(kKey, value, 0, out); });
}

void ReadReplies(benchmark::State& state) {
  const std::unique_ptr<loadgen::Wire> wire = loadgen::MakeWire(ProtocolOf(state));
  const std::string reply = loadgen::CannedRead(ProtocolOf(state), kKey, kValueBytes).reply;
  std::string replies;
  for (size_t i = 0; i < kRequests; ++i) replies += reply;
  base::Buffer out;
  for (auto _ : state) {
    out.Clear();
    for (size_t i = 0; i < kRequests; ++i) wire->Read(kKey, out);
    Time(state, [&] {
      for (std::string_view in = replies; !in.empty();) {
        loadgen::WireReply seen;
        CHECK(wire->Next(in, seen) == proto::ReplyState::kDone);
        CHECK(seen.outcome == loadgen::Outcome::kHit);
        in.remove_prefix(seen.bytes);
      }
    });
  }
  CountOperations(state);
}

void Protocols(benchmark::internal::Benchmark* benchmark) {
  using loadgen::WireProtocol;
  benchmark->UseManualTime()->ArgName("wire");
  for (const WireProtocol protocol :
       {WireProtocol::kNative, WireProtocol::kResp2, WireProtocol::kResp3,
        WireProtocol::kMemcacheText, WireProtocol::kMemcacheMeta, WireProtocol::kJson}) {
    benchmark->Arg(static_cast<int64_t>(protocol));
  }
}

BENCHMARK(WriteReads)->Apply(Protocols);
BENCHMARK(WriteWrites)->Apply(Protocols);
BENCHMARK(ReadReplies)->Apply(Protocols);

}  // namespace
}  // namespace corelane::bench

BENCHMARK_MAIN();
