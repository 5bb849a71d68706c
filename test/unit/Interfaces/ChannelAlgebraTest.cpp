//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Slots of channels through reshapes, and transforms of constants against plain loops.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/ChannelAlgebra.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/MLIRContext.h"
#include "quantc/Interfaces/Weights.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>

using namespace mlir;
using namespace quantc;

namespace {

using Sizes = std::vector<int64_t>;
constexpr int64_t dynamic = ShapedType::kDynamic;

ChannelSlot slotOf(std::initializer_list<ChannelDigit> digits) { return {{digits}}; }

/// The slot behind the reshape as text; "none" where there is none.
std::string reshaped(const ChannelSlot &slot, const Sizes &from, const Sizes &to) {
  std::optional<ChannelSlot> result = reshapeSlot(slot, from, to);
  return result ? result->text() : "none";
}

int64_t countOf(const Sizes &shape) {
  int64_t n = 1;
  for (int64_t size : shape)
    n *= size;
  return n;
}

/// The channel of the element with the given row-major number.
int64_t channelAt(const ChannelSlot &slot, const Sizes &shape, int64_t element) {
  Sizes at(shape.size());
  for (size_t axis = shape.size(); axis-- > 0; element /= shape[axis])
    at[axis] = element % shape[axis];
  int64_t channel = 0;
  for (const ChannelDigit &digit : slot.digits)
    channel = channel * digit.size + at[digit.axis] / digit.inner % digit.size;
  return channel;
}

//===----------------------------------------------------------------------===//
// Slots
//===----------------------------------------------------------------------===//

TEST(ChannelSlots, HeadsLeaveAndJoinAnAxis) {
  // [batch, tokens, 6 heads of 8] and back.
  ChannelSlot all = ChannelSlot::axis(2, 48);
  EXPECT_EQ(reshaped(all, {1, 5, 48}, {1, 5, 6, 8}), "6 along axis 2 by 8 along axis 3");
  EXPECT_EQ(reshaped(slotOf({{2, 6, 1}, {3, 8, 1}}), {1, 5, 6, 8}, {1, 5, 48}), "48 along axis 2");
  // One transform for all heads.
  EXPECT_EQ(reshaped(slotOf({{3, 8, 1}}), {1, 5, 6, 8}, {1, 5, 48}), "8 along axis 2");
  EXPECT_EQ(reshaped(slotOf({{2, 8, 1}}), {1, 5, 48}, {1, 5, 6, 8}), "8 along axis 3");
  // One for all channels of a head: digits in steps of 8.
  EXPECT_EQ(reshaped(slotOf({{2, 6, 1}}), {1, 5, 6, 8}, {1, 5, 48}),
            "6 along axis 2 in steps of 8");
  EXPECT_EQ(reshaped(slotOf({{2, 6, 8}}), {1, 5, 48}, {1, 5, 6, 8}), "6 along axis 2");
}

TEST(ChannelSlots, KeysAndValuesThatHeadsShare) {
  // repeat_kv: [batch, 2 heads, 1, tokens, 8] is expanded to 4 copies and joined; query head h
  // reads head h / 4.
  ChannelSlot shared = slotOf({{1, 2, 1}, {4, 8, 1}});
  EXPECT_EQ(reshaped(slotOf({{1, 2, 1}, {3, 8, 1}}), {1, 2, 5, 8}, {1, 2, 1, 5, 8}), shared.text());
  std::optional<ChannelSlot> joined = reshapeSlot(shared, {1, 2, 4, 5, 8}, {1, 8, 5, 8});
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->text(), "2 along axis 1 in steps of 4 by 8 along axis 3");
  for (int64_t head = 0; head < 8; ++head)
    EXPECT_EQ(channelAt(*joined, {1, 8, 5, 8}, head * 40), head / 4 * 8);
  EXPECT_EQ(reshapeSlot(*joined, {1, 8, 5, 8}, {1, 2, 4, 5, 8}), shared);
}

TEST(ChannelSlots, BatchesOfUnknownSize) {
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 48), {dynamic, 48}, {dynamic, 6, 8}),
            "6 along axis 1 by 8 along axis 2");
  EXPECT_EQ(reshaped(ChannelSlot::axis(2, 8), {dynamic, 6, 8}, {dynamic, 8}), "8 along axis 1");
  // Heads that move into an axis of unknown size are still every eighth position of it.
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 6), {dynamic, 6, 8}, {dynamic, 8}), "6 along axis 0");
  // Where they lie is unknown in front of an unknown axis.
  EXPECT_EQ(reshaped(ChannelSlot::axis(0, 6), {6, dynamic, 8}, {dynamic, 8}), "none");
}

