// What the data path allocates. This file replaces operator new for the whole
// test program, to count its calls; the entries come from malloc itself, and
// whether one of them was made anew shows in the address of its value.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "engine_test_util.h"
#include "storage/striped_engine.h"

namespace {

uint64_t& NewCalls() {
  thread_local uint64_t calls = 0;
  return calls;
}

}  // namespace

// Not inlined: gcc would see free() of what new made, and warn of a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++NewCalls();
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace corelane::storage {
namespace {

constexpr uint64_t kKeys = 20'000;

class Allocation : public testing::Test {
 protected:
  Allocation() : engine_(MakeStripedEngine(kTestSeed)) {
    for (uint64_t i = 0; i < kKeys; ++i) {
      keys_.push_back(KeyName(i));
      EXPECT_EQ(engine_->Put(Hashed(keys_.back()), Text("0123456789")), PutResult::kInserted);
    }
  }

  const char* AddressOf(const std::string& key) {
    kv::ValueView value;
    return engine_->Get(Hashed(key), 0, &value) ? value.bytes.data() : nullptr;
  }

  std::unique_ptr<Engine> engine_;
  std::vector<std::string> keys_;
};

TEST_F(Allocation, TheCounterCounts) {
  const uint64_t before = NewCalls();
  const std::vector<std::string> two(2, std::string(100, 'x'));
  EXPECT_GE(NewCalls() - before, 3u);
}

TEST_F(Allocation, ReadingAllocatesNothing) {
  const uint64_t before = NewCalls();
  uint64_t found = 0;
  for (const std::string& key : keys_) {
    const HashedKey hashed = Hashed(key);
    engine_->Prefetch({&hashed.hash, 1});
    kv::ValueView value;
    found += engine_->Get(hashed, 0, &value) ? 1 : 0;
    found += engine_->Get(Hashed("absent"), 0, &value) ? 1 : 0;
  }
  WalkCursor cursor = kWalkStart;
  do {
    cursor = engine_->VisitStripe(cursor, [&found](const EntryView&) { ++found; });
  } while (cursor != kWalkStart);
  EXPECT_EQ(NewCalls(), before);
  EXPECT_EQ(found, 2 * kKeys);
}

TEST_F(Allocation, OverwritingWithAsManyBytesKeepsTheEntry) {
  const char* const address = AddressOf(keys_[7]);
  const uint64_t before = NewCalls();
  ASSERT_EQ(engine_->Put(Hashed(keys_[7]), Text("9876543210")), PutResult::kReplaced);
  EXPECT_EQ(AddressOf(keys_[7]), address);
  EXPECT_EQ(NewCalls(), before);
}

TEST_F(Allocation, OverwritingWithMoreAllocatesTheEntryOnly) {
  const uint64_t before = NewCalls();
  const std::string_view longer = "a value that does not fit into the old place by far";
  for (const std::string& key : keys_) {
    ASSERT_EQ(engine_->Put(Hashed(key), Text(longer)), PutResult::kReplaced);
  }
  EXPECT_EQ(NewCalls(), before);
}

TEST_F(Allocation, ErasingAndPuttingBackAllocatesTheEntryOnly) {
  const uint64_t before = NewCalls();
  for (const std::string& key : keys_) {
    ASSERT_TRUE(engine_->Erase(Hashed(key), 0));
    ASSERT_EQ(engine_->Put(Hashed(key), Text("back")), PutResult::kInserted);
  }
  // A stripe that was full to the brim may rehash.
  EXPECT_LT(NewCalls() - before, kKeys / 100);
}

}  // namespace
}  // namespace corelane::storage
