//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shape rules of windows against counting: which windows fit, position by position.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "mlir/IR/BuiltinTypeInterfaces.h"
#include <gtest/gtest.h>
#include <limits>

using namespace quantc::nn;

constexpr int64_t unknown = mlir::ShapedType::kDynamic;

static auto ignore = [](const llvm::Twine &) {};

/// Windows that fit into the padded input. `ceilMode` adds one that hangs over the end, and takes
/// away those that start in the padding behind the input.
static int64_t countWindows(int64_t size, int64_t kernel, int64_t stride, int64_t dilation,
                            int64_t before, int64_t after, bool ceilMode) {
  int64_t extent = (kernel - 1) * dilation + 1, padded = size + before + after, count = 0;
  if (padded < extent)
    return 0;
  for (int64_t start = 0;; start += stride) {
    bool fits = start + extent <= padded;
    bool hangsOver = !fits && start - stride + extent < padded;
    bool startsBehind = start >= size + before;
    if (!(fits || (ceilMode && hangsOver)) || (ceilMode && startsBehind))
      return count;
    ++count;
  }
}

TEST(NNShapes, WindowsAreCounted) {
  for (int64_t size = 1; size <= 7; ++size)
    for (int64_t kernel = 1; kernel <= 4; ++kernel)
      for (int64_t stride = 1; stride <= 4; ++stride)
        for (int64_t dilation = 1; dilation <= 3; ++dilation)
          for (int64_t before = 0; before <= 3; ++before)
            for (int64_t after = 0; after <= 3; ++after)
              for (bool ceilMode : {false, true}) {
                // Pools, the ops with ceil mode, refuse larger padding.
                if (ceilMode && after > (kernel - 1) * dilation)
                  continue;
                int64_t pads[] = {before, after};
                Window window{kernel, stride, dilation, pads, ceilMode};
                std::optional<Shape> shape = windowShape({size}, window, ignore);
                int64_t expected =
                    countWindows(size, kernel, stride, dilation, before, after, ceilMode);
                ASSERT_EQ(shape ? shape->front() : 0, expected)
                    << size << " " << kernel << " " << stride << " " << dilation << " " << before
                    << " " << after << " " << ceilMode;
              }
}

TEST(NNShapes, ExtremeNumbersGiveAReason) {
  constexpr int64_t low = std::numeric_limits<int64_t>::min() + 1;
  constexpr int64_t high = std::numeric_limits<int64_t>::max();
  for (int64_t kernel : {low, int64_t(0), int64_t(1), int64_t(2147483647), high})
    for (int64_t stride : {low, int64_t(0), int64_t(1), high})
      for (int64_t dilation : {low, int64_t(1), int64_t(2147483647), high})
        for (int64_t pad : {low, int64_t(-1), int64_t(0), int64_t(2147483647), high})
          for (int64_t size : {int64_t(0), int64_t(8), high}) {
            int64_t pads[] = {pad, pad};
            std::string reason;
            Window window{kernel, stride, dilation, pads, true};
            std::optional<Shape> shape =
                windowShape({size}, window, [&](const llvm::Twine &text) { reason = text.str(); });
            EXPECT_NE(shape.has_value(), !reason.empty());
            if (shape)
              EXPECT_GE(shape->front(), 0);
          }
}

TEST(NNShapes, NamesOfSizesAreKept) {
  int64_t kernel[] = {3}, one[] = {1}, same[] = {1, 1}, none[] = {0, 0};
  Window keeps{kernel, one, one, same, false}, shrinks{kernel, one, one, none, false};
  EXPECT_EQ(windowShape({-5}, keeps, ignore), Shape({-5}));
  EXPECT_EQ(windowShape({-5}, shrinks, ignore), Shape({unknown}));
  EXPECT_EQ(broadcastShape({-5, 3}, {-5, 1}, ignore), Shape({-5, 3}));
  EXPECT_EQ(broadcastShape({-5}, {-6}, ignore), Shape({unknown}));
  EXPECT_EQ(broadcastShape({-5}, {4}, ignore), Shape({4}));
  EXPECT_EQ(broadcastShape({-5}, {1}, ignore), Shape({-5}));
  EXPECT_EQ(concatShape({ShapeRef({-5, 2}), ShapeRef({-5, 3})}, 1, ignore), Shape({-5, 5}));
  EXPECT_EQ(concatShape({ShapeRef({-5, 2}), ShapeRef({-5, 3})}, 0, ignore), std::nullopt);
  EXPECT_EQ(padShape({-5, 2}, {0, 1, 0, 1}, ignore), Shape({-5, 4}));
  EXPECT_EQ(padShape({-5}, {1, 0}, ignore), Shape({unknown}));
}

TEST(NNShapes, ReshapesAreChecked) {
  EXPECT_TRUE(checkReshape({2, 3}, {6}, ignore));
  EXPECT_FALSE(checkReshape({2, 3}, {7}, ignore));
  EXPECT_TRUE(checkReshape({unknown, 6}, {12}, ignore));
  EXPECT_FALSE(checkReshape({unknown, 6}, {13}, ignore));
  EXPECT_TRUE(checkReshape({12}, {unknown, 6}, ignore));
  EXPECT_FALSE(checkReshape({12}, {unknown, 5}, ignore));
  EXPECT_TRUE(checkReshape({unknown}, {unknown}, ignore));
  EXPECT_FALSE(checkReshape({unknown, unknown}, {unknown, unknown}, ignore));
  EXPECT_TRUE(checkReshape({0, 3}, {0, 5}, ignore));
  int64_t big = int64_t(1) << 40;
  EXPECT_FALSE(checkReshape({big, big}, {big, big}, ignore));
}
