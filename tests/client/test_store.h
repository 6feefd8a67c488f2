#pragma once

// TestStore: the words of the native protocol over a std::map, behind the server's own codec, for
// tests of the client that need somebody who answers. Time stands still in it: a time to live is
// kept as it was given. Any thread.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "kv/reply.h"
#include "kv/request.h"
#include "kv/value.h"
#include "test_server.h"

namespace corelane::client {

class TestStore {
 public:
  static constexpr uint32_t kCreatedAtS = 1'700'000'000;
  static constexpr int64_t kNowMs = int64_t{kCreatedAtS} * 1'000;

  // A handler for TestServer: serves until the client closes.
  void Serve(TestConnection& connection);

  // Requests that have been executed.
  [[nodiscard]] size_t executed() const {
    const std::lock_guard lock(mutex_);
    return executed_;
  }

 private:
  struct Entry {
    kv::ValueType type = kv::ValueType::kString;
    std::string bytes;
    int64_t ttl_ms = -1;
  };

  void Execute(const kv::Request& request, kv::ReplyWriter& out);
  void ExecuteWrite(const kv::Request& request, kv::ReplyWriter& out);
  void ExecuteRead(const kv::Request& request, kv::ReplyWriter& out);
  void ExecuteTtl(const kv::Request& request, kv::ReplyWriter& out);
  void Increment(std::string_view key, int64_t delta, kv::ReplyWriter& out);
  void List(uint64_t cursor, uint32_t keys_max, kv::ReplyWriter& out);
  [[nodiscard]] static kv::ValueView ViewOf(const Entry& entry);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  size_t executed_ = 0;
};

}  // namespace corelane::client
