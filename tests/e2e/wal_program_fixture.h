#pragma once

// What the tests of corelane-wal share: a way to run it, and directories that the real log has
// written. Its path comes in the environment variable CORELANE_WAL.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "env/posix_file_system.h"
#include "fault/temp_directory.h"
#include "raw_client.h"
#include "server_process.h"
#include "wal/data_directory.h"
#include "wal/lane_log_writer.h"

namespace corelane::e2e {

struct Printed {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::ostream& operator<<(std::ostream& out, const Printed& printed) {
  return out << "exit code " << printed.exit_code << "\n" << printed.out << printed.err;
}

inline bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

inline size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class WalProgramTest : public testing::Test {
 protected:
  static constexpr uint64_t kHashSeed = 0x1234567890abcdef;
  static constexpr const char* kFullFile = "/dev/full";  // takes nothing, and never ends
  static constexpr uint32_t kCreatedAt = 1'700'000'000;

  // Files take what it prints, so that nothing can block.
  Printed Run(std::vector<std::string> arguments) const {
    return RunInto(temporary_.Sub("out"), std::move(arguments));
  }
  Printed RunInto(const std::string& out_name, std::vector<std::string> arguments) const {
    const std::string err_name = temporary_.Sub("err");
    const char* const program = std::getenv("CORELANE_WAL");
    arguments.insert(arguments.begin(), "corelane-wal");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
      ::dup2(::open(out_name.c_str(), kFlags, 0600), STDOUT_FILENO);
      ::dup2(::open(err_name.c_str(), kFlags, 0600), STDERR_FILENO);
      if (program != nullptr) ::execv(program, pointers.data());
      ::_exit(127);
    }
    int state = 0;
    EXPECT_EQ(::waitpid(child, &state, 0), child);
    return {.exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : -1,
            .out = out_name == kFullFile ? "" : ReadFile(out_name),
            .err = ReadFile(err_name)};
  }

  [[nodiscard]] std::string LanePath(int lane) const {
    return data_ + "/gen-000001/lane-000" + std::to_string(lane);
  }
  [[nodiscard]] std::string SegmentPath(int lane, uint64_t number) const {
    return LanePath(lane) + "/" + wal::SegmentName(number);
  }

  void MakeDirectory(uint32_t lanes) {
    ASSERT_TRUE(
        wal::DataDirectory::Open(files_, clock_, data_, {.lanes = lanes, .hash_seed = kHashSeed})
            .ok());
  }

  // The log of a lane, without marks but the one that an orderly close writes: nothing asks for a
  // sync meanwhile.
  [[nodiscard]] std::unique_ptr<wal::LaneLogWriter> OpenLog(uint32_t lane) {
    return wal::OpenLaneLog(Options(lane)).value();
  }
  [[nodiscard]] wal::LaneLogOptions Options(uint32_t lane) {
    wal::LaneLogOptions options;
    options.files = &files_;
    options.clock = &clock_;
    options.lane = {.directory = LanePath(static_cast<int>(lane)), .lane = lane, .generation = 1};
    options.mode = wal::FsyncMode::kOs;
    options.segment_bytes = wal::kSegmentBytesMin;
    options.salt_seed = kHashSeed;
    return options;
  }

  static void Put(wal::LaneLog& log, std::string_view key, kv::ValueView value) {
    value.created_at_s = kCreatedAt;
    while (log.Admit(1, key.size() + value.bytes.size()) == wal::Admission::kWait) {
      log.EndTurn();
      std::this_thread::yield();
    }
    log.AppendPut(key, value);
    log.EndTurn();
  }

  // Two lanes with `keys` small keys each: a0, a1, ... and b0, b1, ...
  void MakeLogs(int keys) {
    MakeDirectory(2);
    for (uint32_t lane = 0; lane < 2; ++lane) {
      const auto log = OpenLog(lane);
      for (int i = 0; i < keys; ++i) {
        Put(*log, (lane == 0 ? "a" : "b") + std::to_string(i), {.bytes = "value"});
      }
      ASSERT_TRUE(log->Close().ok());
    }
  }

  // Lane 0 with three segments or more, each full of large values.
  void MakeSegments() {
    MakeDirectory(1);
    const auto log = OpenLog(0);
    const std::string value(5000, 'v');
    for (int i = 0; i < 40; ++i) Put(*log, "key" + std::to_string(i), {.bytes = value});
    ASSERT_TRUE(log->Close().ok());
    ASSERT_TRUE(std::filesystem::exists(SegmentPath(0, 3)));
  }

  static void Flip(const std::string& path, size_t offset) {
    std::string bytes = ReadFile(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 0x40);
    Write(path, bytes);
  }
  static void Write(const std::string& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  // Every name below the data directory, with the bytes of files and when they were changed.
  [[nodiscard]] std::map<std::string, std::string> Snapshot() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
      const auto changed = entry.last_write_time().time_since_epoch().count();
      all[entry.path().string()] = std::to_string(changed) +
                                   (entry.is_regular_file() ? ReadFile(entry.path().string()) : "");
    }
    return all;
  }

  fault::TempDirectory temporary_;
  const std::string data_ = temporary_.Sub("data");
  env::PosixFileSystem files_;
  env::ManualClock clock_{1'700'000'000'000};
};

// A put of 24 + 2 + 5 bytes, padded.
inline constexpr uint64_t kSmallFrameBytes = 32;
inline constexpr uint64_t kHeaderBytes = 64;

}  // namespace corelane::e2e
