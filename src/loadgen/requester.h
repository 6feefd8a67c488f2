#pragma once

// Requester: turns the workload's operations, or recorded commands, into requests on a connection.
// It knows keys and values as bytes; the workload knows them as numbers, the wire as a protocol.
// One for each share of the work: the worker's, or in a verified run each connection's. Used by the
// worker's thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/connection.h"
#include "loadgen/key_text.h"
#include "loadgen/load_options.h"
#include "loadgen/payload.h"
#include "loadgen/verifier.h"
#include "loadgen/workload.h"

namespace corelane::loadgen {

// Share `index` of the work: that of thread `index`, or in a verified run of connection `index`.
[[nodiscard]] WorkloadOptions ShareOfWorkload(const LoadOptions& options, uint32_t index);
// The values of all of a worker's shares.
[[nodiscard]] PayloadOptions PayloadOf(const LoadOptions& options);

class Requester {
 public:
  // `payload` outlives it, and so does `figures`, where a verified run counts what it finds.
  Requester(const LoadOptions& options, uint32_t index, Payload& payload, VerifyFigures& figures);

  // Writes the next key of the load phase; false when all are written.
  [[nodiscard]] bool WriteLoad(Connection& connection, int64_t now_ns);
  [[nodiscard]] bool loaded() const { return load_.done(); }
  // Writes a read of the next key to be swept; false when there is none. Of a verified run.
  [[nodiscard]] bool WriteSweep(Connection& connection, int64_t now_ns);
  // Writes the next operation, of the recorded commands if there are any, else of the workload, and
  // says it to the connection, which has room.
  void WriteNext(Connection& connection, int64_t intended_ns, int64_t now_ns);
  // The write of a read-modify-write whose read is answered.
  void WriteSecond(const Pending& first, Connection& connection);

  // Null: nothing is verified.
  [[nodiscard]] Verifier* verifier() { return verifier_.get(); }

 private:
  void WriteRecorded(Connection& connection, int64_t intended_ns, int64_t now_ns);
  void Write(const Operation& operation, Connection& connection, int64_t intended_ns,
             int64_t now_ns);
  void WriteRequest(const Operation& operation, uint64_t sequence, Connection& connection);
  void WriteKeys(const Operation& operation);
  [[nodiscard]] std::string_view Value(uint64_t key, uint64_t sequence, uint32_t bytes);

  const std::shared_ptr<const RecordedCommands> replay_;
  const uint32_t replay_step_;
  size_t replay_next_;  // below the number of commands
  Workload workload_;
  LoadPhase load_;
  const KeyText key_text_;
  Payload& payload_;
  std::unique_ptr<Verifier> verifier_;
  std::string key_;
  std::string value_;  // a verified one
  // Of requests with several keys.
  std::string keys_;
  std::vector<std::string_view> key_views_;
  std::vector<Wire::Pair> pairs_;
};

}  // namespace corelane::loadgen
