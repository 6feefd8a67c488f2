#include "storage/entry.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "engine_test_util.h"
#include "storage/packed_entry_ptr.h"

namespace corelane::storage {
namespace {

TEST(Entry, TwentyByteKeyAndSixtyFourByteValueTakeNinetySixBytes) {
  const EntryPtr entry = Entry::Make(std::string(20, 'k'), Text(std::string(64, 'v')));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->allocation_bytes(), 96u);
  EXPECT_EQ(entry->data_bytes(), 84u);
}

TEST(Entry, TakesKeysAndValuesOfTheHardLimits) {
  const std::string key(kKeyBytesHardMax, 'k');
  const EntryPtr entry = Entry::Make(key, Text("v", 12));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->key(), key);
  EXPECT_EQ(entry->value(), "v");
  EXPECT_EQ(entry->expires_at(), 12);
}

TEST(Entry, OverwritesInPlaceWithinItsGranuleOnly) {
  const EntryPtr entry = Entry::Make("key", Text("0123456789"));  // 25 bytes of 32
  EXPECT_TRUE(entry->TryOverwrite(Text("98765432101234567")));    // 32
  EXPECT_EQ(entry->value(), "98765432101234567");
  EXPECT_FALSE(entry->TryOverwrite(Text("987654321012345678")));  // 33
  EXPECT_FALSE(entry->TryOverwrite(Text("")));                    // 15, a shorter allocation
  EXPECT_FALSE(entry->TryOverwrite(Text("0123", 5)));             // an expiry moves the key
  EXPECT_EQ(entry->value(), "98765432101234567");
  EXPECT_EQ(entry->key(), "key");
}

TEST(Entry, AnExpiryIsChangedInPlaceWhenThereIsOne) {
  const EntryPtr without = Entry::Make("key", Text("v"));
  EXPECT_TRUE(without->TrySetExpiry(kv::kNoExpiry));
  EXPECT_FALSE(without->TrySetExpiry(7));
  EXPECT_FALSE(without->IsExpired(INT64_MAX));
  const EntryPtr with = Entry::Make("key", Text("v", 5));
  EXPECT_TRUE(with->TrySetExpiry(-7));
  EXPECT_EQ(with->expires_at(), -7);
  EXPECT_FALSE(with->TrySetExpiry(kv::kNoExpiry));
  EXPECT_FALSE(with->IsExpired(-8));
  EXPECT_TRUE(with->IsExpired(-7));
}

TEST(PackedEntryPtr, HoldsMovesAndGivesAway) {
  EntryPtr entry = Entry::Make("key", Text("v"));
  Entry* const raw = entry.get();
  PackedEntryPtr packed(std::move(entry));
  EXPECT_EQ(packed.get(), raw);
  PackedEntryPtr moved(std::move(packed));
  EXPECT_EQ(moved.get(), raw);
  const EntryPtr old = moved.Swap(Entry::Make("key", Text("w")));
  EXPECT_EQ(old.get(), raw);
  EXPECT_EQ(moved.get()->value(), "w");
  EXPECT_EQ(moved.Take()->value(), "w");
  EXPECT_EQ(moved.get(), nullptr);
}

}  // namespace
}  // namespace corelane::storage
