#include <corelane/status.h>

#include <string>
#include <string_view>

namespace corelane {

std::string_view StatusCodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "ok";
    case StatusCode::kNotFound:
      return "not found";
    case StatusCode::kError:
      return "error";
    case StatusCode::kOutOfMemory:
      return "out of memory";
    case StatusCode::kWalWriteFailed:
      return "log write failed";
    case StatusCode::kDiskFull:
      return "disk full";
    case StatusCode::kKeyTooLarge:
      return "key too large";
    case StatusCode::kValueTooLarge:
      return "value too large";
    case StatusCode::kBadArgument:
      return "bad argument";
    case StatusCode::kWrongType:
      return "wrong type";
    case StatusCode::kReadOnly:
      return "read-only";
    case StatusCode::kBusy:
      return "busy";
    case StatusCode::kShuttingDown:
      return "shutting down";
    case StatusCode::kUnknownCommand:
      return "unknown command";
    case StatusCode::kProtocolError:
      return "protocol error";
    case StatusCode::kOverflow:
      return "overflow";
    case StatusCode::kConditionNotMet:
      return "condition not met";
    case StatusCode::kUnauthorized:
      return "unauthorized";
    case StatusCode::kWrongPassword:
      return "wrong password";
    case StatusCode::kTransactionAborted:
      return "transaction aborted";
    case StatusCode::kUnsupportedProtocol:
      return "unsupported protocol";
    case StatusCode::kKeyExists:
      return "key exists";
    case StatusCode::kIoError:
      return "i/o error";
    case StatusCode::kConnectionFailed:
      return "connection failed";
    case StatusCode::kConnectionLost:
      return "connection lost";
    case StatusCode::kTimeout:
      return "timeout";
    case StatusCode::kCorruption:
      return "corruption";
    case StatusCode::kIncompatible:
      return "incompatible";
    case StatusCode::kLocked:
      return "locked";
    case StatusCode::kClosed:
      return "closed";
  }
  return "unknown status";
}

std::string Status::ToString() const {
  std::string text(StatusCodeName(code_));
  if (!message_.empty()) text.append(": ").append(message_);
  return text;
}

}  // namespace corelane
