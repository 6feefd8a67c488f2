// The files of export and import, without a server: what is written, byte by byte; what is read,
// and that no damage makes a reader believe what it should not.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "cli/byte_source.h"
#include "cli/json_format.h"
#include "cli/snapshot_format.h"

namespace corelane::cli {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace): for embedded zeros

constexpr SnapshotFormat kFormats[] = {SnapshotFormat::kJson, SnapshotFormat::kZigkv001,
                                       SnapshotFormat::kResp};

// A file in memory, which knows how much was asked for at once.
class MemoryFile final : public env::File {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<uint64_t> Size() override { return uint64_t{bytes_.size()}; }
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    const size_t at = std::min<size_t>(offset, bytes_.size());
    const size_t count = std::min(out.size(), bytes_.size() - at);
    std::memcpy(out.data(), bytes_.data() + at, count);
    read_bytes_max_ = std::max(read_bytes_max_, out.size());
    return count;
  }
  Status WriteAt(uint64_t, std::string_view) override { return Refused(); }
  Status Allocate(uint64_t, uint64_t) override { return Refused(); }
  Status Truncate(uint64_t size) override {
    bytes_.resize(size);
    return OkStatus();
  }
  Status Sync() override { return Refused(); }
  Result<std::unique_ptr<env::Mapping>> Map(uint64_t) override { return Refused(); }
  [[nodiscard]] size_t read_bytes_max() const { return read_bytes_max_; }

 private:
  static Status Refused() { return Status(StatusCode::kIoError, "not in this test"); }

  std::string bytes_;
  size_t read_bytes_max_ = 0;
};

struct Read {
  std::vector<SnapshotEntry> entries;
  Status status;
};

Read ReadAll(SnapshotFormat format, const std::string& bytes, const EntryLimits& limits = {}) {
  MemoryFile file(bytes);
  ByteSource source(file, bytes.size());
  const std::unique_ptr<SnapshotReader> reader = OpenSnapshot(format, source, limits);
  Read read;
  SnapshotEntry entry;
  for (;;) {
    const Result<bool> found = reader->Next(entry);
    read.status = found.status();
    if (!found.ok() || !*found) return read;
    read.entries.push_back(entry);
  }
}

std::string Written(SnapshotFormat format, const std::vector<SnapshotEntry>& entries) {
  base::Buffer bytes;
  bytes.Append(SnapshotHead(format, static_cast<uint32_t>(entries.size())));
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_TRUE(AppendSnapshotEntry(format, i, entries[i], bytes).ok());
  }
  bytes.Append(SnapshotTail(format));
  return std::string(bytes.view());
}

