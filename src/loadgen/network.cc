#include "loadgen/network.h"

#include <string>

namespace corelane::loadgen {

Result<std::unique_ptr<io::Reactor>> SystemNetwork::MakeReactor() {
  io::ReactorOptions options;
  options.choice = choice_;
  options.clock = &clock_;
  std::string fallback_reason;
  return io::MakeReactor(options, fallback_reason);
}

Result<io::UniqueFd> SystemNetwork::Connect(const io::Endpoint& endpoint) {
  Result<io::UniqueFd> fd = io::BeginConnect(endpoint);
  if (fd.ok()) io::SetNoDelay(fd->get());
  return fd;
}

}  // namespace corelane::loadgen
