#pragma once

// CHECK states what must hold at this point of the program. When it does not hold, the program has
// a bug: it prints where and what, and aborts. It stays on in every build. Bad input and bad luck
// are never CHECKed: they are a Status or an enum.

namespace corelane::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace corelane::base

#define CHECK(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::corelane::base::CheckFailed(__FILE__, __LINE__, #condition))
