// Replies that are cut short, too long or contradict themselves, for each form; and the bytes of
// version 1's requests.

#include "client/replies.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "client/request_queue.h"

namespace corelane::client {
namespace {

Reply Ok(std::string_view bytes) { return {StatusCode::kOk, bytes}; }

TEST(RepliesTest, NumbersHaveTheirExactLength) {
  const std::string bytes("\x2a\0\0\0\0\0\0\0\0", 9);
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const Reply reply = Ok(std::string_view(bytes).substr(0, size));
    EXPECT_EQ(DecodeInteger(reply).ok(), size == 8) << size;
    EXPECT_EQ(DecodeCount(reply).ok(), size == 8) << size;
    EXPECT_EQ(DecodeTtl(reply).ok(), size == 8) << size;
    EXPECT_EQ(DecodeMany(reply).ok(), size == 4) << size;
  }
  EXPECT_EQ(DecodeCount(Ok("\xff\xff\xff\xff\xff\xff\xff\xff")).code(), StatusCode::kProtocolError);
}

TEST(RepliesTest, CutListsAreMalformed) {
  // Cursor 5, two keys.
  const std::string page("\5\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0a\2\0\0\0bc", 23);
  ASSERT_TRUE(DecodePage(Ok(page)).ok());
  EXPECT_EQ(DecodePage(Ok(page))->next_cursor, 5u);
  EXPECT_EQ(DecodePage(Ok(page))->keys, (std::vector<std::string>{"a", "bc"}));
  for (size_t size = 0; size < page.size(); ++size) {
    EXPECT_FALSE(DecodePage(Ok(std::string_view(page).substr(0, size))).ok()) << size;
  }
  EXPECT_FALSE(DecodePage(Ok(page + "x")).ok());
  // Two items: a hit and a miss.
  const std::string items("\2\0\0\0\0\1\0\0\0a\1\0\0\0\0", 15);
  ASSERT_TRUE(DecodeItems(Ok(items), 2).ok());
  for (size_t size = 0; size < items.size(); ++size) {
    EXPECT_FALSE(DecodeItems(Ok(std::string_view(items).substr(0, size)), 2).ok()) << size;
  }
  EXPECT_EQ(DecodeItems(Ok(items), 3).code(), StatusCode::kProtocolError);
}

TEST(RepliesTest, ACountThatIsOnlyAnnouncedReservesNothing) {
  EXPECT_FALSE(DecodePage(Ok(std::string_view("\0\0\0\0\0\0\0\0\xff\xff\xff\xff", 12))).ok());
  EXPECT_FALSE(DecodeItems(Ok(std::string_view("\xff\xff\xff\xff", 4)), UINT32_MAX).ok());
}

TEST(RepliesTest, AnErrorOfOneItemIsTheAnswer) {
  const std::string items("\2\0\0\0\0\1\0\0\0a\x18\4\0\0\0busy", 19);
  const auto decoded = DecodeItems(Ok(items), 2);
  EXPECT_EQ(decoded.code(), StatusCode::kBusy);
  EXPECT_EQ(decoded.status().message(), "busy");
}

TEST(RepliesTest, TypedValuesMustBeWellFormed) {
  std::string typed(17, '\0');
  ASSERT_TRUE(DecodeTyped(Ok(typed)).ok());
  for (size_t size = 0; size < typed.size(); ++size) {
    EXPECT_FALSE(DecodeTyped(Ok(std::string_view(typed).substr(0, size))).ok()) << size;
  }
  typed[0] = 1;  // an integer has 8 bytes
  EXPECT_EQ(DecodeTyped(Ok(typed)).code(), StatusCode::kProtocolError);
  typed[0] = 5;  // there is no such type
  EXPECT_EQ(DecodeTyped(Ok(typed)).code(), StatusCode::kProtocolError);
}

TEST(RepliesTest, StatsAreLines) {
  EXPECT_TRUE(DecodeStats(Ok("")).ok());
  EXPECT_EQ(DecodeStats(Ok("entries 7\nname with blanks\n"))->all[1].second, "with blanks");
  EXPECT_FALSE(DecodeStats(Ok("entries 7")).ok());
  EXPECT_FALSE(DecodeStats(Ok("entries\n")).ok());
}

TEST(RepliesTest, TheThreeTextsOfVersion1HaveCodes) {
  const auto code_of = [](std::string_view text) {
    return DecodeDone({StatusCode::kError, text}).code();
  };
  EXPECT_EQ(code_of("unknown command"), StatusCode::kUnknownCommand);
  EXPECT_EQ(code_of("key exceeds maximum size"), StatusCode::kKeyTooLarge);
  EXPECT_EQ(code_of("value exceeds maximum size"), StatusCode::kValueTooLarge);
  EXPECT_EQ(code_of("something else"), StatusCode::kError);
}

TEST(RequestQueueTest, GoldenBytesOfVersion1) {
  RequestQueue queue({.version_1_only = true});
  queue.Put("greeting", "hello world");
  EXPECT_EQ(queue.bytes(), std::string_view("\x01\x08\0\0\0\x0b\0\0\0greetinghello world", 28));
  queue.Reset();
  queue.Get("ab");
  queue.Delete("ab");
  queue.Ping();
  EXPECT_EQ(queue.bytes(), std::string_view("\x02\2\0\0\0\0\0\0\0ab"
                                            "\x03\2\0\0\0\0\0\0\0ab"
                                            "\x04\0\0\0\0\0\0\0\0",
                                            31));
  EXPECT_EQ(queue.size(), 3u);
}

TEST(RequestQueueTest, KnowsFromWhereItMayBeRepeated) {
  RequestQueue queue({});
  queue.Get("a");
  EXPECT_TRUE(queue.RepeatableFrom(0));
  queue.Increment("a", 1);
  queue.Get("a");
  EXPECT_FALSE(queue.RepeatableFrom(0));
  EXPECT_FALSE(queue.RepeatableFrom(1));
  EXPECT_TRUE(queue.RepeatableFrom(2));
}

}  // namespace
}  // namespace corelane::client
