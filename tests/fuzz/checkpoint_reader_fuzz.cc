// The reader of checkpoints: any bytes as a file. An even first byte hands the rest on as it is; an
// odd one first puts a good header in front and good checksums on the blocks, so that what lies
// behind them is reached.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "bytes_file.h"
#include "fuzz_entry.h"
#include "wal/checkpoint_reader.h"

namespace corelane::wal {
namespace {

constexpr uint64_t kSalt = 12345;

// What is handed on must be an entry that encodes to one that reads the same.
class CheckingVisitor final : public FrameVisitor {
 public:
  Status OnFrame(const Frame& frame) override {
    ++entries;
    CHECK(frame.type == PutTypeOf(frame.value));
    CHECK(kv::IsWellFormed(frame.value.type, frame.value.bytes));
    std::string bytes(CheckpointEntryBytes(frame.key, frame.value), '\0');
    CHECK(EncodeCheckpointEntry(frame.key, frame.value, bytes.data()) == bytes.size());
    std::string_view rest = bytes;
    std::string_view key;
    kv::ValueView value;
    CHECK(DecodeCheckpointEntry(rest, key, value) && rest.empty());
    CHECK(key == frame.key && value.bytes == frame.value.bytes);
    CHECK(value.expires_at == frame.value.expires_at && value.marks == frame.value.marks);
    return OkStatus();
  }
  uint64_t entries = 0;
};

std::string Sealed(std::string_view blocks) {
  std::string bytes(kCheckpointHeaderBytes, '\0');
  EncodeCheckpointHeader({.number = 1, .salt = kSalt, .seq = 9, .first_segment = 1}, bytes.data());
  bytes += blocks;
  size_t at = kCheckpointHeaderBytes;
  while (bytes.size() - at >= kBlockHeaderBytes) {
    const size_t size = kBlockHeaderBytes + AnnouncedPayloadBytes(bytes.data() + at);
    if (size > bytes.size() - at) break;
    const std::string_view covered(bytes.data() + at + 4, size - 4);
    base::StoreLittle(bytes.data() + at, base::Checksum32(covered, BlockChecksumSeed(kSalt, at)));
    at += size;
  }
  return bytes;
}

void ReadCheckpoint(std::string bytes) {
  const uint64_t size = bytes.size();
  BytesFile file(std::move(bytes));
  CheckpointReader reader(file, "fuzz.ckpt");
  if (!reader.Open().ok()) return;
  CheckingVisitor visitor;
  const auto end = reader.Read(visitor);
  CHECK(!end.ok() || (end->entries == visitor.entries && size == reader.file_bytes()));
  CHECK(end.ok() || !end.status().message().empty());
}

}  // namespace
}  // namespace corelane::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  corelane::wal::ReadCheckpoint(data[0] % 2 == 0 ? std::string(rest) : corelane::wal::Sealed(rest));
  return 0;
}