std::chrono::sys_seconds Seconds(int64_t seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

UnixMillis Millis(int64_t millis) { return UnixMillis(std::chrono::milliseconds(millis)); }

// Expiries in whole seconds, as not every format has more.
std::vector<SnapshotEntry> Samples() {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  return {
      {"k", std::string("v"), Seconds(1'700'000'000), Millis(1'700'000'060'000)},
      {"", std::string(), Seconds(0), std::nullopt},
      {all_bytes, all_bytes, Seconds(1), Millis(4'000'000'000'000)},
      {"ü\"\\\n\x7f", std::string("日本\0€\r\n"s), Seconds(2), std::nullopt},
      {"integer", std::numeric_limits<int64_t>::min(), Seconds(3), std::nullopt},
      {"float", 2.0, Seconds(3), std::nullopt},
      {"infinite", -std::numeric_limits<double>::infinity(), Seconds(3), std::nullopt},
      {"true", true, Seconds(3), std::nullopt},
      {"binary", Binary{"text"}, Seconds(3), Millis(1'700'000'060'000)},
      {"long", std::string(600'000, 'x'), Seconds(3), std::nullopt},
  };
}

std::string TextOf(const Value& value) {
  base::Buffer text;
  AppendValueAsText(value, text);
  return std::string(text.view());
}

TEST(CliSnapshotTest, EveryFormatReadsBackWhatItWrote) {
  const std::vector<SnapshotEntry> samples = Samples();
  for (const SnapshotFormat format : kFormats) {
    SCOPED_TRACE(static_cast<int>(format));
    const Read read = ReadAll(format, Written(format, samples));
    EXPECT_TRUE(read.status.ok()) << read.status.ToString();
    ASSERT_EQ(read.entries.size(), samples.size());
    for (size_t i = 0; i < samples.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(read.entries[i].key, samples[i].key);
      EXPECT_EQ(read.entries[i].expires_at, samples[i].expires_at);
      if (format == SnapshotFormat::kJson) {
        EXPECT_TRUE(read.entries[i].value == samples[i].value);
      } else {
        EXPECT_TRUE(read.entries[i].value == Value(TextOf(samples[i].value)));
      }
      if (format != SnapshotFormat::kResp) {
        EXPECT_EQ(read.entries[i].created_at, samples[i].created_at);
      }
    }
  }
}

TEST(CliSnapshotTest, NoEntriesAtAll) {
  for (const SnapshotFormat format : kFormats) {
    const Read read = ReadAll(format, Written(format, {}));
    EXPECT_TRUE(read.status.ok()) << read.status.ToString();
    EXPECT_TRUE(read.entries.empty());
  }
  EXPECT_EQ(ReadAll(SnapshotFormat::kZigkv001, "").status.message(),
            "invalid snapshot: the file ends too early, at offset 0");
}

TEST(CliSnapshotTest, GoldenBytes) {
  const std::vector<SnapshotEntry> one = {
      {"k", std::string("v"), Seconds(1'700'000'000), Millis(1'700'000'059'001)}};
  // As the head of zigkv_format.h has it: the expiry is rounded up.
  EXPECT_EQ(
      Written(SnapshotFormat::kZigkv001, one),
      "ZIGKV001\1\0\0\0\1\0\0\0k\1\0\0\0v\x00\xf1\x53\x65\0\0\0\0\1\x3c\xf1\x53\x65\0\0\0\0"s);
  EXPECT_EQ(Written(SnapshotFormat::kJson, one),
            "{\"key\":\"k\",\"type\":\"String\",\"value\":\"v\",\"created_at\":1700000000,"
            "\"expires_at\":1700000059001}\n");
  EXPECT_EQ(Written(SnapshotFormat::kResp, one),
            "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$4\r\nPXAT\r\n$13\r\n1700000059001\r\n");
  const std::vector<SnapshotEntry> other = {{"\xff", Binary{"\1\2"}, Seconds(5), std::nullopt}};
  EXPECT_EQ(Written(SnapshotFormat::kZigkv001, other),
            "ZIGKV001\1\0\0\0\1\0\0\0\xff\2\0\0\0\1\2\5\0\0\0\0\0\0\0\0"s);
  EXPECT_EQ(Written(SnapshotFormat::kJson, other),
            "{\"key\":{\"Binary\":[255]},\"type\":\"Binary\",\"value\":{\"Binary\":[1,2]},"
            "\"created_at\":5,\"expires_at\":null}\n");
  EXPECT_EQ(Written(SnapshotFormat::kResp, other),
            "*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$2\r\n\1\2\r\n");
}

TEST(CliSnapshotTest, ZigkvRefusesWhatIsShortOrWrong) {
  const auto why = [](const std::string& bytes) {
    const Read read = ReadAll(SnapshotFormat::kZigkv001, bytes);
    EXPECT_EQ(read.status.code(), StatusCode::kCorruption);
    return read.status.message();
  };
  EXPECT_EQ(why("ZIGKV002\0\0\0\0"s),
            "invalid snapshot: it does not begin with ZIGKV001, at offset 0");
  EXPECT_EQ(why("ZIGKV001\0\0\0\0x"s),
            "invalid snapshot: something comes behind the last entry, at offset 12");
  EXPECT_EQ(why("ZIGKV001\xff\xff\xff\xff"s + std::string(100, '\0')),
            "invalid snapshot: the file is too short for 4294967295 entries, at offset 0");
  EXPECT_EQ(why("ZIGKV001\1\0\0\0\xff\xff\xff\xff"s + std::string(100, 'x')),
            "invalid snapshot: the file ends before its key, at offset 12");
  EXPECT_EQ(why("ZIGKV001\1\0\0\0\1\0\0\0k\1\0\0\0v\0\0\0\0\0\0\0\0\2"s),
            "invalid snapshot: has_expiry is neither 0 nor 1, at offset 22");
  const std::string long_key(kKeyBytesDefault + 1, 'k');
  EXPECT_EQ(why(Written(SnapshotFormat::kZigkv001, {{long_key, Value(), {}, {}}})),
            "invalid snapshot: a key of 1025 bytes, and the limit is 1024, at offset 12");
  // Every proper prefix is too short.
  const std::string whole =
      Written(SnapshotFormat::kZigkv001, {{"key", std::string("value"), Seconds(1), Millis(2'000)},
                                          {"other", std::string(), Seconds(1), std::nullopt}});
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) why(whole.substr(0, bytes));
  EXPECT_TRUE(ReadAll(SnapshotFormat::kZigkv001, whole).status.ok());
}

TEST(CliSnapshotTest, ZigkvTimesBeyondOurs) {
  for (const char* sign : {"\x7f", "\x80"}) {
    std::string bytes = "ZIGKV001\1\0\0\0\1\0\0\0k\0\0\0\0\0\0\0\0\0\0\0\0\1"s;
    bytes += std::string(7, sign[0] == '\x7f' ? '\xff' : '\0') + sign;
    const Read read = ReadAll(SnapshotFormat::kZigkv001, bytes);
    ASSERT_EQ(read.entries.size(), 1u) << read.status.ToString();
    EXPECT_EQ(*read.entries[0].expires_at > Millis(0), sign[0] == '\x7f');
  }
}

TEST(CliSnapshotTest, JsonSaysTheLine) {
  const std::string good = "{\"key\":\"k\",\"value\":1}\n\n \t\r\n";
  const auto why = [&](const std::string& line) {
    const Read read = ReadAll(SnapshotFormat::kJson, good + line);
    EXPECT_EQ(read.status.code(), StatusCode::kCorruption) << line;
    EXPECT_EQ(read.entries.size(), 1u);
    const std::string head = "invalid snapshot: ";
    const std::string tail = ", in line 4";
    EXPECT_TRUE(read.status.message().starts_with(head) && read.status.message().ends_with(tail));
    const size_t text_bytes = read.status.message().size() - head.size() - tail.size();
    return read.status.message().substr(head.size(), text_bytes);
  };
  EXPECT_EQ(why("[]"), "expected '{'");
  EXPECT_EQ(why("{}"), "there is no \"key\"");
  EXPECT_EQ(why("{\"key\":\"k\"}"), "there is no \"value\"");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1"), "the object does not end in its line");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1,}"), "expected a string at byte 21");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1} {}"), "something comes behind the object");
  EXPECT_EQ(why("{\"key\":\"k\",\"key\":\"k\"}"), "\"key\" comes twice");
  EXPECT_EQ(why("{\"key\":1,\"value\":1}"), "\"key\" is neither a string nor {\"Binary\":[...]}");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":null}"), "\"value\" is none");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":{\"Binary\":[256]}}"), "\"value\" is none");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1,\"ttl\":1}"), "an unknown member, \"ttl\"");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1,\"type\":\"String\"}"),
            "\"value\" does not fit its \"type\"");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":1,\"expires_at\":1.5}"),
            "\"expires_at\" is neither a whole number nor null");
  EXPECT_EQ(why("{\"key\":\"k\",\"value\":" + std::string(17, '[') + "}"),
            "too many brackets within brackets");
  EXPECT_EQ(why("{\"key\":\"" + std::string(1'025, 'k') + "\",\"value\":1}"),
            "a key of 1025 bytes, and the limit is 1024");
  EXPECT_EQ(why("{\"key\":\"\xff\",\"value\":1}"), "invalid UTF-8 at byte 8");
}

TEST(CliSnapshotTest, JsonByHand) {
  const Read read = ReadAll(SnapshotFormat::kJson,
                            "{ \"value\" : \"\\u00fc\", \"key\" : \"a\" }\r\n"
                            "{\"key\":\"b\",\"value\":2,\"type\":\"Float\"}\n"
                            "{\"key\":\"c\",\"value\":{\"Integer\":7},\"expires_at\":null}");
  ASSERT_TRUE(read.status.ok()) << read.status.ToString();
  ASSERT_EQ(read.entries.size(), 3u);
  EXPECT_TRUE(read.entries[0].value == Value("ü"));
  EXPECT_TRUE(read.entries[1].value == Value(2.0));
  EXPECT_TRUE(read.entries[2].value == Value(int64_t{7}));
}

TEST(CliSnapshotTest, AJsonObjectOfAllEntries) {
  std::vector<SnapshotEntry> samples = Samples();
  std::erase_if(samples, [](const auto& entry) { return entry.key.size() == 256; });
  const Read back =
      ReadAll(SnapshotFormat::kJsonObject, Written(SnapshotFormat::kJsonObject, samples));
  ASSERT_TRUE(back.status.ok()) << back.status.ToString();
  ASSERT_EQ(back.entries.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(back.entries[i].key, samples[i].key);
    EXPECT_TRUE(back.entries[i].value == samples[i].value) << i;
    EXPECT_FALSE(back.entries[i].expires_at.has_value());
  }
  EXPECT_EQ(Written(SnapshotFormat::kJsonObject,
                    {{"key2", int64_t{20}, {}, {}}, {"key0", std::string("x"), {}, {}}}),
            "{\"key2\":{\"Integer\":20},\n\"key0\":{\"String\":\"x\"}}\n");
  base::Buffer ignored;
  EXPECT_EQ(
      AppendSnapshotEntry(SnapshotFormat::kJsonObject, 0, {"\xff", true, {}, {}}, ignored).code(),
      StatusCode::kBadArgument);
  // The example of COMPAT, part 5.
  const Read read = ReadAll(SnapshotFormat::kJsonObject,
                            "{\"key2\":{\"Integer\":20},\"key0\":{\"String\":\"x\"},\"b\":"
                            "{\"Boolean\":true},\"f\":{\"Float\":1.5},"
                            "\"raw\":{\"Binary\":[1,2,255]}}");
  ASSERT_EQ(read.entries.size(), 5u) << read.status.ToString();
  EXPECT_TRUE(read.entries[0].value == Value(int64_t{20}));
  EXPECT_TRUE(read.entries[1].value == Value("x"));
  EXPECT_TRUE(read.entries[2].value == Value(true));
  EXPECT_TRUE(read.entries[3].value == Value(1.5));
  EXPECT_TRUE(read.entries[4].value == Value(Binary{"\1\2\xff"}));
}

TEST(CliSnapshotTest, AJsonObjectThatIsNone) {
  const auto count = [](const std::string& bytes) {
    const Read read = ReadAll(SnapshotFormat::kJsonObject, bytes);
    return read.status.ok() ? static_cast<int>(read.entries.size()) : -1;
  };
  EXPECT_EQ(count("{}"), 0);
  EXPECT_EQ(count(" \n{ } \n"), 0);
  EXPECT_EQ(count(" { \"a\\\"},\" : { \"String\" : \"}{,\" } , \"b\":{\"Integer\":1} } "), 2);
  for (const char* bytes : {"",
                            "{",
                            "[]",
                            "{} {}",
                            "}",
                            "{,}",
                            "{\"a\":{\"Integer\":1},}",
                            "{\"a\":{\"Integer\":1}",
                            "{\"a\":{\"Integer\":1}}x",
                            "{\"a\":{\"Integer\":1},,\"b\":{\"Integer\":1}}",
                            "{\"a\":{\"Integer\":1} \"b\":{\"Integer\":1}}",
                            "{\"a\":1}",
                            "{\"a\":{}}",
                            "{\"a\"}",
                            "{\"a\":{\"Integer\":1,\"Float\":1}}",
                            "{\"a\":{\"Integer\":1.5}}",
                            "{\"a\":{\"List\":1}}",
                            "{\"a\":]}",
                            "{\"a\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}",
                            "{\"\xff\":{\"Integer\":1}}"}) {
    EXPECT_EQ(count(bytes), -1) << bytes;
  }
  EXPECT_EQ(
      ReadAll(SnapshotFormat::kJsonObject, "{\"a\":{\"Integer\":1}\n,\"b\":2}").status.message(),
      "invalid snapshot: a member that is no object which names its type, at offset 20");
}

TEST(CliSnapshotTest, RespTakesSetAndNothingElse) {
  const auto read = [](const std::string& bytes) { return ReadAll(SnapshotFormat::kResp, bytes); };
  const Read good = read(
      "*5\r\n$3\r\nset\r\n$1\r\nk\r\n$0\r\n\r\n$4\r\nexat\r\n$3\r\n100\r\n"
      "*3\r\n$3\r\nSeT\r\n$2\r\n\r\n\r\n$1\r\nv\r\n");
  ASSERT_EQ(good.entries.size(), 2u) << good.status.ToString();
  EXPECT_EQ(good.entries[0].expires_at, Millis(100'000));
  EXPECT_EQ(good.entries[1].key, "\r\n");
  for (const char* bytes :
       {"*1\r\n$8\r\nFLUSHALL\r\n", "*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$1\r\nv\r\n", "SET k v\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nv\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-1\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n", "*3\r\n$3\r\nSET\r\n$99999999999\r\n", "*",
        "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nPX\r\n$3\r\n100\r\n",
        "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$4\r\nPXAT\r\n$2\r\n-1\r\n",
        "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$4\r\nEXAT\r\n$16\r\n9223372036854776\r\n"}) {
    const Read bad = read(bytes);
    EXPECT_EQ(bad.status.code(), StatusCode::kCorruption) << bytes;
    EXPECT_TRUE(bad.entries.empty());
    EXPECT_NE(bad.status.message().find(", at offset "), std::string::npos);
  }
}

// Whatever has been done to a file, a reader ends, and what it gives stays within the limits.
TEST(CliSnapshotTest, RandomDamage) {
  constexpr int kFiles = 3'000;
  constexpr uint64_t kSeed = 20261121;
  base::Random random(kSeed);
  std::vector<SnapshotEntry> samples = Samples();
  samples.pop_back();
  std::vector<SnapshotEntry> text_keys = samples;
  text_keys.erase(text_keys.begin() + 2);
  const EntryLimits limits{300, 300};
  size_t refused = 0;
  for (int i = 0; i < kFiles; ++i) {
    SCOPED_TRACE(i);
    const uint64_t drawn = random.Uniform(std::size(kFormats) + 1);
    const SnapshotFormat format =
        drawn < std::size(kFormats) ? kFormats[drawn] : SnapshotFormat::kJsonObject;
    std::string bytes =
        Written(format, format == SnapshotFormat::kJsonObject ? text_keys : samples);
    for (uint64_t changes = 1 + random.Uniform(3); changes > 0; --changes) {
      const size_t at = random.Uniform(bytes.size());
      switch (random.Uniform(4)) {
        case 0:
          bytes[at] = static_cast<char>(random.Uniform(256));
          break;
        case 1:
          bytes.erase(at, 1 + random.Uniform(20));
          break;
        case 2:
          bytes.insert(at, 1 + random.Uniform(5), static_cast<char>(random.Uniform(256)));
          break;
        default:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Uniform(8)));
          break;
      }
      if (bytes.empty()) bytes = "x";
    }
    const Read read = ReadAll(format, bytes, limits);
    if (!read.status.ok()) ++refused;
    for (const SnapshotEntry& entry : read.entries) {
      ASSERT_LE(entry.key.size(), limits.key_bytes_max);
      ASSERT_LE(TextOf(entry.value).size(), limits.value_bytes_max);
    }
  }
  // Damage inside of a key or value is nothing that a reader could see.
  EXPECT_GT(refused, size_t{kFiles} / 3);
}

TEST(CliSnapshotTest, ALengthThatIsOnlyAnnouncedAllocatesNothing) {
  std::string bytes = "ZIGKV001\1\0\0\0\xff\xff\xff\x1f"s + std::string(1'000, 'x');
  MemoryFile file(bytes);
  ByteSource source(file, bytes.size());
  const EntryLimits limits{size_t{1} << 31, size_t{1} << 31};
  SnapshotEntry entry;
  EXPECT_FALSE(OpenSnapshot(SnapshotFormat::kZigkv001, source, limits)->Next(entry).ok());
  EXPECT_LE(file.read_bytes_max(), bytes.size());
}

TEST(ByteSourceTest, LinesOverManyPieces) {
  const std::string line(1'000'000, 'x');
  const std::string bytes = "a\n" + line + "\nlast";
  MemoryFile file(bytes);
  ByteSource source(file, bytes.size());
  EXPECT_EQ(source.LookLine(100).value(), "a\n");
  source.Take(2);
  EXPECT_EQ(source.LookLine(10).value(), "xxxxxxxxxx");
  EXPECT_EQ(source.LookLine(2'000'000).value().size(), line.size() + 1);
  source.Take(line.size() + 1);
  EXPECT_EQ(source.offset(), line.size() + 3);
  EXPECT_EQ(source.LookLine(100).value(), "last");
  EXPECT_EQ(source.left(), 4u);
  source.Take(4);
  EXPECT_EQ(source.LookLine(100).value(), "");
}

TEST(ByteSourceTest, AFileThatIsCutOffMeanwhileEnds) {
  MemoryFile file(std::string(1'000'000, 'x'));
  ByteSource source(file, 1'000'000);
  EXPECT_EQ(source.Look(10).value().size(), 10u);
  ASSERT_TRUE(file.Truncate(400'000).ok());
  EXPECT_EQ(source.Look(900'000).value().size(), 400'000u);
  EXPECT_EQ(source.left(), 400'000u);
}

}  // namespace
}  // namespace corelane::cli