// [tokens, 8] as [8, tokens]: where row 1 begins, only the number of tokens says.
TEST(ChannelSlots, RowsOfUnknownLengthBeginAtAnyChannel) {
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 8), {dynamic, 8}, {8, dynamic}), "none");
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 8), {dynamic, 8}, {1, dynamic}), "8 along axis 1");
}

TEST(ChannelSlots, CutsThatAreNoFactorsAreRefused) {
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 6), {4, 6}, {6, 4}), "none");
  EXPECT_EQ(reshaped(ChannelSlot::axis(0, 6), {6, 5}, {10, 3}), "none");
  EXPECT_EQ(reshaped(slotOf({{1, 4, 1}}), {2, 12}, {2, 2, 6}), "none");
  EXPECT_EQ(reshaped(slotOf({{1, 4, 1}}), {2, 12}, {2, 3, 4}), "4 along axis 2");
}

TEST(ChannelSlots, AxesOfOneElementComeAndGo) {
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 7), {3, 7}, {3, 7, 1, 1}), "7 along axis 1");
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 7), {3, 7, 1, 1}, {3, 7}), "7 along axis 1");
  EXPECT_EQ(reshaped(ChannelSlot::axis(1, 7), {1, 7}, {7}), "7 along axis 0");
}

// Every slot that comes through a reshape gives each element the channel that it had.
TEST(ChannelSlots, ReshapesKeepTheChannelOfEachElement) {
  std::mt19937 rng(5);
  auto pick = [&](int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(rng); };
  const std::vector<Sizes> shapes = {{24},   {2, 12}, {12, 2},   {2, 3, 4},    {4, 6},
                                     {3, 8}, {1, 24}, {2, 2, 6}, {3, 2, 2, 2}, {8, 1, 3}};
  int passed = 0;
  for (int round = 0; round < 4000; ++round) {
    Sizes from = shapes[pick(shapes.size())], to = shapes[pick(shapes.size())];
    // Up to two axes, each with its whole length or the inner or outer part of it.
    ChannelSlot slot;
    for (int64_t axis = 0; axis < static_cast<int64_t>(from.size()); ++axis) {
      if (pick(2) == 0 || from[axis] == 1 || slot.digits.size() == 2)
        continue;
      int64_t inner = pick(3) == 0 && from[axis] % 2 == 0 ? 2 : 1;
      int64_t size = from[axis] / inner;
      slot.digits.push_back({axis, pick(2) && size % 2 == 0 ? 2 : size, inner});
    }
    std::optional<ChannelSlot> moved = reshapeSlot(slot, from, to);
    if (slot.digits.empty() || !moved)
      continue;
    ++passed;
    ASSERT_EQ(moved->size(), slot.size());
    for (int64_t i = 0; i < 24; ++i)
      ASSERT_EQ(channelAt(*moved, to, i), channelAt(slot, from, i)) << slot.text();
  }
  EXPECT_GT(passed, 500);
}

TEST(ChannelSlots, AxesAreMapped) {
  ChannelSlot slot = slotOf({{1, 6, 1}, {3, 8, 1}});
  EXPECT_EQ(slot.mapAxes({0, 2, 1, 3})->text(), "6 along axis 2 by 8 along axis 3");
  EXPECT_FALSE(slot.mapAxes({0, 1, 2, -1}));
  EXPECT_FALSE(slot.mapAxes({0, 1}));
  EXPECT_EQ(slot.size(), 48);
  EXPECT_TRUE(slot.uses(3) && !slot.uses(2));
  EXPECT_FALSE(slot.singleAxis());
  EXPECT_EQ(slotOf({{2, 2, 12}, {2, 3, 1}}).singleAxis(), 2);
  EXPECT_FALSE(ChannelSlot().singleAxis());
}

