#pragma once

// Network: the seam between a worker and the system: its event loop and its connections. The real
// one is SystemNetwork; tests put a simulated server in virtual time behind it.

#include <corelane/status.h>

#include <memory>

#include "env/clock.h"
#include "io/reactor.h"
#include "io/socket.h"
#include "io/unique_fd.h"

namespace corelane::loadgen {

class Network {
 public:
  virtual ~Network() = default;
  // For the calling thread. Any thread may ask.
  [[nodiscard]] virtual Result<std::unique_ptr<io::Reactor>> MakeReactor() = 0;
  // As io::BeginConnect(): a socket for that reactor.
  [[nodiscard]] virtual Result<io::UniqueFd> Connect(const io::Endpoint& endpoint) = 0;
};

class SystemNetwork final : public Network {
 public:
  SystemNetwork(io::BackEndChoice choice, const env::Clock& clock)
      : choice_(choice), clock_(clock) {}
  [[nodiscard]] Result<std::unique_ptr<io::Reactor>> MakeReactor() override;
  [[nodiscard]] Result<io::UniqueFd> Connect(const io::Endpoint& endpoint) override;

 private:
  const io::BackEndChoice choice_;
  const env::Clock& clock_;
};

}  // namespace corelane::loadgen
