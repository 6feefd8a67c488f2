#pragma once

// Status and Result: how every fallible call of corelane's control plane, client library and
// embedded store says what happened. A Status is a code out of a closed set plus a readable
// message; a Result<T> is a T or a Status that is not OK. Both are plain values: copyable, movable,
// usable from any thread as long as no two threads write one object at a time.
//
// The codes from kOutOfMemory on are also what the native protocol answers on the wire (PROTOCOL.md
// lists the bytes): one for each failure that a client would handle differently.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace corelane {

enum class StatusCode : uint8_t {
  kOk = 0,
  kNotFound = 1,
  kError = 2,  // A failure without a code of its own; the message says which.

  kOutOfMemory = 0x10,
  kWalWriteFailed = 0x11,  // The lane's log failed; the lane refuses writes until a restart.
  kDiskFull = 0x12,        // No room for the log; heals when space returns.
  kKeyTooLarge = 0x13,
  kValueTooLarge = 0x14,
  kBadArgument = 0x15,
  kWrongType = 0x16,
  kReadOnly = 0x17,
  kBusy = 0x18,  // Over a limit right now; trying again later may work.
  kShuttingDown = 0x19,
  kUnknownCommand = 0x1a,
  kProtocolError = 0x1b,    // The byte stream can no longer be trusted; the connection closes.
  kOverflow = 0x1c,         // An increment would leave the range of the number.
  kConditionNotMet = 0x1d,  // NX, XX and their like.
  kUnauthorized = 0x1e,
  kWrongPassword = 0x1f,
  kUnsupportedProtocol = 0x20,
  kTransactionAborted = 0x21,  // EXEC after a request that was refused.
  kKeyExists = 0x22,           // A key that was to be made is there, and was not to be replaced.

  // Never on the wire: what a client or an opener of files meets.
  kIoError = 0x80,
  kConnectionFailed = 0x81,
  kConnectionLost = 0x82,
  kTimeout = 0x83,
  kCorruption = 0x84,
  kIncompatible = 0x85,  // Written by a newer version, or with another layout.
  kLocked = 0x86,        // Another process holds the data directory.
  kClosed = 0x87,
};

// The code's name in lower case with blanks ("disk full"); never empty.
[[nodiscard]] std::string_view StatusCodeName(StatusCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] bool ok() const { return code_ == StatusCode::kOk; }
  [[nodiscard]] StatusCode code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // "disk full: cannot extend lane-0000/..." or "ok".
  [[nodiscard]] std::string ToString() const;

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

[[nodiscard]] inline Status OkStatus() { return Status(); }

// A T, or why there is none. `value()` of a Result that is not ok() is a bug in the caller and ends
// the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT(google-explicit-constructor)
  Result(Status status) : status_(std::move(status)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return value_.has_value(); }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] StatusCode code() const { return status_.code(); }

  [[nodiscard]] T& value() & { return value_.value(); }
  [[nodiscard]] const T& value() const& { return value_.value(); }
  [[nodiscard]] T&& value() && { return std::move(value_).value(); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  Status status_;
  std::optional<T> value_;
};

}  // namespace corelane
