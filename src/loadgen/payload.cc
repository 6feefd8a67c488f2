#include "loadgen/payload.h"

#include <corelane/limits.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "loadgen/seeds.h"

namespace corelane::loadgen {
namespace {

constexpr uint64_t kSealSeed = 0x656e616c65726f63;  // "corelane": zeros are no sound value
constexpr size_t kLengthAt = 4;
constexpr size_t kKeyAt = 8;
constexpr size_t kSequenceAt = 16;
static_assert(kSequenceAt + sizeof(uint64_t) == kSealedBytesMin);

// Short enough that even small values have about the share that was asked for, long enough that a
// run of zeros pays for its mark.
constexpr size_t kCellBytes = 64;

// In each cell random bytes first, then zeros.
std::string MakeBlock(const PayloadOptions& options, base::Random& random) {
  std::string block(Payload::kWindowBytes + options.bytes_max, '\0');
  const auto random_bytes = static_cast<size_t>(
      std::lround((1 - options.compressible) * static_cast<double>(kCellBytes)));
  for (size_t cell = 0; cell < block.size(); cell += kCellBytes) {
    const size_t end = std::min(cell + random_bytes, block.size());
    for (size_t at = cell; at < end; at += sizeof(uint64_t)) {
      const uint64_t word = random.Next();
      std::memcpy(&block[at], &word, std::min(sizeof(word), end - at));
    }
  }
  return block;
}

const PayloadOptions& Checked(const PayloadOptions& options) {
  CHECK(options.bytes_max <= kValueBytesHardMax);
  CHECK(options.compressible >= 0 && options.compressible <= 1);
  return options;
}

uint32_t ChecksumOf(std::string_view value) {
  return base::Checksum32(value.substr(kLengthAt), kSealSeed);
}

}  // namespace

Payload::Payload(const PayloadOptions& options)
    : bytes_max_(Checked(options).bytes_max),
      random_(StreamSeed(options.seed, kPayloadStream)),
      block_(MakeBlock(options, random_)) {}

void Payload::AppendSealed(uint64_t key, uint64_t sequence, uint32_t bytes, std::string& to) {
  CHECK(bytes >= kSealedBytesMin && bytes <= bytes_max_);
  const size_t begin = to.size();
  to.append(kSealedBytesMin, '\0');
  to.append(Next(bytes - kSealedBytesMin));
  Seal(key, sequence, bytes, &to[begin]);
}

void Seal(uint64_t key, uint64_t sequence, uint32_t bytes, char* to) {
  base::StoreLittle(to + kLengthAt, bytes);
  base::StoreLittle(to + kKeyAt, key);
  base::StoreLittle(to + kSequenceAt, sequence);
  base::StoreLittle(to, ChecksumOf({to, bytes}));
}

SealCheck CheckSealed(std::string_view value, uint64_t key) {
  if (value.size() < kSealedBytesMin) return {SealState::kCorrupt};
  if (base::LoadLittle<uint32_t>(&value[kLengthAt]) != value.size()) return {SealState::kCorrupt};
  if (base::LoadLittle<uint32_t>(&value[0]) != ChecksumOf(value)) return {SealState::kCorrupt};
  if (base::LoadLittle<uint64_t>(&value[kKeyAt]) != key) return {SealState::kOtherKey};
  return {SealState::kSound, base::LoadLittle<uint64_t>(&value[kSequenceAt])};
}

}  // namespace corelane::loadgen
