#include "base/spsc_queue.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace corelane::base {
namespace {

struct Message {
  uint64_t sequence = 0;
  uint64_t check = 0;
};

Message MessageOf(uint64_t sequence) { return {sequence, sequence * 0x9e3779b97f4a7c15u}; }

TEST(SpscQueueTest, PushedIsInvisibleUntilPublished) {
  SpscQueue<int> queue(4);
  EXPECT_TRUE(queue.TryPush(7));
  EXPECT_TRUE(queue.TryPush(8));
  EXPECT_EQ(queue.unpublished(), 2u);
  EXPECT_TRUE(queue.Empty());
  EXPECT_EQ(queue.Front(), nullptr);

  EXPECT_TRUE(queue.Publish());
  EXPECT_EQ(queue.unpublished(), 0u);
  EXPECT_FALSE(queue.Empty());
  ASSERT_NE(queue.Front(), nullptr);
  EXPECT_EQ(*queue.Front(), 7);
  queue.Pop();
  EXPECT_EQ(*queue.Front(), 8);
  queue.Pop();
  EXPECT_EQ(queue.Front(), nullptr);
  EXPECT_TRUE(queue.Empty());
}

TEST(SpscQueueTest, PublishOfNothingDoesNothing) {
  SpscQueue<int> queue(2);
  EXPECT_FALSE(queue.Publish());
  ASSERT_TRUE(queue.TryPush(1));
  EXPECT_TRUE(queue.Publish());
  EXPECT_FALSE(queue.Publish());
}

TEST(SpscQueueTest, FullRefusesAndHealsWhenTaken) {
  SpscQueue<int> queue(4);
  EXPECT_EQ(queue.capacity(), 4u);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.TryPush(i));
  EXPECT_FALSE(queue.TryPush(4));
  EXPECT_EQ(queue.unpublished(), 4u);
  queue.Publish();
  EXPECT_FALSE(queue.TryPush(4));
  ASSERT_EQ(*queue.Front(), 0);
  queue.Pop();
  EXPECT_TRUE(queue.TryPush(4));
  EXPECT_FALSE(queue.TryPush(5));
  queue.Publish();
  for (int i = 1; i <= 4; ++i) {
    ASSERT_NE(queue.Front(), nullptr);
    EXPECT_EQ(*queue.Front(), i);
    queue.Pop();
  }
}

TEST(SpscQueueTest, PopBatchTakesWhatFits) {
  SpscQueue<int> queue(8);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(queue.TryPush(i));
  std::array<int, 3> out{};
  EXPECT_EQ(queue.PopBatch(out), 0u);
  queue.Publish();
  EXPECT_EQ(queue.PopBatch(out), 3u);
  EXPECT_EQ(out, (std::array<int, 3>{0, 1, 2}));
  EXPECT_EQ(queue.PopBatch(out), 2u);
  EXPECT_EQ(out[0], 3);
  EXPECT_EQ(out[1], 4);
  EXPECT_EQ(queue.PopBatch(out), 0u);
}

TEST(SpscQueueTest, CapacityOfOne) {
  SpscQueue<int> queue(1);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(queue.TryPush(i));
    ASSERT_FALSE(queue.TryPush(i));
    queue.Publish();
    ASSERT_EQ(*queue.Front(), i);
    queue.Pop();
  }
}

TEST(SpscQueueDeathTest, CapacityMustBeAPowerOfTwo) {
  EXPECT_DEATH({ SpscQueue<int> queue(6); }, "CHECK failed");
  EXPECT_DEATH({ SpscQueue<int> queue(0); }, "CHECK failed");
}

TEST(SpscQueueDeathTest, PopOfNothingIsABug) {
  SpscQueue<int> queue(2);
  EXPECT_DEATH(queue.Pop(), "CHECK failed");
}

// The producer publishes in runs of changing length, the consumer alternates between its two ways
// of taking; every message arrives whole, once and in order. The small ring makes both sides run
// into their limit all the time.
TEST(SpscQueueTest, TwoThreadsKeepOrderAndContent) {
  constexpr uint64_t kMessages = 200'000;
  SpscQueue<Message> queue(64);
  std::thread producer([&queue] {
    for (uint64_t sequence = 0; sequence < kMessages; ++sequence) {
      while (!queue.TryPush(MessageOf(sequence))) {
        queue.Publish();
        std::this_thread::yield();
      }
      if (queue.unpublished() > sequence % 17) queue.Publish();
    }
    queue.Publish();
  });

  std::array<Message, 16> batch;
  uint64_t expected = 0;
  uint64_t wrong = 0;
  const auto take = [&](const Message& message) {
    const Message right = MessageOf(expected++);
    if (message.sequence != right.sequence || message.check != right.check) ++wrong;
  };
  while (expected < kMessages) {
    if (const Message* front = queue.Front(); front != nullptr) {
      take(*front);
      queue.Pop();
    }
    const size_t count = queue.PopBatch(batch);
    for (size_t i = 0; i < count; ++i) take(batch[i]);
    if (count == 0) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(queue.Empty());
}

// The sleeping protocol of the header, with the futex of std::atomic as the doorbell: a missed
// wake-up hangs the test.
TEST(SpscQueueTest, ASleeperIsAlwaysWoken) {
  constexpr uint64_t kMessages = 20'000;
  SpscQueue<uint64_t> queue(8);
  std::atomic<int> sleeping{0};
  std::thread producer([&] {
    for (uint64_t sequence = 0; sequence < kMessages; ++sequence) {
      while (!queue.TryPush(sequence)) std::this_thread::yield();
      queue.Publish();
      // An exchange stands for the fence: TSan does not model fences.
      if (sleeping.exchange(0) == 1) sleeping.notify_one();
    }
  });
  for (uint64_t expected = 0; expected < kMessages;) {
    if (const uint64_t* front = queue.Front(); front != nullptr) {
      EXPECT_EQ(*front, expected++);
      queue.Pop();
      continue;
    }
    sleeping.exchange(1);
    if (queue.Empty()) sleeping.wait(1);
  }
  producer.join();
}

}  // namespace
}  // namespace corelane::base
