#include "proto/memcache_binary.h"

#include <cstring>
#include <string_view>

namespace corelane::proto {

BinaryOpcode MakePlainOpcode(uint8_t opcode, bool& quiet) {
  quiet = true;
  // The first block of quiet opcodes stands at a fixed distance from their plain ones.
  constexpr uint8_t kFirstQuiet = 0x11;
  constexpr uint8_t kLastQuiet = 0x18;
  if (opcode >= kFirstQuiet && opcode <= kLastQuiet) {
    return static_cast<BinaryOpcode>(opcode - kFirstQuiet + 1);
  }
  switch (opcode) {
    case 0x09:
      return BinaryOpcode::kGet;
    case 0x0d:
      return BinaryOpcode::kGetKey;
    case 0x19:
      return BinaryOpcode::kAppend;
    case 0x1a:
      return BinaryOpcode::kPrepend;
    case 0x1e:
      return BinaryOpcode::kGetAndTouch;
    case 0x24:
      return BinaryOpcode::kGetAndTouchKey;
    default:
      quiet = false;
      return static_cast<BinaryOpcode>(opcode);
  }
}

std::string_view BinaryStatusText(BinaryStatus status) {
  switch (status) {
    case BinaryStatus::kOk:
      return {};
    case BinaryStatus::kNotFound:
      return "Not found";
    case BinaryStatus::kExists:
      return "Data exists for key.";
    case BinaryStatus::kTooLarge:
      return "Too large.";
    case BinaryStatus::kBadArguments:
      return "Invalid arguments";
    case BinaryStatus::kNotStored:
      return "Not stored.";
    case BinaryStatus::kNotNumeric:
      return "Non-numeric server-side value for incr or decr";
    case BinaryStatus::kUnknownCommand:
      return "Unknown command";
    case BinaryStatus::kOutOfMemory:
      return "Out of memory";
    case BinaryStatus::kFailed:
      return "Internal error";
  }
  return {};
}

BinaryRequestHeader BinaryRequestHeader::Read(std::string_view packet) {
  BinaryRequestHeader header;
  header.opcode = static_cast<uint8_t>(packet[1]);
  header.key_bytes = LoadBig<uint16_t>(packet.data() + 2);
  header.extras_bytes = static_cast<uint8_t>(packet[4]);
  header.body_bytes = LoadBig<uint32_t>(packet.data() + 8);
  header.opaque = LoadBig<uint32_t>(packet.data() + 12);
  header.version = LoadBig<uint64_t>(packet.data() + 16);
  return header;
}

void AppendBinaryResponse(const BinaryResponse& response, base::Buffer& out) {
  const size_t body = response.extras.size() + response.key.size() + response.value.size();
  char* const head = out.Reserve(kBinaryHeaderBytes + body);
  std::memset(head, 0, kBinaryHeaderBytes);
  head[0] = kBinaryResponseMagic;
  head[1] = static_cast<char>(response.opcode);
  StoreBig(head + 2, static_cast<uint16_t>(response.key.size()));
  head[4] = static_cast<char>(response.extras.size());
  StoreBig(head + 6, static_cast<uint16_t>(response.status));
  StoreBig(head + 8, static_cast<uint32_t>(body));
  StoreBig(head + 12, response.opaque);
  StoreBig(head + 16, response.version);
  out.Commit(kBinaryHeaderBytes);
  out.Append(response.extras);
  out.Append(response.key);
  out.Append(response.value);
}

}  // namespace corelane::proto
