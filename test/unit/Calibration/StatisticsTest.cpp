//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Statistics of one tensor: runs, channels, merging, errors, memory.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/Statistics.h"
#include "TestFiles.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::test;

namespace {
constexpr CollectorSet kAll{true, true, true};

TEST(Statistics, ExtremesAndRuns) {
  Statistics s("t");
  cantFail(s.add(0, {1, 2}, {2}));
  cantFail(s.add(2, {-1, 0.5f, 0}, {3}));
  cantFail(s.add(2, {4}, {1})); // again in the same run
  EXPECT_EQ(s.count(), 6u);
  EXPECT_EQ(s.min(), -1);
  EXPECT_EQ(s.max(), 4);
  ASSERT_EQ(s.runRanges().size(), 2u);
  EXPECT_EQ(s.runRanges()[0], (RunRange{0, 1, 2}));
  EXPECT_EQ(s.runRanges()[1], (RunRange{2, -1, 4}));
}

TEST(Statistics, WithoutHistogram) {
  Statistics s("t", {false, false, false});
  cantFail(s.add(0, {3, -2}, {2}));
  EXPECT_EQ(s.min(), -2);
  EXPECT_EQ(s.max(), 3);
  EXPECT_EQ(s.count(), 2u);
  EXPECT_TRUE(s.histogram().empty());
  EXPECT_TRUE(s.runRanges().empty());
}

TEST(Statistics, EmptyTensorsAddNothing) {
  Statistics s("t", kAll, 1);
  cantFail(s.add(0, {}, {0, 3}));
  EXPECT_TRUE(s.empty());
  EXPECT_TRUE(s.channels().empty());
}

TEST(Statistics, ChannelsOfAnyAxis) {
  std::vector<float> values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  struct Case {
    int axis;
    std::vector<double> means;
    std::vector<float> min, max;
  } cases[] = {{0, {2.5, 8.5}, {0, 6}, {5, 11}},
               {1, {3.5, 5.5, 7.5}, {0, 2, 4}, {7, 9, 11}},
               {2, {5, 6}, {0, 1}, {10, 11}}};
  for (const Case &c : cases) {
    Statistics s("t", kAll, c.axis);
    cantFail(s.add(0, values, {2, 3, 2}));
    EXPECT_EQ(s.channels().means(), c.means) << c.axis;
    EXPECT_EQ(s.channels().min, c.min) << c.axis;
    EXPECT_EQ(s.channels().max, c.max) << c.axis;
    EXPECT_EQ(s.channels().count, values.size() / c.means.size());
  }
}

TEST(Statistics, ChannelSumsAreDoubles) {
  // 2^24 ones would stop a float sum at 2^24.
  std::vector<float> ones(1 << 20, 1.0f);
  Statistics s("t", {false, false, true}, 0);
  for (int run = 0; run < 20; ++run)
    cantFail(s.add(run, ones, {1, 1 << 20}));
  cantFail(s.add(20, {3.0f}, {1, 1}));
  EXPECT_EQ(s.channels().sum[0], 20.0 * (1 << 20) + 3);
}

TEST(Statistics, ChannelsNeedAnAxisThatStays) {
  Statistics s("t", kAll, 1);
  EXPECT_EQ(errorOf(s.add(0, {1, 2}, {2})),
            "tensor 't': expected channels on axis 1, but found shape [2]");
  EXPECT_TRUE(s.empty());
  cantFail(s.add(0, {1, 2}, {1, 2}));
  EXPECT_EQ(errorOf(s.add(1, {1, 2, 3}, {1, 3})),
            "tensor 't': expected 2 channels on axis 1, but found shape [1, 3]");
  EXPECT_EQ(s.count(), 2u);
}

TEST(Statistics, NonFiniteIsNamed) {
  Statistics s("conv1", kAll, 1);
  EXPECT_EQ(errorOf(s.add(0, {1, 2, 3, std::nanf(""), 5, 6}, {1, 3, 2})),
            "tensor 'conv1': expected finite values, but found nan at [0, 1, 1]");
  EXPECT_EQ(errorOf(s.add(0, {-HUGE_VALF}, {})),
            "tensor 'conv1': expected finite values, but found -inf at []");
  EXPECT_TRUE(s.empty());
}

TEST(Statistics, ShapeMustFitTheValues) {
  Statistics s("t");
  EXPECT_EQ(errorOf(s.add(0, {1, 2}, {3})),
            "tensor 't': expected the values of shape [3], but found 2");
  EXPECT_EQ(errorOf(s.add(0, {1, 2}, {-2})),
            "tensor 't': expected the values of shape [?], but found 2");
}

TEST(Statistics, MergeEqualsTheWhole) {
  auto add = [](Statistics &s, int run) {
    std::vector<float> values;
    for (int i = 0; i < 24; ++i)
      values.push_back(run * 3 - i); // integers: sums are exact in any order
    cantFail(s.add(run, values, {2, 3, 4}));
  };
  Statistics whole("t", kAll, 1), even("t", kAll, 1), odd("t", kAll, 1);
  for (int run = 0; run < 7; ++run) {
    add(whole, run);
    add(run % 2 ? odd : even, run);
  }
  for (Statistics merged : {even, odd}) {
    cantFail(merged.merge(merged.runRanges()[0].run == 0 ? odd : even));
    EXPECT_EQ(merged.histogram(), whole.histogram());
    EXPECT_EQ(merged.runRanges(), whole.runRanges());
    EXPECT_EQ(merged.count(), whole.count());
    EXPECT_EQ(merged.min(), whole.min());
    EXPECT_EQ(merged.max(), whole.max());
    EXPECT_EQ(merged.channels().sum, whole.channels().sum);
    EXPECT_EQ(merged.channels().min, whole.channels().min);
    EXPECT_EQ(merged.channels().count, whole.channels().count);
  }
}

TEST(Statistics, MergeWithEmptyAndOthers) {
  Statistics a("t"), empty("t"), other("u"), few("t", {true, false, false});
  cantFail(a.add(0, {1, 2}, {2}));
  cantFail(other.add(0, {1}, {1}));
  cantFail(few.add(0, {1}, {1}));
  cantFail(a.merge(empty));
  EXPECT_EQ(a.count(), 2u);
  cantFail(empty.merge(a));
  EXPECT_EQ(empty.histogram(), a.histogram());
  EXPECT_EQ(errorOf(a.merge(other)), "expected statistics of tensor 't' with the same collectors, "
                                     "but found those of 'u'");
  EXPECT_NE(errorOf(a.merge(few)), "(success)");
}

TEST(Statistics, FootprintGrowsWithWhatIsCollected) {
  uint64_t none = Statistics::footprint({false, false, false}, 1000, 64);
  uint64_t histogram = Statistics::footprint({true, false, false}, 1000, 64);
  EXPECT_EQ(histogram - none, Histogram::footprint());
  EXPECT_GE(Statistics::footprint({false, true, false}, 1000, 64) - none, 1000 * sizeof(RunRange));
  EXPECT_GE(Statistics::footprint({false, false, true}, 1000, 64) - none, 64 * 24u);
}
} // namespace
