// Export and import on real servers: what leaves one arrives at another, in every format; what is
// not right changes nothing. The path of the server comes in the environment variable
// CORELANE_SERVER.

#include <corelane/client.h>
#include <corelane/pipeline.h>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "cli/backend.h"
#include "cli/commands.h"
#include "cli/transfer.h"
#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/faulty_file_system.h"
#include "fault/temp_directory.h"
#include "server_process.h"

namespace corelane::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct FormatName {
  SnapshotFormat format;
  const char* name;
};
constexpr FormatName kFormats[] = {{SnapshotFormat::kJson, "json"},
                                   {SnapshotFormat::kZigkv001, "zigkv001"},
                                   {SnapshotFormat::kResp, "resp"}};

using Everything = std::map<std::string, StoredValue>;

std::string TextOf(const Value& value) {
  base::Buffer text;
  AppendValueAsText(value, text);
  return std::string(text.view());
}

// A server or store with everything that is done to it here.
class Place {
 public:
  explicit Place(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  void Put(std::vector<TypedPut> puts) {
    for (const Status& status : backend_->PutBatch(puts)) {
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
  }
  Everything All() {
    Everything all;
    uint64_t cursor = 0;
    do {
      const ListPage page = backend_->List(cursor).value();
      const auto values = backend_->GetBatch(page.keys);
      for (size_t i = 0; i < values.size(); ++i) all.emplace(page.keys[i], **values[i]);
      cursor = page.next_cursor;
    } while (cursor != 0);
    return all;
  }
  // What the command prints.
  std::string Run(const std::vector<std::string>& words) {
    out_.str("");
    err_.str("");
    outcome_ = Commands(*backend_, out_, err_).Run(words);
    return out_.str();
  }
  void Clear() {
    for (const auto& [key, value] : All()) ASSERT_TRUE(backend_->Delete(key).value());
  }
  [[nodiscard]] Backend& backend() { return *backend_; }
  [[nodiscard]] std::string errors() const { return err_.str(); }
  [[nodiscard]] Outcome outcome() const { return outcome_; }

 private:
  std::unique_ptr<Backend> backend_;
  std::ostringstream out_;
  std::ostringstream err_;
  Outcome outcome_ = Outcome::kDone;
};

class TransferTest : public testing::Test {
 protected:
  Place Start(const std::string& name, const std::vector<std::string>& flags) {
    auto& server = servers_.emplace_back(std::make_unique<e2e::ServerProcess>(
        e2e::Flags(directory_.Sub(name), flags), directory_.Sub(name + "-stderr")));
    EXPECT_TRUE(server->WaitReady()) << server->Errors();
    ClientOptions options;
    options.port = server->port();
    options.request_timeout_ms = 60'000;
    options.key_bytes_max = kKeyBytesHardMax;
    options.value_bytes_max = kValueBytesHardMax;
    return Place(ConnectBackend(options).value());
  }
  Place StartTwoLanes(const std::string& name) { return Start(name, {"--shards=2", "--fsync=os"}); }
  static std::string Words(const char* format) { return std::string("--format=") + format; }
  void WriteFile(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }

  fault::TempDirectory directory_;
  std::vector<std::unique_ptr<e2e::ServerProcess>> servers_;
};

std::vector<TypedPut> Samples() {
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte) all_bytes.push_back(static_cast<char>(byte));
  return {{"plain", "v", {}},
          {"empty", "", {}},
          {"", "the empty key", {}},
          {all_bytes, all_bytes, {}},
          {"\r\n", Binary{"\xff\r\n"}, seconds(1'000)},
          {"ü", "日本", milliseconds(2'000'500)},
          {"integer", int64_t{-42}, {}},
          {"float", 1e300, {}},
          {"boolean", true, seconds(5'000)},
          {"long", std::string(1'000'000, 'x'), {}}};
}

// Typed values come back as they were from JSON, as their text from the others; times to live shift
// by what the import took, and by up to a second where the format has seconds.
void ExpectSame(const Everything& before, const Everything& after, SnapshotFormat format) {
  constexpr milliseconds kSlack = seconds(30);
  ASSERT_EQ(before.size(), after.size());
  auto there = after.begin();
  for (const auto& [key, value] : before) {
    ASSERT_EQ(key, there->first);
    if (format == SnapshotFormat::kJson) {
      ASSERT_TRUE(there->second.value == value.value) << key;
    } else {
      ASSERT_TRUE(there->second.value == Value(TextOf(value.value))) << key;
    }
    ASSERT_EQ(there->second.expires_at.has_value(), value.expires_at.has_value()) << key;
    if (value.expires_at.has_value()) {
      EXPECT_GE(*there->second.expires_at, *value.expires_at - milliseconds(5)) << key;
      EXPECT_LE(*there->second.expires_at, *value.expires_at + kSlack) << key;
    }
    ++there;
  }
}

TEST_F(TransferTest, FromServerToServerInEveryFormat) {
  Place from = StartTwoLanes("from");
  Place to = Start("to", {"--shards=1", "--fsync=os"});
  from.Put(Samples());
  const Everything before = from.All();
  for (const auto& [format, name] : kFormats) {
    SCOPED_TRACE(name);
    const std::string file = directory_.Sub(name);
    EXPECT_EQ(from.Run({"export", file, Words(name)}), "exported 10\n") << from.errors();
    EXPECT_EQ(to.Run({"import", Words(name), file}), "imported 10, skipped 0 expired, failed 0\n")
        << to.errors();
    ExpectSame(before, to.All(), format);
    for (const auto& [other, other_name] : kFormats) {
      if (other == format) continue;
      EXPECT_EQ(to.Run({"import", file, Words(other_name)}), "");
      EXPECT_EQ(to.outcome(), Outcome::kBadFile) << to.errors();
    }
    // To standard output, and over what is there.
    to.Run({"export", "-", Words(name)});
    EXPECT_EQ(to.errors(), "exported 10\n");
    EXPECT_EQ(to.Run({"export", file, Words(name)}), "exported 10\n");
    to.Clear();
  }
  // Nothing else is left lying around.
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
  }
}

TEST_F(TransferTest, AHundredThousandKeysThatAreWrittenMeanwhile) {
  constexpr size_t kKeys = 100'000;
  Place from = StartTwoLanes("from");
  Place to = StartTwoLanes("to");
  std::vector<TypedPut> puts;
  for (size_t i = 0; i < kKeys; ++i) {
    puts.push_back({"key:" + std::to_string(i), "value " + std::to_string(i), {}});
  }
  from.Put(puts);
  const Everything before = from.All();
  ASSERT_EQ(before.size(), kKeys);
  // Keys that come and go split stripes of the table while it is walked.
  ClientOptions options;
  options.port = servers_[0]->port();
  Client writer = Client::Connect(options).value();
  for (const auto& [format, name] : kFormats) {
    SCOPED_TRACE(name);
    std::jthread writing([&](const std::stop_token& stop) {
      for (uint64_t i = 0; !stop.stop_requested(); ++i) {
        const std::string key = "meanwhile:" + std::string(name) + std::to_string(i);
        if (!writer.Put(key, "x").ok()) return;
      }
    });
    const std::string file = directory_.Sub(name);
    from.Run({"export", file, Words(name)});
    EXPECT_EQ(from.outcome(), Outcome::kDone) << from.errors();
    writing.request_stop();
    writing.join();
    to.Run({"import", file, Words(name)});
    EXPECT_EQ(to.outcome(), Outcome::kDone) << to.errors();
    Everything after = to.All();
    std::erase_if(after, [](const auto& entry) { return entry.first.starts_with("meanwhile:"); });
    ExpectSame(before, after, format);
    // Every line is an entry: a key that stays put is there once.
    if (format == SnapshotFormat::kJson) {
      std::multiset<std::string> lines;
      std::ifstream in(file);
      for (std::string line; std::getline(in, line);) lines.insert(line.substr(0, line.find(',')));
      for (const auto& line : lines) ASSERT_EQ(lines.count(line), 1u) << line;
    }
  }
}

TEST_F(TransferTest, OneJsonObject) {
  Place from(OpenBackend(directory_.Sub("from")).value());
  Place to(OpenBackend(directory_.Sub("to")).value());
  std::vector<TypedPut> puts = Samples();
  from.Put(puts);
  const std::string file = directory_.Sub("object");
  // One of the keys is no text.
  EXPECT_EQ(from.Run({"export", file, "--format=json-object"}), "");
  EXPECT_EQ(from.outcome(), Outcome::kFailed);
  EXPECT_FALSE(std::filesystem::exists(file));
  ASSERT_TRUE(from.backend().Delete(puts[3].key).value());
  EXPECT_EQ(from.Run({"export", file, "--format=json-object"}), "exported 9\n");
  EXPECT_EQ(to.Run({"import", file, "--format=json-object"}),
            "imported 9, skipped 0 expired, failed 0\n");
  const Everything after = to.All();
  for (const auto& [key, value] : from.All()) {
    ASSERT_TRUE(after.contains(key)) << key;
    EXPECT_TRUE(after.at(key).value == value.value) << key;
    EXPECT_FALSE(after.at(key).expires_at.has_value()) << key;
  }
}

TEST_F(TransferTest, WhatHasExpiredIsLeftOut) {
  Place to = StartTwoLanes("to");
  const std::string file = directory_.Sub("json");
  WriteFile(file,
            "{\"key\":\"gone\",\"value\":1,\"expires_at\":1700000000000}\n"
            "{\"key\":\"before time\",\"value\":1,\"expires_at\":-9223372036854775808}\n"
            "{\"key\":\"stays\",\"value\":1,\"expires_at\":9223372036854775807}\n");
  EXPECT_EQ(to.Run({"import", file, "--format=json"}), "imported 1, skipped 2 expired, failed 0\n");
  EXPECT_TRUE(to.All().contains("stays"));
}

TEST_F(TransferTest, ABadFileChangesNothing) {
  Place to = Start("to", {"--shards=1", "--fsync=os", "--max-key-bytes=100"});
  const std::string file = directory_.Sub("json");
  WriteFile(file, "{\"key\":\"good\",\"value\":1}\n{\"key\":\"bad\"}\n");
  EXPECT_EQ(to.Run({"import", file, "--format=json"}), "");
  EXPECT_EQ(to.outcome(), Outcome::kBadFile);
  EXPECT_EQ(to.errors(), "error: invalid snapshot: there is no \"value\", in line 2\n");
  // Over the limit of this server, which would cut us off.
  WriteFile(file, "{\"key\":\"good\",\"value\":1}\n{\"key\":\"" + std::string(101, 'k') +
                      "\",\"value\":1}\n");
  to.Run({"import", file, "--format=json"});
  EXPECT_EQ(to.errors(),
            "error: invalid snapshot: a key of 101 bytes, and the limit is 100, in line 2\n");
  EXPECT_EQ(to.backend().Count().value(), 0u);
  to.Run({"import", directory_.Sub("nothing"), "--format=json"});
  EXPECT_EQ(to.outcome(), Outcome::kFailed);
}

// A damaged file is refused as a whole, or was right all the same.
TEST_F(TransferTest, RandomDamageImportsAllOrNothing) {
  constexpr int kFiles = 300;
  base::Random random(7);
  Place store(OpenBackend(directory_.Sub("store")).value());
  std::vector<TypedPut> puts = Samples();
  puts.pop_back();
  store.Put(puts);
  const std::string file = directory_.Sub("zigkv001");
  ASSERT_EQ(store.Run({"export", file, "--format=zigkv001"}), "exported 9\n");
  const std::string whole = e2e::ReadFile(file);
  store.Clear();
  for (int i = 0; i < kFiles; ++i) {
    SCOPED_TRACE(i);
    std::string bytes = whole;
    bytes[random.Uniform(bytes.size())] ^= static_cast<char>(1 + random.Uniform(255));
    if (random.OneIn(4)) bytes.resize(random.Uniform(bytes.size()));
    WriteFile(file, bytes);
    const std::string said = store.Run({"import", file, "--format=zigkv001"});
    if (store.outcome() == Outcome::kBadFile) {
      ASSERT_EQ(store.backend().Count().value(), 0u);
      ASSERT_TRUE(store.errors().starts_with("error: invalid snapshot: ")) << store.errors();
      continue;
    }
    ASSERT_EQ(store.outcome(), Outcome::kDone) << store.errors();
    ASSERT_NE(said.find("failed 0"), std::string::npos) << said;
    store.Clear();
  }
}

TEST_F(TransferTest, AFailedExportLeavesWhatWasThere) {
  Place store(OpenBackend(directory_.Sub("store")).value());
  store.Put(Samples());
  env::PosixFileSystem posix;
  fault::FaultyFileSystem files(posix);
  const env::SystemClock clock;
  const TransferTools tools{store.backend(), files, clock};
  const std::string file = directory_.Sub("file");
  WriteFile(file, "before");
  std::ostringstream out;
  using fault::Operation;
  for (const Operation operation :
       {Operation::kWrite, Operation::kSync, Operation::kRename, Operation::kOpen}) {
    for (const auto& [format, name] : kFormats) {
      fault::Fault fault;
      fault.operation = operation;
      fault.status = Status(StatusCode::kDiskFull, "no room");
      files.Fail(fault);
      const Result<uint64_t> exported = ExportEntries(tools, {file, format}, out);
      EXPECT_EQ(exported.code(), StatusCode::kDiskFull);
      EXPECT_EQ(exported.status().message(), "no room");
      EXPECT_EQ(e2e::ReadFile(file), "before");
      files.ClearFaults();
    }
  }
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(directory_.path())) {
    ++count;
  }
  EXPECT_EQ(count, 2u);  // the store and the file
  EXPECT_EQ(store.Run({"export", "/dev/null", "--format=json"}), "");
  EXPECT_EQ(store.errors(), "error: /dev/null is there and is no file; - means standard output\n");
  // Through a link to where the file is.
  std::filesystem::create_symlink(file, directory_.Sub("link"));
  EXPECT_EQ(store.Run({"export", directory_.Sub("link"), "--format=resp"}), "exported 10\n");
  EXPECT_TRUE(e2e::ReadFile(file).starts_with("*"));
  EXPECT_TRUE(std::filesystem::is_symlink(directory_.Sub("link")));
}

TEST_F(TransferTest, StandardOutputAndInput) {
  Place from(OpenBackend(directory_.Sub("from")).value());
  Place to(OpenBackend(directory_.Sub("to")).value());
  from.Put(Samples());
  env::PosixFileSystem files;
  const env::SystemClock clock;
  for (const auto& [format, name] : kFormats) {
    SCOPED_TRACE(name);
    std::stringstream pipe;
    EXPECT_EQ(ExportEntries({from.backend(), files, clock}, {"-", format}, pipe).value(), 10u);
    const ImportCounts counts =
        ImportEntries({to.backend(), files, clock}, {"-", format}, pipe).value();
    EXPECT_EQ(counts.imported, 10u);
    ExpectSame(from.All(), to.All(), format);
    to.Clear();
  }
}

TEST_F(TransferTest, AServerThatGoesAwayIsSaidSo) {
  Place to = StartTwoLanes("to");
  const std::string file = directory_.Sub("resp");
  std::string bytes;
  for (int i = 0; i < 2'000; ++i) bytes += "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
  WriteFile(file, bytes);
  EXPECT_EQ(to.Run({"import", file, "--format=resp"}),
            "imported 2000, skipped 0 expired, failed 0\n");
  servers_[0]->Kill();
  EXPECT_EQ(to.Run({"import", file, "--format=resp"}), "");
  EXPECT_EQ(to.outcome(), Outcome::kFailed);
  EXPECT_EQ(to.Run({"export", file, "--format=resp"}), "");
  EXPECT_EQ(to.outcome(), Outcome::kFailed);
  EXPECT_EQ(e2e::ReadFile(file), bytes);
}

TEST_F(TransferTest, WrongUsage) {
  Place store(OpenBackend(directory_.Sub("store")).value());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"export", "f"},
                                             {"export", "--format=json"},
                                             {"export", "f", "--format=xml"},
                                             {"import", "f", "g"},
                                             {"import", "", "--format=json"},
                                             {"import", "--format=json", "--format=json"}}) {
    EXPECT_EQ(store.Run(words), "");
    EXPECT_EQ(store.outcome(), Outcome::kUsage);
    EXPECT_NE(store.errors().find("--format=json|json-object|zigkv001|resp"), std::string::npos);
  }
}

}  // namespace
}  // namespace corelane::cli
