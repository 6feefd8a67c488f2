// The codecs by themselves: decoding a pipeline of requests, and encoding as many replies, with
// 20-byte keys and 64-byte values. Time is per pipeline; items_per_second is per request. The
// requests are those of the load generator.
//
//   codec-bench --benchmark_filter=Decode

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/check.h"
#include "kv/request.h"
#include "kv/session.h"
#include "loadgen/wire.h"
#include "proto/codec.h"

namespace corelane::bench {
namespace {

constexpr std::string_view kKey = "key:0000000000000042";
constexpr size_t kValueBytes = 64;
constexpr size_t kRequestsMax = 1024;

// The arguments of every benchmark here.
struct Shape {
  explicit Shape(const benchmark::State& state)
      : resp(state.range(0) == 1),
        set(state.range(1) == 1),
        depth(static_cast<size_t>(state.range(2))) {}

  [[nodiscard]] std::unique_ptr<proto::Codec> MakeCodec() const {
    return proto::MakeCodec(resp ? proto::Protocol::kResp : proto::Protocol::kNative, {});
  }
  [[nodiscard]] std::string Pipeline() const {
    const std::unique_ptr<loadgen::Wire> wire =
        loadgen::MakeWire(resp ? loadgen::WireProtocol::kResp2 : loadgen::WireProtocol::kNative);
    const std::string value(kValueBytes, 'v');
    base::Buffer bytes;
    for (size_t i = 0; i < depth; ++i) {
      if (set) {
        wire->Write(kKey, value, 0, bytes);
      } else {
        wire->Read(kKey, bytes);
      }
    }
    return std::string(bytes.view());
  }

  bool resp;
  bool set;
  size_t depth;
};

void CountRequests(benchmark::State& state, const Shape& shape) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(shape.depth));
  state.SetLabel(std::string(shape.resp ? "RESP " : "native ") + (shape.set ? "SET" : "GET"));
}

void Decode(benchmark::State& state) {
  const Shape shape(state);
  const std::unique_ptr<proto::Codec> codec = shape.MakeCodec();
  const std::string bytes = shape.Pipeline();
  kv::RequestBatch batch;
  for (auto _ : state) {
    batch.Clear();
    const proto::DecodeResult result = codec->Decode(bytes, kRequestsMax, batch);
    CHECK(result.consumed == bytes.size());
    benchmark::DoNotOptimize(batch);
  }
  CHECK(batch.size() == shape.depth);
  CountRequests(state, shape);
}

// The replies carry the tags of requests that were decoded, since the native codec keeps the opcode
// there.
void Encode(benchmark::State& state) {
  const Shape shape(state);
  const std::unique_ptr<proto::Codec> codec = shape.MakeCodec();
  const std::string bytes = shape.Pipeline();
  const std::string value(kValueBytes, 'v');
  kv::RequestBatch batch;
  CHECK(codec->Decode(bytes, kRequestsMax, batch).consumed == bytes.size());
  const kv::Session session;
  base::Buffer out;
  for (auto _ : state) {
    out.Clear();
    for (size_t i = 0; i < shape.depth; ++i) {
      kv::ReplyWriter& reply = codec->BeginReply(batch[i].tag, session, out);
      if (shape.set) {
        reply.Ok();
      } else {
        reply.Bulk(value);
      }
      codec->EndReply();
    }
    benchmark::DoNotOptimize(out.data());
  }
  CountRequests(state, shape);
}

void Shapes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"resp", "set", "depth"})->ArgsProduct({{0, 1}, {0, 1}, {1, 16, 64}});
}

BENCHMARK(Decode)->Apply(Shapes);
BENCHMARK(Encode)->Apply(Shapes);

}  // namespace
}  // namespace corelane::bench

BENCHMARK_MAIN();
