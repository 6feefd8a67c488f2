#pragma once

// MakeUringReactor: the io_uring back end of the calling thread, or kIoError with the reason why
// there is none, such as "io_uring_setup: Operation not permitted". The build picks the file behind
// it: uring_reactor.cc, or uring_absent.cc when corelane is built without io_uring.

#include <memory>

#include "io/reactor.h"

namespace corelane::io {

[[nodiscard]] Result<std::unique_ptr<Reactor>> MakeUringReactor(const ReactorOptions& options);

}  // namespace corelane::io
