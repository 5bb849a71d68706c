//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace quantc;

namespace {

const Checkpoint::Identity identity = {{"model", "aaaa"}, {"recipe", "alpha: 1\nbeta: 2"}};

class CheckpointTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(sys::fs::createUniqueDirectory("checkpoint", folder)); }
  void TearDown() override { (void)sys::fs::remove_directories(folder); }

  std::unique_ptr<Checkpoint> open(const Checkpoint::Identity &run = identity) {
    auto opened = Checkpoint::open(folder, run, [&](const std::string &text) { warnings += text; });
    if (!opened) {
      problem = toString(opened.takeError());
      return nullptr;
    }
    return std::move(*opened);
  }
  /// The value of `step`, which is `computed` where it has to be computed.
  std::string value(Checkpoint *checkpoint, StringRef step, StringRef computed) {
    auto result = resumed<std::string>(
        checkpoint, step, readText,
        [](StringRef path, StringRef text) { return writeText(path, text); },
        [&]() -> Expected<std::string> { return computed.str(); });
    EXPECT_TRUE(bool(result));
    return result ? *result : toString(result.takeError());
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    std::error_code code;
    for (sys::fs::directory_iterator it(folder, code), end; it != end && !code; it.increment(code))
      all.push_back(sys::path::filename(it->path()).str());
    return all;
  }
  std::string path(StringRef name) {
    SmallString<128> full(folder);
    sys::path::append(full, name);
    return full.str().str();
  }

  SmallString<128> folder;
  std::string problem, warnings;
};

TEST_F(CheckpointTest, AFinishedStepIsNotComputedAgain) {
  EXPECT_EQ(value(open().get(), "a/b", "first"), "first");
  EXPECT_EQ(value(open().get(), "a/b", "second"), "first");
  EXPECT_EQ(value(open().get(), "a:b", "other step"), "other step");
  EXPECT_EQ(value(nullptr, "a/b", "none"), "none");
  EXPECT_EQ(warnings, "");
}

TEST_F(CheckpointTest, AnotherRunIsRefusedAndNamed) {
  ASSERT_TRUE(open());
  EXPECT_FALSE(open({{"model", "bbbb"}, {"recipe", "alpha: 1\nbeta: 3"}}));
  EXPECT_NE(problem.find("these differ: model (there aaaa, here bbbb), recipe (there beta: 2, here "
                         "beta: 3)"),
            std::string::npos)
      << problem;
  EXPECT_FALSE(open({{"model", "aaaa"}, {"recipe", identity[1].second}, {"data", "c"}}));
  EXPECT_NE(problem.find("these differ: data"), std::string::npos) << problem;
  EXPECT_FALSE(open({{"model", "aaaa"}}));
  EXPECT_NE(problem.find("these differ: recipe"), std::string::npos) << problem;
}

TEST_F(CheckpointTest, AFolderOfSomethingElseIsRefused) {
  ASSERT_FALSE(writeText(path("holiday.txt"), "photos"));
  EXPECT_FALSE(open());
  EXPECT_NE(problem.find("holds other files"), std::string::npos) << problem;
}

TEST_F(CheckpointTest, ARunThatNothingDescribesIsRefused) {
  EXPECT_EQ(value(open().get(), "step", "first"), "first");
  for (StringRef text : {"", "{", "[]", "{}", "{\"format\": \"other\"}"}) {
    ASSERT_FALSE(writeText(path("run.json"), text));
    EXPECT_FALSE(open()) << text.str();
    EXPECT_NE(problem.find("run.json' does not describe a run"), std::string::npos) << problem;
  }
}

/// A second run removed the unfinished files of the first.
TEST_F(CheckpointTest, AFolderInUseIsRefused) {
  auto first = open();
  ASSERT_TRUE(first);
  ASSERT_FALSE(writeText(path("unfinished-0123"), "hal"));
  EXPECT_FALSE(open());
  EXPECT_NE(problem.find("is in use by another run"), std::string::npos) << problem;
  EXPECT_TRUE(sys::fs::exists(path("unfinished-0123")));
  first.reset();
  EXPECT_TRUE(open());
}

TEST_F(CheckpointTest, DamagedFilesAreComputedAgain) {
  EXPECT_EQ(value(open().get(), "step", "right"), "right");
  for (const std::string &name : names())
    if (name != "run.json")
      ASSERT_FALSE(writeText(path(name), "wrong"));
  EXPECT_EQ(value(open().get(), "step", "right"), "right");
  EXPECT_NE(warnings.find("is damaged; this step is computed again"), std::string::npos);
  warnings.clear();
  EXPECT_EQ(value(open().get(), "step", "unused"), "right");
  EXPECT_EQ(warnings, "");
}

TEST_F(CheckpointTest, FilesThatCannotBeReadAreComputedAgain) {
  EXPECT_EQ(value(open().get(), "step", "of an old form"), "of an old form");
  auto checkpoint = open();
  auto result = resumed<std::string>(
      checkpoint.get(), "step",
      [](StringRef) -> Expected<std::string> { return makeError("no number"); },
      [](StringRef path, StringRef text) { return writeText(path, text); },
      []() -> Expected<std::string> { return "new"; });
  ASSERT_TRUE(bool(result));
  EXPECT_EQ(*result, "new");
  EXPECT_NE(warnings.find("cannot be used: no number"), std::string::npos);
}

TEST_F(CheckpointTest, FailedStepsLeaveNothing) {
  auto checkpoint = open();
  Error error = checkpoint->save("step", [](StringRef) { return makeError("disk is full"); });
  EXPECT_EQ(toString(std::move(error)), "disk is full");
  EXPECT_FALSE(checkpoint->find("step"));
  EXPECT_EQ(names(), std::vector<std::string>{"run.json"});
}

TEST_F(CheckpointTest, UnfinishedFilesOfAKilledRunAreNoSteps) {
  ASSERT_TRUE(open());
  ASSERT_FALSE(writeText(path("unfinished-0123"), "hal"));
  auto checkpoint = open();
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(names(), std::vector<std::string>{"run.json"});
}

} // namespace
