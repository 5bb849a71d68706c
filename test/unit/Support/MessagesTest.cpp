//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What users read: suggestions, contexts of errors, the progress line.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Errors.h"
#include "quantc/Support/Progress.h"
#include "quantc/Support/Suggest.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc;

namespace {
TEST(Suggest, Closest) {
  std::vector<StringRef> names = {"percentile", "min-max", "entropy", "mse"};
  EXPECT_EQ(suggest("precentile", names), "percentile");
  EXPECT_EQ(suggest("minmax", names), "min-max");
  EXPECT_EQ(suggest("MSE", names), "mse");
  EXPECT_EQ(suggest("gaussian", names), "");
  EXPECT_EQ(suggest("", names), "");
  EXPECT_EQ(suggest("x", std::vector<StringRef>{}), "");
  EXPECT_EQ(suggest("x", std::vector<StringRef>{"y"}), "");
  EXPECT_EQ(suggest("X", std::vector<StringRef>{"y", "x"}), "x");
  // Of equals the first; a change of case is less than a letter.
  EXPECT_EQ(suggest("inpu", std::vector<StringRef>{"inputs", "input", "inpus"}), "input");
  EXPECT_EQ(suggest("Input", std::vector<StringRef>{"inputs", "input"}), "input");
}

TEST(Suggest, Text) {
  EXPECT_EQ(didYouMean("imput", std::vector<std::string>{"input"}), "; did you mean 'input'?");
  EXPECT_EQ(didYouMean("xyz", std::vector<std::string>{"input"}), "");
}

TEST(Errors, ContextsNest) {
  Error error = addContext("a", addContext("b", makeError("c")));
  EXPECT_EQ(toString(std::move(error)), "a: b: c");
}

/// A progress bar on a string, with a clock that the test sets.
struct Recorder {
  std::string text;
  raw_string_ostream os{text};
  double now = 0;
};

TEST(Progress, ShowsShareAndTimeLeft) {
  Recorder r;
  ProgressBar bar(r.os, /*force=*/true, [&] { return r.now; });
  bar.update("calibrating", 0, 200);
  EXPECT_EQ(r.text, "\rcalibrating   0% 0/200");
  r.text.clear();
  r.now = 10;
  bar.update("calibrating", 50, 200);
  EXPECT_EQ(r.text, "\rcalibrating  25% 50/200, 00:30 left");
}

TEST(Progress, HoursAndShorterLines) {
  Recorder r;
  ProgressBar bar(r.os, true, [&] { return r.now; });
  bar.update("a", 0, 100);
  r.now = 3600;
  bar.update("a", 25, 100);
  r.text.clear();
  r.now = 7000;
  bar.update("a", 99, 100);
  EXPECT_EQ(r.text, "\ra  99% 99/100, 01:11 left  "); // covers "3:00:00 left"
}

TEST(Progress, LimitsRedraws) {
  Recorder r;
  ProgressBar bar(r.os, true, [&] { return r.now; });
  bar.update("a", 0, 1000);
  r.text.clear();
  r.now = 0.05;
  bar.update("a", 1, 1000);
  EXPECT_EQ(r.text, "");
  r.now = 0.15;
  bar.update("a", 2, 1000);
  EXPECT_NE(r.text, "");
}

TEST(Progress, ErasesTheLineAtTheEnd) {
  Recorder r;
  {
    ProgressBar bar(r.os, true, [&] { return r.now; });
    bar.update("ab", 0, 2);
    r.text.clear();
    bar.update("ab", 2, 2);
    EXPECT_EQ(r.text, "\r" + std::string(11, ' ') + "\r");
    r.text.clear();
  }
  EXPECT_EQ(r.text, "");
}

TEST(Progress, SilentWithoutTerminal) {
  Recorder r;
  ProgressBar bar(r.os);
  ProgressFn callback = bar.callback();
  callback("a", 0, 2);
  callback("a", 2, 2);
  EXPECT_EQ(r.text, "");
}
} // namespace
