// A long pipeline in one write: answered in order, within bounded memory, whatever lanes its keys
// live on.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {
namespace {

constexpr int kRequests = 100'000;

class PipelineTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    server_ = std::make_unique<ServerProcess>(
        Flags(directory_.Sub("data"),
              {VariantFlag(GetParam()), "--shards=4", "--output-buffer-limit=1mb"}),
        directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_P(PipelineTest, AHundredThousandRequestsAreAnsweredInOrder) {
  constexpr int kCounters = 1000;
  std::string requests;
  std::string replies;
  for (int i = 0; i < kRequests; ++i) {
    const std::string counter = "counter" + std::to_string(i % kCounters);
    if (i % 1000 == 999) {
      // Over several lanes: what is behind it waits, and still comes in its place.
      requests += Resp({"MSET", "a", std::to_string(i), "b", "x", "c", "y"});
      replies += "+OK\r\n";
    } else if (i % 1000 == 500) {
      requests += Resp({"EXISTS", "a", "b", "c", "d"});
      replies += i < 1000 ? ":0\r\n" : ":3\r\n";
    } else {
      requests += Resp({"INCR", counter});
      replies += ":" + std::to_string(i / kCounters + 1) + "\r\n";
    }
  }
  RawClient client(server_->port());
  std::thread writer([&] { client.Send(requests); });
  EXPECT_TRUE(client.Read(replies.size()) == replies);
  writer.join();
}

TEST_P(PipelineTest, RepliesThatPileUpAreBounded) {
  constexpr size_t kValueBytes = 1024;
  constexpr int kKeys = 100;
  RawClient client(server_->port());
  const std::string value(kValueBytes, 'v');
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(client.Ask(Resp({"SET", "key" + std::to_string(i), value})), "+OK\r\n");
  }
  const size_t before = server_->ResidentBytes();
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += Resp({"GET", "key" + std::to_string(i * 7 % kKeys)});
  }
  // A hundred megabytes of replies; the client takes them one by one.
  std::thread writer([&] { client.Send(requests); });
  const std::string expected = Bulk(value);
  size_t most = 0;
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_EQ(client.ReadResp(), expected) << i;
    if (i % 1000 == 0) most = std::max(most, server_->ResidentBytes());
  }
  writer.join();
  // Buffers of the connection, and what a sanitizer keeps of freed memory.
  const size_t allowed = size_t{kSanitized ? 512 : 32} << 20;
  EXPECT_LT(most, before + allowed);
}

INSTANTIATE_TEST_SUITE_P(Io, PipelineTest, testing::ValuesIn(Variants()),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace corelane::e2e
