#include "base/check.h"
#include "io/epoll_reactor.h"
#include "io/reactor.h"
#include "io/uring_factory.h"

namespace corelane::io {

Result<std::unique_ptr<Reactor>> MakeReactor(const ReactorOptions& options,
                                             std::string& fallback_reason) {
  CHECK(options.clock != nullptr);
  fallback_reason.clear();
  if (options.choice == BackEndChoice::kEpoll) return EpollReactor::Make(options);
  Result<std::unique_ptr<Reactor>> uring = MakeUringReactor(options);
  if (uring.ok() || options.choice == BackEndChoice::kUring) return uring;
  fallback_reason = uring.status().message();
  return EpollReactor::Make(options);
}

}  // namespace corelane::io
