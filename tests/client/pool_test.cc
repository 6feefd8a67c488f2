// The pool, from one thread and from many.

#include <corelane/pool.h>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test_server.h"
#include "test_store.h"

namespace corelane::client {
namespace {

class PoolTest : public testing::Test {
 protected:
  ClientPoolOptions Options(size_t connections_max) const {
    return {.client = server_.Options(),
            .connections_max = connections_max,
            .acquire_timeout_ms = 60'000};
  }

  TestStore store_;
  TestServer server_{[this](TestConnection& connection) { store_.Serve(connection); }};
};

TEST_F(PoolTest, ReusesTheSameConnection) {
  ClientPool pool(Options(4));
  for (int i = 0; i < 10; ++i) {
    Result<ClientPool::Lease> lease = pool.Acquire();
    ASSERT_TRUE(lease.ok());
    EXPECT_TRUE((*lease)->Put("k", std::to_string(i)).ok());
    EXPECT_EQ(pool.stats().idle, 0u);
  }
  EXPECT_EQ(server_.accepted(), 1u);
  EXPECT_EQ(pool.stats().open, 1u);
  EXPECT_EQ(pool.stats().idle, 1u);
}

TEST_F(PoolTest, WaitsNoLongerThanItMay) {
  ClientPoolOptions options = Options(2);
  options.acquire_timeout_ms = 20;
  ClientPool pool(options);
  Result<ClientPool::Lease> first = pool.Acquire();
  Result<ClientPool::Lease> second = pool.Acquire();
  ASSERT_TRUE(first.ok() && second.ok());
  const Result<ClientPool::Lease> third = pool.Acquire();
  EXPECT_EQ(third.code(), StatusCode::kTimeout);
  { const ClientPool::Lease given_back = std::move(*second); }
  EXPECT_TRUE(pool.Acquire().ok());
  EXPECT_EQ(server_.accepted(), 2u);
}

TEST_F(PoolTest, EightThreadsShareThreeConnections) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 200;
  ClientPool pool(Options(3));
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string key = "key" + std::to_string(t);
      for (int i = 0; i < kRounds; ++i) {
        Result<ClientPool::Lease> lease = pool.Acquire();
        if (!lease.ok() || !(*lease)->Put(key, std::to_string(i)).ok() ||
            !(*lease)->Increment("shared").ok() ||
            (*lease)->Get(key)->value_or("") != std::to_string(i)) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(**pool.Acquire().value()->Get("shared"), std::to_string(kThreads * kRounds));
  EXPECT_LE(server_.accepted(), 3u);
  EXPECT_EQ(pool.stats().dropped_total, 0u);
}

TEST_F(PoolTest, CloseWakesThoseWhoWait) {
  ClientPool pool(Options(1));
  std::vector<std::thread> waiting;
  std::atomic<int> closed = 0;
  {
    Result<ClientPool::Lease> lease = pool.Acquire();
    ASSERT_TRUE(lease.ok());
    for (int i = 0; i < 4; ++i) {
      waiting.emplace_back([&] { closed += pool.Acquire().code() == StatusCode::kClosed ? 1 : 0; });
    }
    pool.Close();
    for (std::thread& thread : waiting) thread.join();
    // Who has a connection may go on using it.
    EXPECT_TRUE((*lease)->Ping().ok());
  }
  EXPECT_EQ(closed.load(), 4);
  EXPECT_EQ(pool.stats().open, 0u);
  EXPECT_EQ(pool.Acquire().code(), StatusCode::kClosed);
}

TEST_F(PoolTest, ALeaseMayOutliveThePool) {
  auto pool = std::make_unique<ClientPool>(Options(1));
  Result<ClientPool::Lease> lease = pool->Acquire();
  ASSERT_TRUE(lease.ok());
  pool.reset();
  EXPECT_TRUE((*lease)->Ping().ok());
}

TEST_F(PoolTest, LeasesMove) {
  ClientPool pool(Options(2));
  Result<ClientPool::Lease> first = pool.Acquire();
  Result<ClientPool::Lease> second = pool.Acquire();
  ASSERT_TRUE(first.ok() && second.ok());
  *first = std::move(*second);
  EXPECT_EQ(pool.stats().idle, 1u);
  EXPECT_TRUE((*first)->Ping().ok());
}

TEST_F(PoolTest, AConnectionThatItsUserClosedIsNotLentAgain) {
  ClientPool pool(Options(1));
  pool.Acquire().value()->Close();
  Result<ClientPool::Lease> lease = pool.Acquire();
  ASSERT_TRUE(lease.ok());
  EXPECT_TRUE((*lease)->Ping().ok());
  EXPECT_EQ(server_.accepted(), 2u);
  EXPECT_EQ(pool.stats().dropped_total, 1u);
}

TEST(PoolFaultTest, DropsConnectionsThatBroke) {
  // The first connection answers once and closes; the second breaks with a request under way.
  TestServer server([](TestConnection& connection) {
    if (connection.index() == 1) {
      (void)connection.ReadRequest();
      return;
    }
    while (connection.ReadRequest().has_value()) {
      (void)connection.SendReply(0, std::string_view("\1\0\0\0\0\0\0\0", 8));
      if (connection.index() == 0) return;
    }
  });
  ClientPool pool({.client = server.Options(), .connections_max = 1});
  {
    Result<ClientPool::Lease> lease = pool.Acquire();
    ASSERT_TRUE((*lease)->Increment("n").ok());
    while ((*lease)->LooksHealthy()) {
    }
  }
  EXPECT_EQ(pool.Acquire().value()->Increment("n").code(), StatusCode::kConnectionLost);
  EXPECT_EQ(server.accepted(), 2u);
  EXPECT_TRUE(pool.Acquire().value()->Increment("n").ok());
  EXPECT_EQ(server.accepted(), 3u);
  EXPECT_EQ(pool.stats().dropped_total, 2u);
  EXPECT_EQ(pool.stats().open, 1u);
}

TEST(PoolFaultTest, AFailedConnectDoesNotTakeAPlace) {
  ClientPoolOptions options;
  options.client.port = UnusedPort();
  options.connections_max = 1;
  ClientPool pool(options);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.Acquire().code(), StatusCode::kConnectionFailed);
  EXPECT_EQ(pool.stats().open, 0u);
}

}  // namespace
}  // namespace corelane::client
