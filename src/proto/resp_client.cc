#include "proto/resp_client.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <system_error>

#include "kv/value.h"

namespace corelane::proto {
namespace {

constexpr size_t kLineEndBytes = 2;
constexpr size_t kNumberLineBytesMax = 1 + 20 + kLineEndBytes;
constexpr size_t kReplyLineBytesMax = size_t{64} << 10;

char* PutNumberLine(char* at, char mark, size_t number) {
  *at++ = mark;
  at = std::to_chars(at, at + kNumberLineBytesMax, number).ptr;
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

bool IsBulk(char mark) { return mark == '$' || mark == '=' || mark == '!'; }
bool IsAggregate(char mark) {
  return mark == '*' || mark == '%' || mark == '~' || mark == '>' || mark == '|';
}

// "inf", "-inf", "nan" and decimal numbers.
bool ReadDouble(std::string_view text, double& real) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == "inf" || text == "-inf") {
    real = text[0] == '-' ? -kInfinity : kInfinity;
    return true;
  }
  const auto result = std::from_chars(text.data(), text.data() + text.size(), real);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

// Walks a whole reply from front to back.
class TreeParser {
 public:
  explicit TreeParser(std::string_view bytes) : rest_(bytes) {}

  bool Parse(RespReply& reply, size_t depth) {
    std::string_view line;
    if (depth > kRespDepthMax || !Line(line) || line.empty()) return false;
    const char mark = line[0];
    line.remove_prefix(1);
    if (IsBulk(mark)) return Bulk(mark, line, reply);
    if (mark == '|') return Attributes(line, depth) && Parse(reply, depth + 1);
    if (IsAggregate(mark)) return Aggregate(mark, line, depth, reply);
    return Scalar(mark, line, reply);
  }

