#include "loadgen/operation.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace corelane::loadgen {
namespace {

TEST(Operation, EachKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (uint32_t kind = 0; kind < kOpKinds; ++kind) names.insert(OpName(static_cast<OpKind>(kind)));
  EXPECT_EQ(names.size(), kOpKinds);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace corelane::loadgen
