//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moments of convolutions against the convolution itself: a row times a weight is an output.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/PatchMoment.h"
#include "Samples.h"
#include "gtest/gtest.h"
#include <thread>

using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

std::vector<float> randomValues(int64_t count, uint64_t seed) {
  Vector values = normalProbe(seed, 31, count);
  return std::vector<float>(values.begin(), values.end());
}

PatchGeometry convolution(int64_t channels, int64_t groups, PatchGeometry::Sizes size,
                          PatchGeometry::Sizes kernel, int64_t stride, int64_t dilation,
                          int64_t pad) {
  PatchGeometry g;
  g.channels = channels;
  g.groups = groups;
  g.size = size;
  g.kernel = kernel;
  for (int axis = 0; axis < PatchGeometry::kAxes; ++axis) {
    if (size[axis] == 1)
      continue;
    g.strides[axis] = stride;
    g.dilations[axis] = dilation;
    g.padsBefore[axis] = pad;
    g.out[axis] = (size[axis] + 2 * pad - dilation * (kernel[axis] - 1) - 1) / stride + 1;
  }
  return g;
}

/// Output channel `weight` of a group at every position, by the definition of nn.conv.
std::vector<double> convolve(const PatchGeometry &g, const float *x, int64_t group,
                             const std::vector<float> &weight) {
  const int64_t own = g.channels / g.groups;
  std::vector<double> result;
  for (int64_t a = 0; a < g.out[0]; ++a)
    for (int64_t b = 0; b < g.out[1]; ++b)
      for (int64_t c = 0; c < g.out[2]; ++c) {
        double sum = 0;
        for (int64_t channel = 0, w = 0; channel < own; ++channel)
          for (int64_t i = 0; i < g.kernel[0]; ++i)
            for (int64_t j = 0; j < g.kernel[1]; ++j)
              for (int64_t k = 0; k < g.kernel[2]; ++k, ++w) {
                int64_t p = a * g.strides[0] + i * g.dilations[0] - g.padsBefore[0];
                int64_t q = b * g.strides[1] + j * g.dilations[1] - g.padsBefore[1];
                int64_t r = c * g.strides[2] + k * g.dilations[2] - g.padsBefore[2];
                if (p < 0 || q < 0 || r < 0 || p >= g.size[0] || q >= g.size[1] || r >= g.size[2])
                  continue;
                int64_t place = ((group * own + channel) * g.size[0] + p) * g.size[1] + q;
                sum += double(weight[w]) * double(x[place * g.size[2] + r]);
              }
        result.push_back(sum);
      }
  return result;
}

class Convolutions : public testing::TestWithParam<PatchGeometry> {};

