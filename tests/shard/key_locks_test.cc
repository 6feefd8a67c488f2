#include "shard/key_locks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <vector>

namespace corelane::shard {
namespace {

class KeyLocksTest : public ::testing::Test {
 protected:
  LaneMessage* Make(MessageKind kind, std::initializer_list<uint64_t> hashes) {
    messages_.push_back(std::make_unique<LaneMessage>());
    messages_.back()->kind = kind;
    messages_.back()->key_hashes = hashes;
    return messages_.back().get();
  }
  LaneMessage* Lock(std::initializer_list<uint64_t> hashes) {
    return Make(MessageKind::kLock, hashes);
  }
  LaneMessage* Command(std::initializer_list<uint64_t> hashes) {
    return Make(MessageKind::kCommand, hashes);
  }
  LaneMessage* WholeLane() {
    LaneMessage* const message = Make(MessageKind::kLock, {});
    message->whole_lane = true;
    return message;
  }

  // Takes what is ready, ending the claims of commands as the shard does.
  std::vector<LaneMessage*> TakeReady() {
    std::vector<LaneMessage*> taken;
    while (!locks_.ready().empty()) {
      LaneMessage* const message = locks_.ready().Pop();
      if (message->kind == MessageKind::kCommand) locks_.Leave(*message);
      taken.push_back(message);
    }
    return taken;
  }

  std::vector<std::unique_ptr<LaneMessage>> messages_;
  KeyLocks locks_;
};

using Messages = std::vector<LaneMessage*>;

TEST_F(KeyLocksTest, CommandsOnFreeKeysLeaveNoTrace) {
  EXPECT_TRUE(locks_.Enter(Command({1, 2, 2})));
  EXPECT_TRUE(locks_.Quiet());
}

TEST_F(KeyLocksTest, WhoComesForAHeldKeyWaitsInOrder) {
  LaneMessage* const lock = Lock({1});
  LaneMessage* const first = Command({1});
  LaneMessage* const second = Command({1});
  EXPECT_TRUE(locks_.Enter(lock));
  EXPECT_FALSE(locks_.Enter(first));
  EXPECT_FALSE(locks_.Enter(second));
  EXPECT_TRUE(locks_.Enter(Command({2})));
  EXPECT_TRUE(locks_.ready().empty());
  locks_.Leave(*lock);
  EXPECT_EQ(TakeReady(), (Messages{first, second}));
  EXPECT_TRUE(locks_.Quiet());
}

TEST_F(KeyLocksTest, AWaiterClaimsAllItsKeysSoThatNobodyOvertakesIt) {
  LaneMessage* const lock = Lock({1});
  LaneMessage* const both = Command({1, 2});
  LaneMessage* const later = Command({2});
  EXPECT_TRUE(locks_.Enter(lock));
  EXPECT_FALSE(locks_.Enter(both));
  EXPECT_FALSE(locks_.Enter(later));
  locks_.Leave(*lock);
  EXPECT_EQ(TakeReady(), (Messages{both, later}));
}

TEST_F(KeyLocksTest, AKeyNamedTwiceIsOneKey) {
  LaneMessage* const lock = Lock({7});
  LaneMessage* const twice = Command({7, 7});
  EXPECT_TRUE(locks_.Enter(lock));
  EXPECT_FALSE(locks_.Enter(twice));
  locks_.Leave(*lock);
  EXPECT_EQ(TakeReady(), (Messages{twice}));
  EXPECT_TRUE(locks_.Quiet());
}

TEST_F(KeyLocksTest, LocksFollowEachOther) {
  LaneMessage* const first = Lock({1, 2});
  LaneMessage* const second = Lock({2, 3});
  LaneMessage* const third = Lock({3, 4});
  EXPECT_TRUE(locks_.Enter(first));
  EXPECT_FALSE(locks_.Enter(second));
  EXPECT_FALSE(locks_.Enter(third));
  locks_.Leave(*first);
  EXPECT_EQ(TakeReady(), (Messages{second}));
  locks_.Leave(*second);
  EXPECT_EQ(TakeReady(), (Messages{third}));
  locks_.Leave(*third);
  EXPECT_TRUE(locks_.Quiet());
}

TEST_F(KeyLocksTest, TheWholeLaneWaitsForAllBeforeAndHoldsUpAllBehind) {
  LaneMessage* const lock = Lock({1});
  LaneMessage* const whole = WholeLane();
  LaneMessage* const behind = Command({9});
  LaneMessage* const next_whole = WholeLane();
  LaneMessage* const last = Command({8});
  EXPECT_TRUE(locks_.Enter(lock));
  EXPECT_FALSE(locks_.Enter(whole));
  EXPECT_FALSE(locks_.Enter(behind));
  EXPECT_FALSE(locks_.Enter(next_whole));
  EXPECT_FALSE(locks_.Enter(last));
  locks_.Leave(*lock);
  EXPECT_EQ(TakeReady(), (Messages{whole}));
  locks_.Leave(*whole);
  // What has come out keeps its keys until it has run.
  EXPECT_EQ(locks_.ready().size(), 1U);
  EXPECT_FALSE(locks_.Quiet());
  EXPECT_EQ(TakeReady(), (Messages{behind, next_whole}));
  locks_.Leave(*next_whole);
  EXPECT_EQ(TakeReady(), (Messages{last}));
  EXPECT_TRUE(locks_.Quiet());
}

TEST_F(KeyLocksTest, StampsOnlyGrow) {
  const uint64_t keys[] = {uint64_t{1} << 20, uint64_t{2} << 20};
  const auto stamp_of = [&](size_t key) { return locks_.StampOf({&keys[key], 1}); };
  locks_.Stamp({&keys[0], 1}, 5);
  locks_.Stamp({&keys[0], 1}, 3);
  EXPECT_EQ(stamp_of(0), 5U);
  EXPECT_EQ(stamp_of(1), 0U);
  locks_.Stamp({}, 6);
  EXPECT_EQ(stamp_of(0), 6U);
  EXPECT_EQ(stamp_of(1), 6U);
}

}  // namespace
}  // namespace corelane::shard
