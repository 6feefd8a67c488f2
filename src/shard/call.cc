#include "shard/call.h"

#include <memory>
#include <string>
#include <string_view>

#include "shard/transaction.h"

namespace corelane::shard {

void LaneMessage::OwnArgs() {
  if (owns_args_) return;
  owns_args_ = true;
  size_t total = 0;
  for (const std::string_view arg : args) total += arg.size();
  bytes_.clear();
  bytes_.reserve(total);  // so that the views below stay where they point
  for (std::string_view& arg : args) {
    const size_t at = bytes_.size();
    bytes_.append(arg);
    arg = std::string_view(bytes_.data() + at, arg.size());
  }
}

void LaneMessage::Clear() {
  next = nullptr;
  command = nullptr;
  kind = MessageKind::kCommand;
  whole_lane = false;
  wants_stamp = false;
  keys_awaited = 0;
  gate_seq = 0;
  checkpoint = 0;
  slow_us = 0;
  stamp = 0;
  lock = nullptr;
  args.clear();
  key_hashes.clear();
  key_positions.clear();
  reply.Clear();
  owns_args_ = false;
  bytes_.clear();
  if (bytes_.capacity() > kKeptBytesMax) std::string().swap(bytes_);
}

// Here, where Transaction is complete.
Call::Call() = default;
Call::~Call() = default;

LaneMessage& Call::AddPart() {
  LaneMessage* part = &first;
  if (!parts.empty()) {
    if (more.size() < parts.size()) more.push_back(std::make_unique<LaneMessage>());
    part = more[parts.size() - 1].get();
  }
  part->call = this;
  part->command = command;
  parts.push_back(part);
  return *part;
}

Call* CallPool::Take() {
  if (free_ == nullptr) {
    all_.push_back(std::make_unique<Call>());
    free_ = all_.back().get();
  }
  Call* const call = free_;
  free_ = call->next;
  call->next = nullptr;
  ++in_use_;
  return call;
}

void CallPool::Give(Call* call) {
  for (LaneMessage* part : call->parts) part->Clear();
  call->parts.clear();
  if (call->more.size() > kKeptPartsMax) call->more.clear();
  call->submitter = nullptr;
  call->command = nullptr;
  call->role = CallRole::kRequest;
  call->read_clock = 0;
  call->checks_stamps = false;
  call->transaction = nullptr;
  call->step = 0;
  call->owned.reset();
  call->request_bytes = 0;
  call->split = false;
  call->parts_outstanding = 0;
  call->next = free_;
  free_ = call;
  --in_use_;
}

}  // namespace corelane::shard
