#include "wal/manifest.h"

#include <gtest/gtest.h>

#include <string>

namespace corelane::wal {
namespace {

const Manifest kManifest{
    .created_at_s = 1700000000, .hash_seed = 0x0123456789abcdef, .generation = 3, .lanes = 4};

TEST(ManifestTest, HasItsGoldenBytes) {
  EXPECT_EQ(
      EncodeManifest(kManifest),
      "corelane manifest 1\ncreated 1700000000\nhash_seed 0123456789abcdef\ngeneration 3\nlanes 4\n"
      "checksum 160a3e67\n");
  const auto decoded = DecodeManifest(EncodeManifest(kManifest));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, kManifest);
}

TEST(ManifestTest, ANewerOneIsIncompatible) {
  const auto decoded = DecodeManifest("corelane manifest 2\nshape unknown\n");
  ASSERT_EQ(decoded.code(), StatusCode::kIncompatible);
  EXPECT_EQ(decoded.status().message(),
            "written by a newer corelane (format 2); this one reads up to 1");
}

TEST(ManifestTest, EveryFlipAndEveryTruncationIsRefused) {
  const std::string good = EncodeManifest(kManifest);
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      EXPECT_FALSE(DecodeManifest(bad).ok()) << "byte " << i << " bit " << bit;
    }
    EXPECT_FALSE(DecodeManifest(good.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(DecodeManifest(good + "\n").ok());
}

}  // namespace
}  // namespace corelane::wal
