#include "io/uring_factory.h"

namespace corelane::io {

Result<std::unique_ptr<Reactor>> MakeUringReactor(const ReactorOptions& /*options*/) {
  return Status(StatusCode::kIoError, "io_uring: left out of this build");
}

}  // namespace corelane::io
