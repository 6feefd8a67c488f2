#include "io/hangup_patrol.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "harness.h"

namespace corelane::io {
namespace {

using HangupPatrolTest = ReactorTest;

void Reset(UniqueFd& fd) {
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  fd = UniqueFd();
}

TEST_P(HangupPatrolTest, TouchesWhatHasHungUpAndNothingElse) {
  HangupPatrol patrol;
  // More than one round looks at.
  constexpr size_t kPairs = HangupPatrol::kSocketsPerRound + 7;
  std::vector<std::pair<UniqueFd, UniqueFd>> pairs;
  std::vector<OpState> states(kPairs);
  for (OpState& state : states) {
    pairs.push_back(TcpPair());
    state.fd = pairs.back().second.get();
    patrol.Add(state);
  }
  EXPECT_EQ(patrol.Round(), 0U);
  ASSERT_EQ(::send(pairs[3].first.get(), "x", 1, 0), 1);
  EXPECT_EQ(patrol.Round() + patrol.Round(), 0U);

  Reset(pairs[2].first);
  Reset(pairs[kPairs - 1].first);
  EXPECT_GE(patrol.Round() + patrol.Round(), 2U);

  // What was sent before an orderly end can still be read.
  pairs[3].first = UniqueFd();
  EXPECT_GE(patrol.Round() + patrol.Round(), 1U);
  char byte = 0;
  EXPECT_EQ(::recv(pairs[3].second.get(), &byte, 1, 0), 1);
  EXPECT_EQ(::recv(pairs[3].second.get(), &byte, 1, 0), 0);

  for (OpState& state : states) patrol.Remove(state);
  EXPECT_TRUE(patrol.empty());
  EXPECT_EQ(patrol.Round(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Io, HangupPatrolTest, ::testing::Values(BackEnd::kEpoll), BackEndTestName);

}  // namespace
}  // namespace corelane::io
