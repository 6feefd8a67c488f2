// The reader of log segments: any bytes as a file. An even first byte hands the rest on as it is;
// an odd one first puts a good header in front and good checksums on the frames, so that what lies
// behind them is reached.

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "bytes_file.h"
#include "fuzz_entry.h"
#include "wal/segment_reader.h"

namespace corelane::wal {
namespace {

constexpr uint64_t kSalt = 12345;

// What is handed on must be a frame that encodes to as many bytes as were read for it.
class CheckingVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    CHECK(frame.seq >= 1 + seq_);
    seq_ = frame.seq;
    if (frame.type == FrameType::kPut || frame.type == FrameType::kPutExpiring) {
      CHECK(kv::IsWellFormed(frame.value.type, frame.value.bytes));
    }
    std::string bytes(EncodedFrameBytes(frame), '\0');
    EncodeFrame(frame, 0, bytes.data());
    Frame again;
    CHECK(DecodeFrame(bytes, 0, again) == FrameVerdict::kGood);
    CHECK(again.key == frame.key && again.value.bytes == frame.value.bytes);
    return OkStatus();
  }

 private:
  uint64_t seq_ = 0;
};

std::string Sealed(std::string_view frames) {
  std::string bytes(kSegmentHeaderBytes, '\0');
  EncodeSegmentHeader({.number = 1, .salt = kSalt}, bytes.data());
  bytes += frames;
  size_t at = kSegmentHeaderBytes;
  while (bytes.size() - at >= kFrameHeaderBytes) {
    const size_t padded = PaddedFrameBytes(AnnouncedFrameLength(bytes.data() + at));
    if (padded < kFrameHeaderBytes || padded > bytes.size() - at) break;
    const std::string_view covered(bytes.data() + at + 4, padded - 4);
    base::StoreLittle(bytes.data() + at, base::Checksum32(covered, FrameChecksumSeed(kSalt, at)));
    at += padded;
  }
  return bytes;
}

void ReadSegment(std::string bytes) {
  const uint64_t size = bytes.size();
  BytesFile file(std::move(bytes));
  SegmentReader reader(file, "fuzz.wal");
  if (!reader.Open().ok()) return (void)reader.IsBlank();
  CheckingVisitor visitor;
  const auto summary = reader.Read(1, visitor);
  if (!summary.ok()) return;
  CHECK(summary->end_offset <= size && summary->next_seq == 1 + summary->frames);
  const auto later = reader.ScanFrom(summary->end_offset, summary->next_seq);
  CHECK(!later.ok() || !summary->clean || later->frames == 0);
}

}  // namespace
}  // namespace corelane::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  corelane::wal::ReadSegment(data[0] % 2 == 0 ? std::string(rest) : corelane::wal::Sealed(rest));
  return 0;
}