 private:
  bool Line(std::string_view& line) {
    const size_t end = rest_.find('\n');
    if (end == std::string_view::npos || end == 0 || rest_[end - 1] != '\r') return false;
    line = rest_.substr(0, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool Bulk(char mark, std::string_view line, RespReply& reply) {
    int64_t bytes = 0;
    if (!kv::ParseInteger(line, bytes) || bytes < -1) return false;
    if (bytes == -1) return true;
    const auto length = static_cast<size_t>(bytes);
    if (rest_.size() < kLineEndBytes || rest_.size() - kLineEndBytes < length) return false;
    reply.kind = mark == '!' ? RespReply::Kind::kError : RespReply::Kind::kBulk;
    reply.text = rest_.substr(0, length);
    rest_.remove_prefix(length + kLineEndBytes);
    return true;
  }

  // Attributes stand before the reply they belong to; nobody here asks for them.
  bool Attributes(std::string_view line, size_t depth) {
    int64_t pairs = 0;
    if (!kv::ParseInteger(line, pairs) || pairs < 0) return false;
    if (pairs > static_cast<int64_t>(rest_.size())) return false;
    for (int64_t i = 0; i < 2 * pairs; ++i) {
      RespReply ignored;
      if (!Parse(ignored, depth + 1)) return false;
    }
    return true;
  }

  bool Aggregate(char mark, std::string_view line, size_t depth, RespReply& reply) {
    int64_t count = 0;
    if (!kv::ParseInteger(line, count) || count < -1) return false;
    if (count == -1) return true;
    if (count > static_cast<int64_t>(rest_.size())) return false;
    reply.kind = mark == '%'   ? RespReply::Kind::kMap
                 : mark == '>' ? RespReply::Kind::kPush
                               : RespReply::Kind::kArray;
    if (mark == '%') count *= 2;
    for (int64_t i = 0; i < count; ++i) {
      if (!Parse(reply.elements.emplace_back(), depth + 1)) return false;
    }
    return true;
  }

  static bool Scalar(char mark, std::string_view line, RespReply& reply) {
    reply.text = line;
    switch (mark) {
      case '+':
        reply.kind = RespReply::Kind::kSimple;
        return true;
      case '-':
        reply.kind = RespReply::Kind::kError;
        return true;
      case '(':
        reply.kind = RespReply::Kind::kOther;
        return true;
      case '_':
        reply.kind = RespReply::Kind::kNil;
        return line.empty();
      case '#':
        reply.kind = RespReply::Kind::kBoolean;
        reply.integer = line == "t" ? 1 : 0;
        return line == "t" || line == "f";
      case ':':
        reply.kind = RespReply::Kind::kInteger;
        return kv::ParseInteger(line, reply.integer);
      case ',':
        reply.kind = RespReply::Kind::kDouble;
        return ReadDouble(line, reply.real);
      default:
        return false;
    }
  }

  std::string_view rest_;
};

}  // namespace

void WriteRespCommand(std::span<const std::string_view> words, base::Buffer& out) {
  size_t bytes_max = kNumberLineBytesMax;
  for (const std::string_view word : words) {
    bytes_max += kNumberLineBytesMax + word.size() + kLineEndBytes;
  }
  char* const begin = out.Reserve(bytes_max);
  char* at = PutNumberLine(begin, '*', words.size());
  for (const std::string_view word : words) {
    at = PutNumberLine(at, '$', word.size());
    if (!word.empty()) std::memcpy(at, word.data(), word.size());
    at += word.size();
    *at++ = '\r';
    *at++ = '\n';
  }
  out.Commit(static_cast<size_t>(at - begin));
}

void WriteRespCommand(std::initializer_list<std::string_view> words, base::Buffer& out) {
  WriteRespCommand(std::span(words.begin(), words.size()), out);
}

ReplyState RespReplyScanner::Next(std::string_view in, size_t& reply_bytes) {
  while (elements_left_ != 0) {
    if (bulk_end_ != 0) {
      if (in.size() < bulk_end_) return ReplyState::kNeedMore;
      at_ = bulk_end_;
      bulk_end_ = 0;
      --elements_left_;
      continue;
    }
    const std::string_view rest = in.substr(at_);
    const bool whole = line_.Find(rest);
    const size_t line_bytes = line_.line_bytes();
    if (line_bytes > kReplyLineBytesMax) return ReplyState::kError;
    if (!whole) return ReplyState::kNeedMore;
    at_ += line_bytes + 1;
    if (line_bytes < 2 || rest[line_bytes - 1] != '\r') return ReplyState::kError;
    if (!TakeLine(rest.substr(0, line_bytes - 1))) return ReplyState::kError;
  }
  reply_bytes = at_;
  at_ = 0;
  elements_left_ = 1;
  elements_ = 0;
  return ReplyState::kDone;
}

// Counts the element whose line this is, without its end, off elements_left_ and adds those that it
// announces.
bool RespReplyScanner::TakeLine(std::string_view line) {
  const char mark = line[0];
  if (elements_ == 0) first_ = mark;
  if (++elements_ > limits_.elements_max) return false;
  if (!IsBulk(mark) && !IsAggregate(mark)) {
    --elements_left_;
    return std::string_view("+-:,_#(").find(mark) != std::string_view::npos;
  }
  int64_t count = 0;
  if (!kv::ParseInteger(line.substr(1), count) || count < -1) return false;
  const auto length = static_cast<size_t>(std::max<int64_t>(count, 0));
  if (IsBulk(mark) && count >= 0) {
    bulk_end_ = at_ + length + kLineEndBytes;
    return length <= limits_.bulk_bytes_max;
  }
  if (length > limits_.elements_max) return false;
  // An attribute is no element itself: the one that it describes is still to come.
  if (mark == '|') {
    elements_left_ += 2 * length;
  } else {
    elements_left_ += mark == '%' ? 2 * length : length;
    --elements_left_;
  }
  return elements_left_ <= 2 * limits_.elements_max;
}

bool ParseRespReply(std::string_view bytes, RespReply& reply) {
  reply = RespReply();
  return TreeParser(bytes).Parse(reply, 0);
}

}  // namespace corelane::proto