TEST(ChannelSlots, ChannelsOfPositions) {
  EXPECT_EQ(slotOf({{0, 2, 4}}).channelsOf(0, 8), (Sizes{0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(slotOf({{0, 2, 1}}).channelsOf(0, 6), (Sizes{0, 1, 0, 1, 0, 1}));
  // The most significant digit is the inner one here.
  EXPECT_EQ(slotOf({{0, 2, 1}, {0, 3, 2}}).channelsOf(0, 6), (Sizes{0, 3, 1, 4, 2, 5}));
}

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

ChannelTransform randomTransform(TransformKind kind, int64_t n, std::mt19937 &rng) {
  ChannelTransform t{kind, n, {}, {}, {}, {}};
  std::normal_distribution<double> normal;
  switch (kind) {
  case TransformKind::Scale:
    for (int64_t c = 0; c < n; ++c)
      t.scale.push_back(std::exp(normal(rng)));
    break;
  case TransformKind::Shift:
    for (int64_t c = 0; c < n; ++c)
      t.shift.push_back(normal(rng));
    break;
  case TransformKind::Rotation:
    // Any matrix: R and its transpose are told apart by it, and no inverse is computed.
    for (int64_t c = 0; c < n * n; ++c)
      t.rotation.push_back(normal(rng));
    break;
  case TransformKind::Permutation:
    for (int64_t c = 0; c < n; ++c)
      t.permutation.push_back(c);
    std::shuffle(t.permutation.begin(), t.permutation.end(), rng);
    break;
  case TransformKind::Centering:
    break;
  }
  return t;
}

/// The definition at the head of ChannelAlgebra.h, for one vector of channels. R^-1 is written as
/// R^T, as rotations have it.
std::vector<double> expected(const std::vector<double> &x, const ChannelTransform &t, bool dual,
                             bool inverse) {
  int64_t n = t.channels;
  std::vector<double> y(x);
  double mean = 0;
  for (double v : x)
    mean += v / n;
  for (int64_t c = 0; c < n; ++c)
    switch (t.kind) {
    case TransformKind::Scale: // a weight is multiplied by what the activation is divided by
      y[c] = dual != inverse ? x[c] * t.scale[c] : x[c] / t.scale[c];
      break;
    case TransformKind::Shift:
      y[c] = dual ? x[c] : inverse ? x[c] + t.shift[c] : x[c] - t.shift[c];
      break;
    case TransformKind::Permutation:
      y[inverse ? t.permutation[c] : c] = x[inverse ? c : t.permutation[c]];
      break;
    case TransformKind::Centering:
      y[c] = dual ? x[c] : x[c] - mean;
      break;
    case TransformKind::Rotation:
      y[c] = 0;
      for (int64_t k = 0; k < n; ++k)
        y[c] += x[k] * (inverse ? t.rotation[c * n + k] : t.rotation[k * n + c]);
      break;
    }
  return y;
}

class Constants : public ::testing::Test {
protected:
  ElementsAttr constant(const Sizes &shape, const std::vector<float> &values) {
    return makeFloatWeights(RankedTensorType::get(shape, Float32Type::get(&context)), values, "w");
  }
  MLIRContext context{MLIRContext::Threading::DISABLED};
};
class TransformConstants : public Constants, public ::testing::WithParamInterface<TransformKind> {};

struct SlotCase {
  Sizes shape;
  ChannelSlot slot;
};

std::vector<SlotCase> slotCases() {
  return {{{12}, ChannelSlot::axis(0, 12)},
          {{5, 12}, ChannelSlot::axis(1, 12)},
          {{12, 7, 3}, ChannelSlot::axis(0, 12)},
          {{2, 24}, slotOf({{1, 12, 1}})},                // two heads, one transform
          {{3, 24}, slotOf({{1, 12, 2}})},                // pairs of positions, one channel
          {{2, 6, 5, 2}, slotOf({{1, 6, 1}, {3, 2, 1}})}, // along two axes
          {{4, 12, 70}, slotOf({{1, 3, 1}, {0, 4, 1}})}}; // more vectors than fit one block
}

TEST_P(TransformConstants, EqualPlainLoops) {
  std::mt19937 rng(9);
  std::normal_distribution<float> normal;
  for (const SlotCase &c : slotCases())
    for (bool dual : {false, true})
      for (bool inverse : {false, true}) {
        if (inverse && GetParam() == TransformKind::Centering)
          continue;
        std::vector<float> values(countOf(c.shape));
        for (float &v : values)
          v = normal(rng);
        ChannelTransform t = randomTransform(GetParam(), c.slot.size(), rng);
        ElementsAttr changed =
            transformConstant(constant(c.shape, values), c.slot, t, dual, inverse, "w");
        ASSERT_TRUE(changed);
        std::optional<std::vector<float>> result = readFloats(changed);
        ASSERT_TRUE(result);
        // Vectors of channels: elements whose coordinates are equal but for the channel's digits.
        std::vector<bool> seen(values.size());
        for (size_t first = 0; first < values.size(); ++first) {
          if (channelAt(c.slot, c.shape, first) != 0)
            continue;
          std::vector<double> x(c.slot.size());
          std::vector<size_t> where(c.slot.size());
          for (size_t i = 0; i < values.size(); ++i) {
            int64_t stride = 1;
            bool same = true;
            for (int64_t axis = static_cast<int64_t>(c.shape.size()) - 1; axis >= 0; --axis) {
              int64_t a = first / stride % c.shape[axis], b = i / stride % c.shape[axis];
              for (const ChannelDigit &digit : c.slot.digits)
                if (digit.axis == axis)
                  b -= b / digit.inner % digit.size * digit.inner;
              same &= a == b;
              stride *= c.shape[axis];
            }
            if (same) {
              x[channelAt(c.slot, c.shape, i)] = values[i];
              where[channelAt(c.slot, c.shape, i)] = i;
            }
          }
          std::vector<double> y = expected(x, t, dual, inverse);
          double size = 0;
          for (double v : x)
            size += std::abs(v);
          for (size_t k = 0; k < y.size(); ++k) {
            seen[where[k]] = true;
            // One rounding to float; sums of float64 in another order differ by far less.
            EXPECT_NEAR((*result)[where[k]], y[k], std::abs(y[k]) * 0x1p-24 + size * 0x1p-48)
                << transformName(GetParam()).str() << " " << c.slot.text() << " dual " << dual
                << " inverse " << inverse;
          }
        }
        EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<int64_t>(values.size()));
      }
}

INSTANTIATE_TEST_SUITE_P(Kinds, TransformConstants,
                         ::testing::Values(TransformKind::Scale, TransformKind::Shift,
                                           TransformKind::Rotation, TransformKind::Permutation,
                                           TransformKind::Centering),
                         [](const auto &info) { return transformName(info.param).str(); });

TEST_F(Constants, RefuseWhatDoesNotFit) {
  ElementsAttr value = constant({4}, {1, 2, 3, 4});
  ChannelTransform scale{TransformKind::Scale, 4, {1, 2, 4, 8}, {}, {}, {}};
  ChannelSlot slot = ChannelSlot::axis(0, 4);
  EXPECT_EQ(readFloats(transformConstant(value, slot, scale, false, false, "w")),
            (std::vector<float>{1, 1, 0.75f, 0.5f}));
  // Of another number of channels, without bytes, and of a projection the inverse.
  EXPECT_FALSE(transformConstant(value, slotOf({{0, 2, 1}}), scale, false, false, "w"));
  AsmResourceBlob blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(ArrayRef<char>({1, 2, 3, 4}),
                                                                       16, /*dataIsMutable=*/false);
  auto lost = DenseResourceElementsAttr::get(RankedTensorType::get({4}, Float32Type::get(&context)),
                                             "lost", std::move(blob));
  EXPECT_FALSE(transformConstant(lost, slot, scale, false, false, "w"));
  ChannelTransform center{TransformKind::Centering, 4, {}, {}, {}, {}};
  EXPECT_FALSE(transformConstant(value, slot, center, false, /*inverse=*/true, "w"));
  EXPECT_EQ(readFloats(transformConstant(value, slot, center, false, false, "w")),
            (std::vector<float>{-1.5f, -0.5f, 0.5f, 1.5f}));
}

TEST(ChannelTransforms, AreChecked) {
  auto reasonOf = [](const ChannelTransform &t) {
    std::string reason;
    return t.check(reason) ? "" : reason;
  };
  using Kind = TransformKind;
  double infinite = std::numeric_limits<double>::infinity(), nan = std::nan("");
  EXPECT_EQ(reasonOf({Kind::Scale, 2, {0.5, 3}, {}, {}, {}}), "");
  EXPECT_EQ(reasonOf({Kind::Scale, 3, {0.5, 3}, {}, {}, {}}),
            "scale: expected 3 numbers, but found 2");
  for (double bad : {0.0, -1.0, infinite, nan})
    EXPECT_EQ(reasonOf({Kind::Scale, 2, {1, bad}, {}, {}, {}}),
              "scale: expected factors that are positive and finite");
  EXPECT_EQ(reasonOf({Kind::Shift, 2, {}, {0, -3}, {}, {}}), "");
  EXPECT_EQ(reasonOf({Kind::Shift, 1, {}, {0, -3}, {}, {}}),
            "shift: expected 1 numbers, but found 2");
  EXPECT_EQ(reasonOf({Kind::Shift, 2, {}, {0, nan}, {}, {}}), "shift: expected finite numbers");
  EXPECT_EQ(reasonOf({Kind::Rotation, 2, {}, {}, {0, 1, 1, 0}, {}}), "");
  EXPECT_EQ(reasonOf({Kind::Rotation, 2, {}, {}, {0, 1}, {}}),
            "rotation: expected 4 numbers, but found 2");
  EXPECT_EQ(reasonOf({Kind::Rotation, 1, {}, {}, {infinite}, {}}),
            "rotation: expected finite numbers");
  EXPECT_EQ(reasonOf({Kind::Permutation, 3, {}, {}, {}, {2, 0, 1}}), "");
  EXPECT_EQ(reasonOf({Kind::Permutation, 3, {}, {}, {}, {0, 1}}),
            "permutation: expected 3 numbers, but found 2");
  for (Sizes bad : {Sizes{0, 0, 2}, Sizes{1, 2, 3}, Sizes{-1, 0, 1}})
    EXPECT_EQ(reasonOf({Kind::Permutation, 3, {}, {}, {}, bad}),
              "permutation: expected every channel once");
  EXPECT_EQ(reasonOf({Kind::Centering, 5, {}, {}, {}, {}}), "");
}

} // namespace
