#pragma once

// What the tests of the protocols on the wire share: a real server with one listener for each
// scheme asked for, on one of the two back ends, with one lane or several.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"

namespace corelane::e2e {

using Setting = std::pair<const char*, int>;  // one of Variants(), --shards

class ProtocolFixture : public testing::TestWithParam<Setting> {
 protected:
  // The first of `schemes` is what port() is about.
  void Start(const std::vector<std::string>& schemes, const std::vector<std::string>& more = {}) {
    std::vector<std::string> flags = {VariantFlag(GetParam().first),
                                      "--shards=" + std::to_string(GetParam().second), "--fsync=os",
                                      "--wal-segment-bytes=1mb"};
    if (GetParam().first == std::string("rocksdb")) {
      flags.push_back("--rocksdb-cache-bytes=" + std::to_string(8 * GetParam().second) + "mb");
    }
    for (const std::string& scheme : schemes) {
      flags.push_back("--listen=" + scheme + "://127.0.0.1:0");
    }
    flags.insert(flags.end(), more.begin(), more.end());
    server_ = std::make_unique<ServerProcess>(Flags(directory_.Sub("data"), flags),
                                              directory_.Sub("errors"));
    ASSERT_TRUE(server_->WaitReady()) << server_->Errors();
    ASSERT_EQ(server_->ports().size(), schemes.size());
    for (size_t i = 0; i < schemes.size(); ++i) ports_[schemes[i]] = server_->ports()[i];
  }

  void TearDown() override {
    if (server_ == nullptr || HasFatalFailure()) return;
    const auto ended = server_->Terminate();
    ASSERT_TRUE(ended) << "does not end";
    EXPECT_EQ(ended->exit_code, 0) << server_->Errors();
  }

  [[nodiscard]] uint16_t port() const { return server_->port(); }
  [[nodiscard]] uint16_t PortOf(const std::string& scheme) const { return ports_.at(scheme); }

  // What a new connection hears that sends `bytes`, whole or one by one, until the server closes.
  static std::string Answer(uint16_t port, std::string_view bytes, bool slowly) {
    RawClient client(port);
    // The server may close before it has all; what it answers is looked at.
    slowly ? client.SendSlowly(bytes) : client.Send(bytes);
    std::string answer = client.ReadToEnd();
    EXPECT_TRUE(client.ended()) << "the connection stays open";
    return answer;
  }

  // The same of a connection that closes its side behind the last byte.
  static std::string AnswerToHalfClosed(uint16_t port, std::string_view bytes, bool slowly) {
    RawClient client(port);
    slowly ? client.SendSlowly(bytes) : client.Send(bytes);
    client.HalfClose();
    std::string answer = client.ReadToEnd();
    EXPECT_TRUE(client.ended()) << "the connection stays open";
    return answer;
  }

  fault::TempDirectory directory_;
  std::unique_ptr<ServerProcess> server_;

 private:
  std::map<std::string, uint16_t> ports_;
};

inline std::vector<Setting> Settings(const std::vector<int>& lanes) {
  std::vector<Setting> settings;
  for (const char* const variant : Variants()) {
    for (const int count : lanes) settings.emplace_back(variant, count);
  }
  return settings;
}

inline std::string SettingName(const testing::TestParamInfo<Setting>& setting) {
  return setting.param.first + std::to_string(setting.param.second);
}

}  // namespace corelane::e2e
