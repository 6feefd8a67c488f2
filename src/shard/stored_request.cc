#include "shard/stored_request.h"

#include <string_view>
#include <utility>

namespace corelane::shard {

StoredRequest::StoredRequest(const kv::Request& request, const RequestPlan& plan,
                             std::span<const uint64_t> hashes)
    : hashes_(hashes.begin(), hashes.end()),
      plan_(plan),
      tag_(request.tag),
      spelled_by_(request.spelled_by) {
  size_t total = request.command.size();
  for (const std::string_view arg : request.args) total += arg.size();
  bytes_.reserve(total);  // so that the views stay where they point
  const auto keep = [&](std::string_view word) {
    const size_t at = bytes_.size();
    bytes_.append(word);
    return std::string_view(bytes_.data() + at, word.size());
  };
  command_ = keep(request.command);
  args_.reserve(request.args.size());
  for (const std::string_view arg : request.args) args_.push_back(keep(arg));
}

StoredRequest::StoredRequest(uint32_t tag, Status error) : tag_(tag), error_(std::move(error)) {}

}  // namespace corelane::shard
