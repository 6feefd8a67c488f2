// What a request allocates between its bytes and the bytes of its reply: nothing but the entry it
// stores. The linker leads every malloc of the program through the counters here, and operator new
// is replaced, so that what the standard library allocates for us is seen as well.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "base/buffer.h"
#include "proto/codec.h"
#include "shard/shard_harness.h"

extern "C" {
// The names are the linker's (ld --wrap).
void* __real_malloc(size_t bytes);                 // NOLINT
void* __real_realloc(void* memory, size_t bytes);  // NOLINT
void* __wrap_malloc(size_t bytes);                 // NOLINT
void* __wrap_realloc(void* memory, size_t bytes);  // NOLINT
}

namespace {

uint64_t& Allocations() {
  thread_local uint64_t allocations = 0;
  return allocations;
}

}  // namespace

void* __wrap_malloc(size_t bytes) {  // NOLINT
  ++Allocations();
  return __real_malloc(bytes);
}
void* __wrap_realloc(void* memory, size_t bytes) {  // NOLINT
  ++Allocations();
  return __real_realloc(memory, bytes);
}

// Not inlined: gcc would see free() of what new made, and warn of a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) {
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace corelane::shard {
namespace {

constexpr uint64_t kRequests = 10'000;
constexpr size_t kTogether = 32;

// A connection without a socket: bytes in, bytes out, with buffers that live as long as it does.
class Wire final : public Submitter {
 public:
  explicit Wire(proto::Protocol protocol) : codec_(proto::MakeCodec(protocol, {})) {}

  void Run(Shard& shard, std::string_view bytes) {
    while (!bytes.empty()) {
      batch_.Clear();
      const proto::DecodeResult result = codec_->Decode(bytes, kTogether, batch_.requests);
      ASSERT_NE(result.state, proto::DecodeState::kError);
      ASSERT_GT(result.consumed, size_t{0});
      bytes.remove_prefix(result.consumed);
      shard.Plan(batch_);
      shard.Prefetch({&batch_, 1});
      shard.Execute(batch_, *this);
      reply_bytes_ += out_.size();
      out_.Clear();
    }
  }

  [[nodiscard]] size_t reply_bytes() const { return reply_bytes_; }

  kv::ReplyWriter& BeginReply(uint32_t tag) override {
    return codec_->BeginReply(tag, session, out_);
  }
  void EndReply() override { codec_->EndReply(); }
  void OnProgress() override {}

 private:
  const std::unique_ptr<proto::Codec> codec_;
  PlannedBatch batch_;
  base::Buffer out_;
  size_t reply_bytes_ = 0;
};

std::string Bulk(const std::string& word) {
  return "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
}

std::string Gets() {
  std::string bytes;
  for (uint64_t i = 0; i < kRequests; ++i) {
    bytes += "*2\r\n" + Bulk("GET") + Bulk("key" + std::to_string(i));
  }
  return bytes;
}

std::string Sets(const std::string& value) {
  std::string bytes;
  for (uint64_t i = 0; i < kRequests; ++i) {
    bytes += "*3\r\n" + Bulk("SET") + Bulk("key" + std::to_string(i)) + Bulk(value);
  }
  return bytes;
}

class AllocationTest : public testing::Test {
 protected:
  uint64_t AllocationsOf(std::string_view bytes) {
    const uint64_t before = Allocations();
    wire_.Run(lanes_[0], bytes);
    return Allocations() - before;
  }

  Lanes lanes_{1};
  Wire wire_{proto::Protocol::kResp};
};

TEST_F(AllocationTest, TheCounterCounts) {
  const uint64_t before = Allocations();
  // Called by their names: of new expressions the compiler may make nothing.
  void* const by_new = ::operator new(100);
  EXPECT_EQ(Allocations() - before, 1u);
  ::operator delete(by_new);
  std::string grown(100, 'x');
  grown.reserve(10'000);
  EXPECT_GE(Allocations() - before, 2u);
}

TEST_F(AllocationTest, ANewKeyIsOneAllocation) {
  const uint64_t allocations = AllocationsOf(Sets(std::string(64, 'v')));
  EXPECT_GE(allocations, kRequests);
  // The sets of the table's stripes grow now and then.
  EXPECT_LT(allocations, kRequests + kRequests / 4);
}

TEST_F(AllocationTest, AnOverwriteOfTheSameSizeIsNone) {
  AllocationsOf(Sets(std::string(64, 'v')));
  EXPECT_EQ(AllocationsOf(Sets(std::string(64, 'w'))), 0u);
}

TEST_F(AllocationTest, AReadIsNone) {
  AllocationsOf(Sets(std::string(64, 'v')));
  AllocationsOf(Gets());  // the buffers have grown to what they need
  const size_t before = wire_.reply_bytes();
  EXPECT_EQ(AllocationsOf(Gets()), 0u);
  EXPECT_EQ(wire_.reply_bytes() - before, kRequests * Bulk(std::string(64, 'v')).size());
}

}  // namespace
}  // namespace corelane::shard
