#include "kv/request.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace corelane::kv {
namespace {

std::vector<std::string_view> ArgsOf(const Request& request) {
  return {request.args.begin(), request.args.end()};
}

TEST(RequestBatchTest, KeepsRequestsApart) {
  RequestBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.Arg("key");
  batch.Finish("GET", 1);
  batch.Finish("PING", 2, SpelledBy::kClient);
  batch.Arg("key");
  batch.Arg("");
  batch.Finish("SET", 3);
  ASSERT_EQ(batch.size(), 3u);
  EXPECT_EQ(batch[0].command, "GET");
  EXPECT_EQ(batch[0].tag, 1u);
  EXPECT_EQ(ArgsOf(batch[0]), (std::vector<std::string_view>{"key"}));
  EXPECT_EQ(batch[0].spelled_by, SpelledBy::kCodec);
  EXPECT_EQ(batch[1].spelled_by, SpelledBy::kClient);
  EXPECT_EQ(batch[1].command, "PING");
  EXPECT_TRUE(batch[1].args.empty());
  EXPECT_EQ(batch[2].tag, 3u);
  EXPECT_EQ(ArgsOf(batch[2]), (std::vector<std::string_view>{"key", ""}));
}

TEST(RequestBatchTest, DropsWhatWasNotFinished) {
  RequestBatch batch;
  batch.Arg("lost");
  batch.DropUnfinished();
  batch.Arg("a");
  batch.Finish("GET", 0);
  batch.Arg("half");
  batch.Arg("more");
  batch.DropUnfinished();
  batch.DropUnfinished();
  batch.Arg("b");
  batch.Finish("DEL", 0);
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(ArgsOf(batch[0]), (std::vector<std::string_view>{"a"}));
  EXPECT_EQ(ArgsOf(batch[1]), (std::vector<std::string_view>{"b"}));
}

// The arguments array grows while the batch is built; earlier requests must follow it.
TEST(RequestBatchTest, SurvivesGrowthAndReuse) {
  RequestBatch batch;
  for (int round = 0; round < 2; ++round) {
    batch.Clear();
    EXPECT_TRUE(batch.empty());
    for (uint32_t i = 0; i < 1000; ++i) {
      for (uint32_t arg = 0; arg < i % 5; ++arg) batch.Arg("arg");
      batch.Finish("X", i);
    }
    for (uint32_t i = 0; i < 1000; ++i) {
      ASSERT_EQ(batch[i].tag, i);
      ASSERT_EQ(batch[i].args.size(), i % 5);
      for (const std::string_view arg : batch[i].args) ASSERT_EQ(arg, "arg");
    }
  }
}

}  // namespace
}  // namespace corelane::kv
