#pragma once

// StoredRequest: a planned request that cannot run yet and outlives the bytes it was received in:
// it waits behind a transaction of its connection, or in the queue of a MULTI. Owns copies of its
// words. One thread.

#include <corelane/status.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/request.h"
#include "shard/planned_batch.h"

namespace corelane::shard {

class StoredRequest {
 public:
  StoredRequest(const kv::Request& request, const RequestPlan& plan,
                std::span<const uint64_t> hashes);
  // In place of a request: the codec's error, which comes behind the replies before it.
  StoredRequest(uint32_t tag, Status error);
  StoredRequest(const StoredRequest&) = delete;
  StoredRequest& operator=(const StoredRequest&) = delete;

  [[nodiscard]] kv::Request request() const { return {command_, args_, tag_, spelled_by_}; }
  [[nodiscard]] const RequestPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<const uint64_t> hashes() const { return hashes_; }
  [[nodiscard]] const std::optional<Status>& error() const { return error_; }
  [[nodiscard]] size_t bytes() const { return bytes_.size(); }

 private:
  std::string bytes_;
  std::string_view command_;
  std::vector<std::string_view> args_;
  std::vector<uint64_t> hashes_;
  RequestPlan plan_;
  uint32_t tag_ = 0;
  kv::SpelledBy spelled_by_ = kv::SpelledBy::kCodec;
  std::optional<Status> error_;
};

}  // namespace corelane::shard
