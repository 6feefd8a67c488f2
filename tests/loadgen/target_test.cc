#include "loadgen/target.h"

#include <corelane/limits.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace corelane::loadgen {
namespace {

std::string ReadBack(std::string_view text) {
  const Result<Target> target = ParseTarget(text);
  return target.ok() ? TargetText(*target) : target.status().message();
}

TEST(Target, ReadsSchemeHostAndPort) {
  const Result<Target> target = ParseTarget("memcache-meta://cache.example.org:1234");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->protocol, WireProtocol::kMemcacheMeta);
  EXPECT_EQ(target->endpoint.host, "cache.example.org");
  EXPECT_EQ(target->endpoint.port, 1234);
  EXPECT_EQ(ReadBack("resp3://10.0.0.1:65535"), "resp3://10.0.0.1:65535");
  EXPECT_EQ(ReadBack("json://[::1]:80"), "json://[::1]:80");
  EXPECT_EQ(ReadBack("native://[fe80::1%eth0]:1"), "native://[fe80::1%eth0]:1");
}

TEST(Target, WithoutSchemeItIsResp) {
  EXPECT_EQ(ReadBack("localhost:7000"), "resp://localhost:7000");
  EXPECT_EQ(ReadBack("localhost"), "resp://localhost:6379");
  EXPECT_EQ(ReadBack("[::1]"), "resp://[::1]:6379");
}

TEST(Target, EachSchemeHasItsPort) {
  EXPECT_EQ(kPortDefault, 7878);
  EXPECT_EQ(ReadBack("native://h"), "native://h:7878");
  EXPECT_EQ(ReadBack("json://h"), "json://h:7878");
  EXPECT_EQ(ReadBack("resp://h"), "resp://h:6379");
  EXPECT_EQ(ReadBack("resp3://h"), "resp3://h:6379");
  EXPECT_EQ(ReadBack("memcache://h"), "memcache://h:11211");
  EXPECT_EQ(ReadBack("memcache-meta://[::1]"), "memcache-meta://[::1]:11211");
}

TEST(Target, RefusesByNameWhatIsNone) {
  struct Row {
    std::string_view text;
    std::string_view why;
  };
  const Row rows[] = {
      {"", "there is no host"},
      {"resp://", "there is no host"},
      {"redis://h:1", "unknown protocol \"redis\""},
      {"://h:1", "unknown protocol \"\""},
      {":6379", "the address is missing"},
      {"h:", "the port must be a number"},
      {"h:x", "the port must be a number"},
      {"h:65536", "the port must be a number"},
      {"h:-1", "the port must be a number"},
      {"h:1/0", "the port must be a number"},
      {"h:0", "the port must be a number from 1 to 65535"},
      {"h/x", "the host is no name or address"},
      {"a b:1", "the host is no name or address"},
      {"7878", "a number alone is no host"},
      {"::1", "an IPv6 address needs brackets"},
      {"2001:db8::1:80", "an IPv6 address needs brackets"},
      {"[::1:80", "the closing bracket is missing"},
      {"[::1]x:80", "bracket"},
      {"[]:80", "the address is missing"},
  };
  for (const Row& row : rows) {
    const Result<Target> target = ParseTarget(row.text);
    ASSERT_FALSE(target.ok()) << row.text;
    EXPECT_EQ(target.code(), StatusCode::kBadArgument);
    const std::string& message = target.status().message();
    EXPECT_NE(message.find("target \"" + std::string(row.text) + "\""), std::string::npos)
        << message;
    EXPECT_NE(message.find(row.why), std::string::npos) << row.text << ": " << message;
  }
}

TEST(Target, SeveralAreSeparatedByCommas) {
  const Result<std::vector<Target>> targets = ParseTargets("h1,native://h2:5,memcache://[::1]");
  ASSERT_TRUE(targets.ok());
  ASSERT_EQ(targets->size(), 3u);
  EXPECT_EQ(TargetText((*targets)[0]), "resp://h1:6379");
  EXPECT_EQ(TargetText((*targets)[1]), "native://h2:5");
  EXPECT_EQ(TargetText((*targets)[2]), "memcache://[::1]:11211");
  EXPECT_EQ(ParseTargets("h").value().size(), 1u);
  for (const std::string_view text : {"", ",", "h,", ",h", "h,,h"}) {
    const Result<std::vector<Target>> none = ParseTargets(text);
    ASSERT_FALSE(none.ok()) << text;
    EXPECT_EQ(none.status().message(),
              "targets \"" + std::string(text) + "\": one of them is empty");
  }
  EXPECT_NE(ParseTargets("h,x:y").status().message().find("\"x:y\""), std::string::npos);
}

}  // namespace
}  // namespace corelane::loadgen
