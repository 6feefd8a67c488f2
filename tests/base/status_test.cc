#include <corelane/status.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/status_macros.h"

namespace corelane {
namespace {

TEST(StatusTest, OkByDefault) {
  EXPECT_TRUE(Status().ok());
  EXPECT_TRUE(OkStatus().ok());
  EXPECT_EQ(OkStatus().code(), StatusCode::kOk);
  EXPECT_EQ(OkStatus().ToString(), "ok");
}

TEST(StatusTest, SaysCodeAndMessage) {
  const Status status(StatusCode::kDiskFull, "cannot extend the log");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "cannot extend the log");
  EXPECT_EQ(status.ToString(), "disk full: cannot extend the log");
  EXPECT_EQ(Status(StatusCode::kNotFound, "").ToString(), "not found");
}

TEST(StatusTest, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code < 256; ++code) {
    const std::string_view name = StatusCodeName(static_cast<StatusCode>(code));
    ASSERT_FALSE(name.empty());
    if (name == "unknown status") continue;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_GE(names.size(), 26u);
}

// The wire codes are a promise to clients that are already out there.
TEST(StatusTest, WireCodesStandStill) {
  EXPECT_EQ(static_cast<int>(StatusCode::kOutOfMemory), 0x10);
  EXPECT_EQ(static_cast<int>(StatusCode::kDiskFull), 0x12);
  EXPECT_EQ(static_cast<int>(StatusCode::kWrongType), 0x16);
  EXPECT_EQ(static_cast<int>(StatusCode::kProtocolError), 0x1b);
  EXPECT_EQ(static_cast<int>(StatusCode::kUnauthorized), 0x1e);
}

TEST(ResultTest, HoldsAValueOrAStatus) {
  Result<std::string> good = std::string("value");
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good.status().ok());
  EXPECT_EQ(*good, "value");
  EXPECT_EQ(good->size(), 5u);

  const Result<std::string> bad = Status(StatusCode::kTimeout, "too late");
  EXPECT_FALSE(bad.ok());
  EXPECT_EQ(bad.code(), StatusCode::kTimeout);
  EXPECT_EQ(bad.status().message(), "too late");
}

TEST(ResultTest, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 5);
}

Status FailIf(bool fail) { return fail ? Status(StatusCode::kBusy, "failed") : OkStatus(); }

Status Twice(bool first, bool second, int& calls) {
  RETURN_IF_ERROR(FailIf(first));
  ++calls;
  RETURN_IF_ERROR(FailIf(second));
  ++calls;
  return OkStatus();
}

Result<int> Counted(bool fail) {
  RETURN_IF_ERROR(FailIf(fail));
  return 7;
}

TEST(StatusMacrosTest, ReturnsTheFirstError) {
  int calls = 0;
  EXPECT_TRUE(Twice(false, false, calls).ok());
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(Twice(false, true, calls).code(), StatusCode::kBusy);
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(Twice(true, false, calls).ok());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(*Counted(false), 7);
  EXPECT_EQ(Counted(true).status().message(), "failed");
}

}  // namespace
}  // namespace corelane
