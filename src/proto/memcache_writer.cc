#include "proto/memcache_writer.h"

#include <array>
#include <charconv>
#include <string_view>

namespace corelane::proto {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kNumberBytesMax = 20;

}  // namespace

void MemcacheWriter::Begin(uint32_t tag, base::Buffer& out) {
  out_ = &out;
  shape_ = static_cast<MemcacheShape>(tag & 0xff);
  quiet_ = tag == MemcacheTag(shape_, true);
  listing_ = false;
  meta_open_ = false;
  at_name_ = true;
}

void MemcacheWriter::End() {
  if (quiet_) return;
  if (listing_) out_->Append("END\r\n");
  if (meta_open_) out_->Append(kLineEnd);
}

void MemcacheWriter::Integer(int64_t integer) {
  if (quiet_) return;
  if (shape_ == MemcacheShape::kMeta) {
    out_->Append(' ');
    return Number(static_cast<uint64_t>(integer));
  }
  std::array<char, kNumberBytesMax> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), integer);
  Line({text.data(), static_cast<size_t>(end.ptr - text.data())});
}

void MemcacheWriter::Double(double real) {
  std::array<char, kv::kScalarTextBytesMax> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), real);
  Line({text.data(), static_cast<size_t>(end.ptr - text.data())});
}

void MemcacheWriter::Simple(std::string_view word) {
  if (shape_ != MemcacheShape::kMeta) return Line(word);
  meta_open_ = true;
  if (!quiet_) out_->Append(word);
}

void MemcacheWriter::Bulk(std::string_view bytes) {
  if (quiet_) return;
  switch (shape_) {
    case MemcacheShape::kLine:
      return Line(bytes);
    case MemcacheShape::kMeta:
      return out_->Append(bytes);
    case MemcacheShape::kValues:
    case MemcacheShape::kValuesWithCas:
      out_->Append("VALUE ");
      return out_->Append(bytes);
    case MemcacheShape::kStats:
      out_->Append(at_name_ ? std::string_view("STAT ") : std::string_view(" "));
      out_->Append(bytes);
      if (!at_name_) out_->Append(kLineEnd);
      at_name_ = !at_name_;
      return;
  }
}

void MemcacheWriter::Value(const kv::ValueView& value) {
  if (quiet_) return;
  std::array<char, kv::kScalarTextBytesMax> scratch;
  const std::string_view text = kv::TextOf(value, scratch);
  if (shape_ != MemcacheShape::kMeta) {
    out_->Append(' ');
    Number(value.client_flags);
    out_->Append(' ');
    Number(text.size());
    if (shape_ == MemcacheShape::kValuesWithCas) {
      out_->Append(' ');
      Number(value.version);
    }
  }
  out_->Append(kLineEnd);
  out_->Append(text);
  if (shape_ != MemcacheShape::kMeta) out_->Append(kLineEnd);
}

// The first array is the list; those of keys and values inside it say nothing of their own.
void MemcacheWriter::Array(size_t /*count*/) { listing_ = shape_ != MemcacheShape::kMeta; }

void MemcacheWriter::Map(size_t /*pairs*/) { listing_ = true; }

void MemcacheWriter::Error(StatusCode code, std::string_view message) {
  if (quiet_) return;
  switch (code) {
    case StatusCode::kUnknownCommand:
      return Line("ERROR");
    case StatusCode::kBadArgument:
    case StatusCode::kKeyTooLarge:
    case StatusCode::kProtocolError:
      out_->Append("CLIENT_ERROR ");
      break;
    case StatusCode::kValueTooLarge:
      return Line("SERVER_ERROR object too large for cache");
    case StatusCode::kOutOfMemory:
      return Line("SERVER_ERROR out of memory storing object");
    default:
      out_->Append("SERVER_ERROR ");
  }
  Line(message);
}

void MemcacheWriter::Line(std::string_view text) {
  if (quiet_) return;
  out_->Append(text);
  out_->Append(kLineEnd);
}

void MemcacheWriter::Number(uint64_t number) {
  char* const begin = out_->Reserve(kNumberBytesMax);
  const auto end = std::to_chars(begin, begin + kNumberBytesMax, number);
  out_->Commit(static_cast<size_t>(end.ptr - begin));
}

}  // namespace corelane::proto
