#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/random.h"

namespace corelane::base {
namespace {

TEST(BufferTest, StartsEmptyAndWithoutMemory) {
  Buffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_EQ(buffer.capacity(), 0u);
  EXPECT_EQ(buffer.view(), "");
  buffer.Append(std::string_view());
  buffer.Clear();
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(BufferTest, FillsAtTheEndAndEmptiesFromTheFront) {
  Buffer buffer;
  buffer.Append("hello ");
  buffer.Append('w');
  std::memcpy(buffer.Reserve(4), "orld", 4);
  EXPECT_EQ(buffer.view(), "hello w");
  buffer.Commit(4);
  EXPECT_EQ(buffer.view(), "hello world");
  buffer.Consume(6);
  EXPECT_EQ(buffer.view(), "world");
  buffer.Truncate(4);
  EXPECT_EQ(buffer.view(), "worl");
  buffer.Consume(4);
  EXPECT_TRUE(buffer.empty());
}

TEST(BufferTest, ABigBlockIsGivenBackWhenEmptyASmallOneIsKept) {
  Buffer buffer;
  buffer.Append(std::string(100, 'x'));
  buffer.Clear();
  EXPECT_GT(buffer.capacity(), 0u);
  buffer.Append(std::string(Buffer::kKeptBytesMax + 1, 'x'));
  buffer.Consume(Buffer::kKeptBytesMax);
  EXPECT_GT(buffer.capacity(), Buffer::kKeptBytesMax);
  buffer.Consume(1);
  EXPECT_EQ(buffer.capacity(), 0u);
  buffer.Append("again");
  EXPECT_EQ(buffer.view(), "again");
}

TEST(BufferTest, AQueueOfSteadyLengthStopsGrowing) {
  Buffer buffer;
  buffer.Append(std::string(1000, 'x'));
  for (int i = 0; i < 100'000; ++i) {
    buffer.Append("0123456789");
    buffer.Consume(10);
  }
  EXPECT_EQ(buffer.size(), 1000u);
  EXPECT_LE(buffer.capacity(), 8192u);
}

TEST(BufferTest, MovesItsBytes) {
  Buffer from;
  from.Append("abc");
  Buffer to = std::move(from);
  EXPECT_EQ(to.view(), "abc");
}

// What a moved-from buffer holds must not point into memory that another one owns by now.
TEST(BufferTest, MovedFromIsEmptyAndUsable) {
  Buffer from;
  from.Append("abc");
  Buffer to = std::move(from);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_EQ(from.capacity(), 0u);
  from.Append("new");
  EXPECT_EQ(from.view(), "new");
  EXPECT_EQ(to.view(), "abc");
  to = std::move(from);
  EXPECT_EQ(to.view(), "new");
}

TEST(BufferDeathTest, TakingMoreThanThereIsIsABug) {
  Buffer buffer;
  buffer.Append("abc");
  EXPECT_DEATH(buffer.Consume(4), "CHECK failed");
}

TEST(BufferTest, AgreesWithAModel) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Buffer buffer;
    std::string model;
    for (int step = 0; step < 2000; ++step) {
      const size_t length = random.Uniform(random.OneIn(50) ? 200'000 : 300);
      switch (random.Uniform(6)) {
        case 0:
        case 1: {
          const std::string bytes(length, static_cast<char>('a' + random.Uniform(26)));
          buffer.Append(bytes);
          model += bytes;
          break;
        }
        case 2: {
          // Reserves more than it commits.
          char* const room = buffer.Reserve(length + 10);
          ASSERT_GE(buffer.capacity(), buffer.size() + length + 10);
          std::memset(room, '#', length);
          buffer.Commit(length);
          model.append(length, '#');
          break;
        }
        case 3:
        case 4: {
          const size_t count = random.Uniform(model.size() + 1);
          buffer.Consume(count);
          model.erase(0, count);
          break;
        }
        default: {
          const size_t left = model.size() - random.Uniform(model.size() / 8 + 1);
          buffer.Truncate(left);
          model.resize(left);
          break;
        }
      }
      ASSERT_EQ(buffer.size(), model.size());
      ASSERT_EQ(buffer.view(), model);
    }
  }
}

}  // namespace
}  // namespace corelane::base