/// w^T (X^T X) w is the mean square of the outputs, and the like for the cross moments and means.
TEST_P(Convolutions, MomentsAreThoseOfTheOutputs) {
  const PatchGeometry g = GetParam();
  const int64_t samples = 2;
  std::vector<float> x = randomValues(samples * g.sampleSize(), 4),
                     original = randomValues(samples * g.sampleSize(), 5);
  PatchMoment moment(g, /*hasOriginal=*/true);
  ASSERT_EQ(messageOf(moment.add(x.data(), original.data(), x.size())), "no error");
  for (int64_t group : {int64_t(0), g.groups - 1}) {
    std::vector<float> weight = randomValues(g.rowSize(), 77 + group);
    Vector w = Eigen::Map<Eigen::VectorXf>(weight.data(), weight.size()).cast<double>();
    double square = 0, product = 0, mean = 0, originalMean = 0;
    for (int64_t sample = 0; sample < samples; ++sample) {
      auto y = convolve(g, x.data() + sample * g.sampleSize(), group, weight);
      auto z = convolve(g, original.data() + sample * g.sampleSize(), group, weight);
      for (size_t i = 0; i < y.size(); ++i) {
        square += y[i] * y[i];
        product += (z[i] - y[i]) * y[i];
        mean += y[i];
        originalMean += z[i];
      }
    }
    GroupMoment found = moment.group(group);
    const double rows = double(samples * g.positions());
    EXPECT_EQ(found.rows, samples * g.positions());
    EXPECT_NEAR(w.dot(found.second * w), square / rows, 1e-5 * square / rows);
    EXPECT_NEAR(w.dot(found.cross * w), product / rows, 1e-5 * square / rows);
    EXPECT_NEAR(w.dot(found.mean), mean / rows, 1e-6 * std::sqrt(square / rows));
    EXPECT_NEAR(w.dot(found.originalMean), originalMean / rows, 1e-6 * std::sqrt(square / rows));
    GroupMoment centred = found.centred();
    EXPECT_NEAR(w.dot(centred.second * w), square / rows - mean / rows * mean / rows,
                1e-5 * square / rows);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Convolutions,
    testing::Values(convolution(3, 1, {13, 11, 1}, {3, 3, 1}, 2, 1, 1), // 27 columns
                    convolution(8, 1, {9, 12, 1}, {3, 3, 1}, 1, 2, 2),  // 72 columns
                    convolution(6, 6, {10, 10, 1}, {3, 3, 1}, 1, 1, 1), // depthwise
                    convolution(12, 3, {7, 7, 1}, {5, 5, 1}, 2, 1, 2),  // groups of 100 columns
                    convolution(40, 1, {6, 5, 1}, {1, 1, 1}, 1, 1, 0),  // 1x1
                    convolution(4, 2, {50, 1, 1}, {4, 1, 1}, 3, 1, 1),  // one axis
                    convolution(2, 1, {5, 6, 7}, {2, 3, 2}, 2, 1, 1))); // three

TEST(PatchMoment, RowsOfAMatrixAreSummedAsTheyAre) {
  for (int64_t channels : {5, 50}) {
    PatchGeometry g;
    g.channels = channels;
    g.channelsLast = true;
    std::vector<float> x = randomValues(300 * channels, 6);
    PatchMoment moment(g, /*hasOriginal=*/false);
    ASSERT_EQ(messageOf(moment.add(x.data(), nullptr, x.size())), "no error");
    Matrix rows = Eigen::Map<Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>(x.data(), 300, channels)
                      .cast<double>();
    EXPECT_TRUE(moment.group(0).second.isApprox(rows.transpose() * rows / 300, 1e-6));
    EXPECT_TRUE(moment.group(0).mean.isApprox(rows.colwise().mean().transpose(), 1e-6));
  }
}

/// Four samples in two parts: together they are the whole, and each is held out against the other
/// about the other's means.
TEST(PatchMoment, PartsMakeTheWholeAndAreHeldOut) {
  const PatchGeometry g = convolution(3, 1, {6, 5, 1}, {3, 3, 1}, 1, 1, 1);
  const int64_t size = g.sampleSize(), width = g.rowSize();
  std::vector<float> x = randomValues(4 * size, 4), original = randomValues(4 * size, 5);
  auto momentOf = [&](int64_t first, int64_t count) {
    PatchMoment moment(g, /*hasOriginal=*/true);
    cantFail(moment.add(x.data() + first * size, original.data() + first * size, count * size));
    return moment.group(0);
  };
  const GroupMoment whole = momentOf(0, 4), a = momentOf(0, 1), b = momentOf(1, 3);
  const GroupMoment merged = GroupMoment::merge({a, b});
  EXPECT_EQ(merged.rows, whole.rows);
  EXPECT_LT((merged.second - whole.second).norm(), 1e-6 * whole.second.norm());
  EXPECT_LT((merged.cross - whole.cross).norm(), 1e-6 * whole.second.norm());
  EXPECT_LT((merged.mean - whole.mean).norm(), 1e-6);
  EXPECT_LT((merged.originalMean - whole.originalMean).norm(), 1e-6);

  std::vector<HeldOutMoments> heldOut = holdOut({a, b});
  ASSERT_EQ(heldOut.size(), 2u);
  EXPECT_EQ(heldOut[0].weight, double(a.rows));
  EXPECT_EQ(heldOut[0].second, b.centred().second);
  EXPECT_EQ(heldOut[1].cross, a.centred().cross);
  // By hand, from rows: the mean over a of (x - mean of b)(x - mean of b)^T and the like.
  std::vector<float> rows(g.positions() * width), others(rows.size());
  g.patches(x.data(), 0, 0, g.positions(), rows.data());
  g.patches(original.data(), 0, 0, g.positions(), others.data());
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix X = Eigen::Map<Floats>(rows.data(), g.positions(), width).cast<double>();
  Matrix F = Eigen::Map<Floats>(others.data(), g.positions(), width).cast<double>();
  Matrix off = X.rowwise() - b.mean.transpose();
  Matrix difference = (F - X).rowwise() - (b.originalMean - b.mean).transpose();
  EXPECT_LT((heldOut[0].unseenSecond - off.transpose() * off / double(a.rows)).norm(), 1e-5);
  EXPECT_LT((heldOut[0].unseenCross - difference.transpose() * off / double(a.rows)).norm(), 1e-5);
  EXPECT_TRUE(holdOut({a}).empty());
}

TEST(PatchMoment, ThreadsChangeNoBit) {
  auto onThreads = [](int64_t count, llvm::function_ref<void(int64_t)> task) {
    std::thread other([&] {
      for (int64_t i = count - 1; i >= 0; i -= 2)
        task(i);
    });
    for (int64_t i = count - 2; i >= 0; i -= 2)
      task(i);
    other.join();
  };
  for (PatchGeometry g : {convolution(6, 6, {10, 10, 1}, {3, 3, 1}, 1, 1, 1),
                          convolution(24, 1, {9, 9, 1}, {3, 3, 1}, 1, 1, 1)}) {
    std::vector<float> x = randomValues(g.sampleSize(), 1), y = randomValues(g.sampleSize(), 2);
    PatchMoment one(g, true), two(g, true);
    ASSERT_EQ(messageOf(one.add(x.data(), y.data(), x.size())), "no error");
    ASSERT_EQ(messageOf(two.add(x.data(), y.data(), x.size(), onThreads)), "no error");
    for (int64_t group = 0; group < g.groups; ++group) {
      EXPECT_EQ(one.group(group).second, two.group(group).second);
      EXPECT_EQ(one.group(group).cross, two.group(group).cross);
    }
  }
}

/// A constant input has no variance; what rounding leaves of it must not count as some.
TEST(PatchMoment, CentringLeavesNothingOfAConstant) {
  PatchGeometry g;
  g.channels = 3;
  g.channelsLast = true;
  std::vector<float> x;
  for (int i = 0; i < 999; ++i)
    for (float value : {float(i % 7), 0.1f, 1234.5f})
      x.push_back(value);
  PatchMoment moment(g, false);
  ASSERT_EQ(messageOf(moment.add(x.data(), nullptr, x.size())), "no error");
  GroupMoment centred = moment.group(0).centred();
  EXPECT_GT(centred.second(0, 0), 1);
  EXPECT_EQ(centred.second(1, 1), 0);
  EXPECT_EQ(centred.second(2, 2), 0);
}

TEST(PatchMoment, RefusesHalfSamplesAndInfinities) {
  PatchMoment moment(convolution(2, 1, {3, 3, 1}, {1, 1, 1}, 1, 1, 0), false);
  std::vector<float> x(18, 1);
  EXPECT_EQ(messageOf(moment.add(x.data(), nullptr, 17)),
            "expected whole samples of 18 numbers, but found 17 numbers");
  x[4] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(messageOf(moment.add(x.data(), nullptr, 18)), "expected finite values");
}

} // namespace
