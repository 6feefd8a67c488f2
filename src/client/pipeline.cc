#include <corelane/pipeline.h>

#include "client/request_queue.h"

namespace corelane {

Pipeline::Pipeline(size_t key_bytes_max, size_t value_bytes_max)
    : requests_(std::make_unique<client::RequestQueue>(
          client::RequestLimits{key_bytes_max, value_bytes_max, false})) {}
Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

void Pipeline::Ping() { requests_->Ping(); }

void Pipeline::Put(std::string_view key, std::string_view value) { requests_->Put(key, value); }

void Pipeline::Put(std::string_view key, std::string_view value, std::chrono::milliseconds ttl) {
  requests_->PutText(key, value, ttl);
}

void Pipeline::PutTyped(std::string_view key, const Value& value,
                        std::optional<std::chrono::milliseconds> ttl) {
  requests_->PutTyped(key, value, ttl);
}

void Pipeline::Get(std::string_view key) { requests_->Get(key); }

void Pipeline::Delete(std::string_view key) { requests_->Delete(key); }

void Pipeline::Contains(std::string_view key) { requests_->Contains(key); }

void Pipeline::Count() { requests_->Count(); }

void Pipeline::Increment(std::string_view key, int64_t delta) { requests_->Increment(key, delta); }

void Pipeline::Ttl(std::string_view key) { requests_->Ttl(key); }

void Pipeline::Expire(std::string_view key, std::chrono::milliseconds ttl) {
  requests_->Expire(key, ttl);
}

void Pipeline::Persist(std::string_view key) { requests_->Persist(key); }

size_t Pipeline::size() const { return requests_->size(); }

void Pipeline::Clear() { requests_->Reset(); }

}  // namespace corelane
