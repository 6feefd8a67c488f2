#pragma once

// Requester: turns the workload's operations into requests on a connection. It knows keys and
// values as bytes; the workload knows them as numbers, the wire as a protocol. One for each worker,
// used by its thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/connection.h"
#include "loadgen/key_text.h"
#include "loadgen/load_options.h"
#include "loadgen/payload.h"
#include "loadgen/workload.h"

namespace corelane::loadgen {

// The workload of thread `index`.
[[nodiscard]] WorkloadOptions ShareOfWorkload(const LoadOptions& options, uint32_t index);

class Requester {
 public:
  Requester(const LoadOptions& options, uint32_t index);

  // Writes the workload's next operation and says it to the connection, which has room.
  void WriteNext(Connection& connection, int64_t intended_ns, int64_t now_ns);
  // The same for a given operation.
  void Write(const Operation& operation, Connection& connection, int64_t intended_ns,
             int64_t now_ns);
  // The write of a read-modify-write whose read is answered.
  void WriteSecond(const Pending& first, Connection& connection);

 private:
  void WriteRequest(const Operation& operation, Connection& connection);
  void WriteKeys(const Operation& operation);
  [[nodiscard]] std::string_view Value(uint32_t bytes) { return payload_.Next(bytes); }

  Workload workload_;
  const KeyText key_text_;
  Payload payload_;
  std::string key_;
  // Of requests with several keys.
  std::string keys_;
  std::vector<std::string_view> key_views_;
  std::vector<Wire::Pair> pairs_;
};

}  // namespace corelane::loadgen
