#include "loadgen/environment.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace corelane::loadgen {
namespace {

// A machine that exists in these files only.
class FakeSystem final : public env::SystemText {
 public:
  [[nodiscard]] std::string Read(const std::string& path) const override {
    const auto file = files.find(path);
    return file == files.end() ? "" : file->second;
  }
  std::map<std::string, std::string> files;
};

FakeSystem OneMachine() {
  FakeSystem system;
  system.files = {
      {"/proc/cpuinfo",
       "processor\t: 0\nmodel name\t: Model: 9000\nflags\t\t: fpu hypervisor tsc\n\n"
       "processor\t: 1\nmodel name\t: another\nflags\t\t: fpu\n"},
      {"/sys/devices/system/cpu/online", "0-7\n"},
      {"/proc/self/status", "Name:\tx\nCpus_allowed:\t0f\nCpus_allowed_list:\t0-2,5\n"},
      {"/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"},
      {"/proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\n"},
      {"/proc/sys/kernel/osrelease", "6.1.0-test\n"},
      {"/etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"},
      {"/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
      {"/proc/loadavg", "1.25 0.50 0.10 1/234 567\n"}};
  return system;
}

TEST(Environment, SaysWhatTheMachineSays) {
  const Environment environment = ReadEnvironment(OneMachine());
  EXPECT_EQ(environment.cpu_model, "Model: 9000");
  EXPECT_EQ(environment.cores_online, 8U);
  EXPECT_EQ(environment.cores_usable, (std::vector<int>{0, 1, 2, 5}));
  EXPECT_TRUE(environment.is_virtual);
  EXPECT_EQ(environment.governor, "powersave");
  EXPECT_EQ(environment.memory_bytes, 16U << 20);
  EXPECT_EQ(environment.kernel, "6.1.0-test");
  EXPECT_EQ(environment.system, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(environment.clock_source, "tsc");
  EXPECT_DOUBLE_EQ(environment.load_average, 1.25);
  EXPECT_FALSE(environment.version.empty());
  EXPECT_FALSE(environment.compiler.empty());
  EXPECT_FALSE(environment.build_type.empty());
}

TEST(Environment, WhatTheMachineDoesNotSayIsEmpty) {
  const Environment environment = ReadEnvironment(FakeSystem());
  EXPECT_TRUE(environment.cpu_model.empty());
  EXPECT_EQ(environment.cores_online, 0U);
  EXPECT_TRUE(environment.cores_usable.empty());
  EXPECT_FALSE(environment.is_virtual);
  EXPECT_EQ(environment.memory_bytes, 0U);
  EXPECT_EQ(environment.load_average, 0);
}

TEST(Environment, AFlagThatOnlyContainsTheWordIsAnother) {
  FakeSystem system = OneMachine();
  system.files["/proc/cpuinfo"] = "flags : fpu nohypervisor hypervisors\n";
  EXPECT_FALSE(ReadEnvironment(system).is_virtual);
}

TEST(Environment, RealMachinesHaveACoreAndAKernel) {
  const Environment environment = ReadEnvironment(env::RealSystemText());
  EXPECT_FALSE(environment.cores_usable.empty());
  EXPECT_FALSE(environment.kernel.empty());
  EXPECT_GT(environment.memory_bytes, 0U);
  EXPECT_GT(ReadCoreTime(env::RealSystemText()).all_ticks, 0U);
}

TEST(CoreTime, CountsEightFieldsOfTheFirstLine) {
  FakeSystem system;
  system.files["/proc/stat"] = "cpu  1 2 3 4 5 6 7 8 100 200\ncpu0 9 9 9 9 9 9 9 9 9 9\n";
  const CoreTime time = ReadCoreTime(system);
  EXPECT_EQ(time.all_ticks, 36U);
  EXPECT_EQ(time.stolen_ticks, 8U);
  // Kernels before 2.6.11 had no such field.
  system.files["/proc/stat"] = "cpu  1 2 3 4\n";
  EXPECT_EQ(ReadCoreTime(system).all_ticks, 10U);
  EXPECT_EQ(ReadCoreTime(system).stolen_ticks, 0U);
  EXPECT_EQ(ReadCoreTime(FakeSystem()).all_ticks, 0U);
}

TEST(CoreTime, TheStolenShareIsThatOfTheTimeBetween) {
  EXPECT_DOUBLE_EQ(StolenShare({1000, 100}, {1200, 150}), 0.25);
  EXPECT_EQ(StolenShare({1000, 100}, {1000, 100}), 0);
  EXPECT_EQ(StolenShare({1000, 100}, {1200, 99}), 0);
  EXPECT_EQ(StolenShare({1000, 100}, {900, 150}), 0);
}

TEST(CoreList, IsReadAndWrittenAsTheKernelDoes) {
  for (const std::string text : {"0", "0-1", "0-2,7", "1,3,5-6"}) {
    EXPECT_EQ(CoreListText(ParseCoreList(text)), text);
  }
  EXPECT_TRUE(ParseCoreList("").empty());
  EXPECT_TRUE(ParseCoreList("\n").empty());
  EXPECT_EQ(CoreListText(ParseCoreList("3,1,2,2")), "1-3");
  EXPECT_EQ(CoreListText(ParseCoreList("x,2,-1,5-4")), "2");
  EXPECT_EQ(CoreListText({}), "");
}

TEST(CoreList, IsBoundedWhateverTheTextSays) {
  EXPECT_EQ(ParseCoreList("0-2000000000").size(), 65'536U);
}

TEST(SharedCores, AreNamedInAWarning) {
  const auto warning = [](std::vector<int> generator, std::vector<int> server) {
    return SharedCoresWarning(generator, server);
  };
  EXPECT_TRUE(warning({0}, {1}).empty());
  EXPECT_TRUE(warning({0}, {}).empty());
  EXPECT_NE(warning({1, 0}, {1, 2}).find("both run on core 1:"), std::string::npos);
  EXPECT_NE(warning({3, 2, 1, 1}, {0, 1, 2, 3}).find("on cores 1-3:"), std::string::npos);
}

TEST(SharedCores, AServersCoresAreThoseOfItsProcess) {
  FakeSystem system;
  system.files["/proc/77/status"] = "Name:\tserver\nCpus_allowed_list:\t1,3\n";
  EXPECT_EQ(ReadCoresOf(77, system), (std::vector<int>{1, 3}));
  EXPECT_TRUE(ReadCoresOf(78, system).empty());
}

}  // namespace
}  // namespace corelane::loadgen
