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

TEST(Entry, OptionalFieldsTakeRoomOnlyWhenTheyAreThere) {
  const std::string bytes(64, 'v');
  kv::ValueView value = Text(bytes);
  const std::string key(20, 'k');
  value.marks = kv::kMarksAll;
  EXPECT_EQ(Entry::Make(key, value)->allocation_bytes(), 96u);
  value.client_flags = 1;
  EXPECT_EQ(Entry::Make(key, value)->allocation_bytes(), 112u);
  value.version = 1;
  value.expires_at = 5;
  value.bytes = value.bytes.substr(16 + 4);  // of the 20 bytes more, 16 are a granule
  EXPECT_EQ(Entry::Make(key, value)->allocation_bytes(), 96u);
}

TEST(Entry, KeepsEveryCombinationOfOptionalFields) {
  for (unsigned bits = 0; bits < 16; ++bits) {
    kv::ValueView put = Text("value", (bits & 1) != 0 ? 1234 : kv::kNoExpiry);
    put.version = (bits & 2) != 0 ? uint64_t{1} << 60 : 0;
    put.client_flags = (bits & 4) != 0 ? UINT32_MAX : 0;
    put.marks = (bits & 8) != 0 ? kv::kMarkStale : 0;
    const EntryPtr entry = Entry::Make("key", put);
    for (int overwritten = 0; overwritten < 2; ++overwritten) {
      const kv::ValueView got = entry->View();
      EXPECT_EQ(entry->key(), "key");
      EXPECT_EQ(got.bytes, "value");
      EXPECT_EQ(got.expires_at, put.expires_at);
      EXPECT_EQ(got.version, put.version);
      EXPECT_EQ(got.client_flags, put.client_flags);
      EXPECT_EQ(got.marks, put.marks);
      put.marks ^= kv::kMarkFetched;
      put.client_flags -= put.client_flags != 0 ? 1 : 0;
      ASSERT_TRUE(entry->TryOverwrite(put));
    }
    put.client_flags = put.client_flags != 0 ? 0 : 1;
    EXPECT_FALSE(entry->TryOverwrite(put));
  }
}

TEST(Entry, IsAnnotatedInPlaceWhenTheVersionHasItsRoom) {
  kv::ValueView put = Text("value", 1234);
  const EntryPtr without = Entry::Make("key", put);
  EXPECT_FALSE(without->TryAnnotate(kv::kMarkStale, 9));
  EXPECT_TRUE(without->TryAnnotate(kv::kMarkStale, 0));
  EXPECT_EQ(without->View().marks, kv::kMarkStale);
  put.version = 8;
  put.client_flags = 7;
  const EntryPtr with = Entry::Make("key", put);
  EXPECT_TRUE(with->TryAnnotate(kv::kMarkFetched, 9));
  EXPECT_FALSE(with->TryAnnotate(0, 0));
  EXPECT_EQ(with->View().version, 9u);
  EXPECT_EQ(with->View().client_flags, 7u);
  EXPECT_EQ(with->View().marks, kv::kMarkFetched);
  EXPECT_EQ(with->View().expires_at, 1234);
  EXPECT_EQ(with->value(), "value");
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
