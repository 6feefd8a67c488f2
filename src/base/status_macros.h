#pragma once

// RETURN_IF_ERROR(expression) hands a Status that is not OK to the caller, unchanged.

#include <corelane/status.h>

#define RETURN_IF_ERROR(expression)                                             \
  do {                                                                          \
    if (::corelane::Status status_or_ok_ = (expression); !status_or_ok_.ok()) { \
      return status_or_ok_;                                                     \
    }                                                                           \
  } while (false)
