#include "proto/resp_multibulk.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "kv/value.h"

namespace corelane::proto {
namespace {

constexpr size_t kLineEndBytes = 2;
// A block of noted arguments over this size is given back once its request is taken.
constexpr size_t kKeptArgsMax = 4096;

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads `<mark><number>\r\n` at `at` in its canonical form and moves `at` behind it. False when the
// line is anything else or not all there.
inline bool ReadNumberLine(const char*& at, const char* end, char mark, size_t& number) {
  constexpr ptrdiff_t kDigitsMax = 9;
  if (end - at < 4 || at[0] != mark || !IsDigit(at[1])) return false;
  if (at[2] == '\r' && at[3] == '\n') [[likely]] {
    number = static_cast<size_t>(at[1] - '0');
    at += 4;
    return true;
  }
  if (at[1] == '0') return false;
  const char* digit = at + 1;
  const char* const stop = digit + std::min(kDigitsMax, end - digit);
  size_t sum = 0;
  for (; digit != stop && IsDigit(*digit); ++digit)
    sum = sum * 10 + static_cast<size_t>(*digit - '0');
  if (end - digit < 2 || digit[0] != '\r' || digit[1] != '\n') return false;
  number = sum;
  at = digit + kLineEndBytes;
  return true;
}

}  // namespace

size_t ParseWhole(std::string_view request, const MultibulkLimits& limits,
                  kv::RequestBatch& batch) {
  const char* at = request.data();
  const char* const end = at + request.size();
  size_t count = 0;
  if (!ReadNumberLine(at, end, '*', count) || count == 0 || count > limits.args_max) return 0;
  std::string_view command;
  for (size_t i = 0; i < count; ++i) {
    size_t bytes = 0;
    if (!ReadNumberLine(at, end, '$', bytes) || bytes > limits.bulk_bytes_max ||
        static_cast<size_t>(end - at) < bytes + kLineEndBytes) {
      batch.DropUnfinished();
      return 0;
    }
    if (i == 0) {
      command = {at, bytes};
    } else {
      batch.Arg({at, bytes});
    }
    at += bytes + kLineEndBytes;
  }
  const auto total = static_cast<size_t>(at - request.data());
  if (total > limits.request_bytes_max) [[unlikely]] {
    batch.DropUnfinished();
    return 0;
  }
  batch.Finish(command, 0, kv::SpelledBy::kClient);
  return total;
}

MultibulkStep MultibulkParser::Resume(std::string_view request) {
  while (true) {
    if (expect_ == Expect::kBytes) {
      const size_t bulk_end = at_ + bulk_bytes_ + kLineEndBytes;
      if (request.size() < bulk_end) return Wait(bulk_end);
      args_.push_back({at_, bulk_bytes_});
      at_ = bulk_end;
      if (--args_left_ == 0) return MultibulkStep::kDone;
      expect_ = Expect::kLength;
    }
    std::string_view line;
    if (const auto step = TakeLine(request, line); step != MultibulkStep::kDone) return step;
    const auto step = expect_ == Expect::kCount ? TakeCount(line) : TakeLength(line);
    if (step == MultibulkStep::kError) return step;
    if (args_left_ == 0) return MultibulkStep::kDone;
  }
}

void MultibulkParser::Take(std::string_view request, kv::RequestBatch& batch) {
  for (size_t i = 1; i < args_.size(); ++i) {
    batch.Arg(request.substr(args_[i].begin, args_[i].bytes));
  }
  if (!args_.empty()) {
    const std::string_view command = request.substr(args_[0].begin, args_[0].bytes);
    batch.Finish(command, 0, kv::SpelledBy::kClient);
  }
  args_.clear();
  if (args_.capacity() > kKeptArgsMax) args_.shrink_to_fit();
  expect_ = Expect::kCount;
  at_ = 0;
}

// Finds the line that begins at at_ and moves at_ behind it.
MultibulkStep MultibulkParser::TakeLine(std::string_view request, std::string_view& line) {
  const std::string_view rest = request.substr(at_);
  const std::string_view fresh = rest.substr(line_scanned_);
  const size_t found = fresh.find('\r');
  bytes_scanned_ += found == std::string_view::npos ? fresh.size() : found + 1;
  const size_t line_bytes = found == std::string_view::npos ? rest.size() : line_scanned_ + found;
  if (line_bytes > kRespLineBytesMax) {
    return Fail(expect_ == Expect::kCount ? "too big mbulk count string"
                                          : "too big bulk count string");
  }
  line_scanned_ = line_bytes;
  if (found == std::string_view::npos || rest.size() < line_bytes + kLineEndBytes) {
    return Wait(std::max(request.size() + 1, at_ + kLineEndBytes));
  }
  line = rest.substr(0, line_bytes);
  at_ += line_bytes + kLineEndBytes;
  line_scanned_ = 0;
  return MultibulkStep::kDone;
}

MultibulkStep MultibulkParser::TakeCount(std::string_view line) {
  int64_t count = 0;
  if (!kv::ParseInteger(line.substr(1), count)) return Fail("invalid multibulk length");
  if (count > static_cast<int64_t>(limits_.args_max)) return Fail("invalid multibulk length");
  args_left_ = count > 0 ? static_cast<size_t>(count) : 0;
  expect_ = Expect::kLength;
  return MultibulkStep::kDone;
}

MultibulkStep MultibulkParser::TakeLength(std::string_view line) {
  if (line.empty() || line[0] != '$') {
    // redis prints a blank for a line end; we do so for a NUL as well, which there makes the parser
    // wait for ever.
    const char raw = line.empty() ? '\r' : line[0];
    const char got = raw == '\r' || raw == '\n' || raw == '\0' ? ' ' : raw;
    constexpr std::string_view kText = "expected '$', got ' '";
    static_assert(kText.size() < sizeof(error_text_));
    std::memcpy(error_text_, kText.data(), kText.size());
    error_text_[kText.size() - 2] = got;
    return Fail({error_text_, kText.size()});
  }
  int64_t bytes = 0;
  if (!kv::ParseInteger(line.substr(1), bytes) || bytes < 0 ||
      static_cast<size_t>(bytes) > limits_.bulk_bytes_max) {
    return Fail("invalid bulk length");
  }
  bulk_bytes_ = static_cast<size_t>(bytes);
  if (at_ + bulk_bytes_ + kLineEndBytes > limits_.request_bytes_max) return Fail("too big request");
  expect_ = Expect::kBytes;
  return MultibulkStep::kDone;
}

MultibulkStep MultibulkParser::Fail(std::string_view message) {
  error_ = message.data();
  error_bytes_ = message.size();
  return MultibulkStep::kError;
}

MultibulkStep MultibulkParser::Wait(size_t needed) {
  needed_ = needed;
  return MultibulkStep::kNeedMore;
}

}  // namespace corelane::proto
