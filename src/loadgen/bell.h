#pragma once

// Bell: wakes the thread that waits for news of workers. Any thread may ring; one waits. It only
// says that there is something to look at: what it is lies in the queues.

#include <cstdint>

#include "io/unique_fd.h"

namespace corelane::loadgen {

class Bell {
 public:
  Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void Ring();
  // Until it has been rung since the last Wait(), or the time is over.
  void Wait(int64_t timeout_ns);

 private:
  io::UniqueFd event_;
};

}  // namespace corelane::loadgen
