#include "base/ring.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace corelane::base {
namespace {

TEST(Ring, IsAQueueWhateverItsLength) {
  Ring<int> ring;
  std::deque<int> model;
  Random random(7);
  for (int step = 0; step < 20'000; ++step) {
    // Longer and shorter in turns, so that it wraps at every capacity.
    const bool grows = step / 500 % 2 == 0;
    if (model.empty() || random.Uniform(10) < (grows ? 7 : 3)) {
      ring.Push(step);
      model.push_back(step);
    } else {
      ASSERT_EQ(ring.front(), model.front());
      ring.Pop();
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    if (!model.empty()) {
      const size_t index = random.Uniform(model.size());
      ASSERT_EQ(ring[index], model[index]);
    }
  }
  ring.Clear();
  EXPECT_TRUE(ring.empty());
  ring.Push(1);
  EXPECT_EQ(ring.front(), 1);
}

}  // namespace
}  // namespace corelane::base
