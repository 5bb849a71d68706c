//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Learned rotations of quantized rows: the loss is that of numerics' codes, its gradient that of
// the frozen rounding, learning gains on fresh rows too and stays orthogonal.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/LearnRotation.h"
#include "Samples.h"
#include "quantc/Numerics/GroupedLinear.h"
#include "quantc/PTQ/Stiefel.h"
#include <gtest/gtest.h>
#include <thread>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;
using namespace quantc::ptq::test;

namespace {

Matrix randomRotation(int64_t size, uint64_t seed) {
  return cantFail(polarFactor(normalMatrix(size, size, seed)));
}

/// Rows whose energy lies along few directions, as residual streams have it.
Matrix streamRows(int64_t rows, int64_t channels, uint64_t seed) {
  Matrix samples = normalMatrix(rows, channels, seed);
  for (int64_t c = 0; c < channels; ++c)
    samples.col(c) *= std::pow(0.8, double(c));
  samples = samples * randomRotation(channels, 5);
  return samples.rowwise().normalized();
}

/// The loss from numerics' codes.
double lossOfCodes(const Matrix &rotated, const RowQuantizer &q) {
  const int64_t span = q.group ? q.group : rotated.cols();
  double error = 0;
  for (int64_t r = 0; r < rotated.rows(); ++r)
    for (int64_t at = 0; at < rotated.cols(); at += span) {
      const int64_t count = std::min(span, rotated.cols() - at);
      std::vector<float> x;
      for (int64_t i = 0; i < count; ++i)
        x.push_back(float(rotated(r, at + i)));
      std::vector<int8_t> codes(x.size());
      const float scale = numerics::quantizeRow(x.data(), count, codes.data(),
                                                numerics::mostRowCode(q.bits), float(q.clip));
      for (int64_t i = 0; i < count; ++i)
        error += std::pow(double(codes[size_t(i)]) * scale - rotated(r, at + i), 2);
    }
  return error / rotated.squaredNorm();
}

/// The loss near `base` with the decisions made there: which values are clipped, which one sets the
/// scale, and the rounding errors of the others in units of the scale.
double frozenLoss(const Matrix &base, const Matrix &rotated, const RowQuantizer &q) {
  const double most = double((1 << (q.bits - 1)) - 1);
  const int64_t span = q.group ? q.group : base.cols();
  double error = 0;
  for (int64_t r = 0; r < base.rows(); ++r)
    for (int64_t at = 0; at < base.cols(); at += span) {
      const int64_t count = std::min(span, base.cols() - at);
      int64_t largest = 0;
      base.row(r).segment(at, count).cwiseAbs().maxCoeff(&largest);
      const double old = std::fabs(base(r, at + largest)) * q.clip / most;
      const double scale = std::fabs(rotated(r, at + largest)) * q.clip / most;
      for (int64_t i = at; i < at + count; ++i) {
        const double quotient = base(r, i) / old, rounded = std::nearbyint(quotient);
        const double code = std::clamp(rounded, -most - 1, most);
        error +=
            std::pow(code == rounded ? (code - quotient) * scale : code * scale - rotated(r, i), 2);
      }
    }
  return error / base.squaredNorm();
}

constexpr RowQuantizer forms[] = {{4, 1, 0}, {4, 0.8, 0}, {4, 0.84, 8}, {3, 0.7, 5}, {8, 1, 0}};

} // namespace

TEST(LearnRotation, LossIsThatOfCodes) {
  const Matrix rows = streamRows(30, 24, 1), rotation = randomRotation(24, 2);
  for (const RowQuantizer &form : forms)
    EXPECT_NEAR(cantFail(rotationLoss(rows, rotation, form)).value,
                lossOfCodes(rows * rotation, form), 1e-5);
}

TEST(LearnRotation, GradientIsThatOfTheFrozenRounding) {
  const Matrix rows = streamRows(20, 12, 3), rotation = randomRotation(12, 4);
  const Matrix base = rows * rotation;
  for (const RowQuantizer &form : forms) {
    const Matrix gradient = cantFail(rotationLoss(rows, rotation, form)).gradient;
    for (uint64_t seed = 10; seed < 14; ++seed) {
      const Matrix direction = normalMatrix(12, 12, seed);
      const double h = 1e-6;
      const double slope = (frozenLoss(base, rows * (rotation + h * direction), form) -
                            frozenLoss(base, rows * (rotation - h * direction), form)) /
                           (2 * h);
      EXPECT_NEAR(slope, gradient.cwiseProduct(direction).sum(), 1e-6 * (1 + std::fabs(slope)));
    }
  }
}

/// Heads one behind the other are rotated alike: the loss and the gradient of R are those of the
/// whole row under R in blocks.
TEST(LearnRotation, HeadsShareARotation) {
  constexpr int64_t size = 6, heads = 3;
  const Matrix rows = streamRows(20, size * heads, 3), rotation = randomRotation(size, 4);
  Matrix blocks = Matrix::Zero(size * heads, size * heads);
  for (int64_t h = 0; h < heads; ++h)
    blocks.block(h * size, h * size, size, size) = rotation;
  for (const RowQuantizer &form : forms) {
    const RotationLoss loss = cantFail(rotationLoss(rows, rotation, form));
    const RotationLoss whole = cantFail(rotationLoss(rows, blocks, form));
    Matrix sum = Matrix::Zero(size, size);
    for (int64_t h = 0; h < heads; ++h)
      sum += whole.gradient.block(h * size, h * size, size, size);
    EXPECT_NEAR(loss.value, whole.value, 1e-14);
    EXPECT_LT((loss.gradient - sum).cwiseAbs().maxCoeff(), 1e-14);
  }
}

/// |X R diag(e^t) - Y|^2 with Y = X R* diag(e^t*), R* near the start: both are found.
TEST(LearnTransforms, FindsRotationAndScales) {
  constexpr int64_t size = 8;
  const Matrix rows = normalMatrix(64, size, 1), fresh = normalMatrix(64, size, 2);
  const Matrix start = randomRotation(size, 3);
  const Matrix wanted = cantFail(polarFactor(start + 0.1 * normalMatrix(size, size, 4)));
  const Vector scales = 0.2 * normalMatrix(size, 1, 5).col(0);
  auto lossOf = [&](const Matrix &x, const TransformPoint &point) {
    const Vector s = point.logScales[0].array().exp();
    const Matrix rotated = x * point.rotations[0], made = rotated * s.asDiagonal();
    const Vector wantedScales = scales.array().exp();
    const Matrix error = made - x * wanted * wantedScales.asDiagonal();
    TransformLoss loss;
    loss.value = error.squaredNorm() / double(x.rows());
    loss.gradients.rotations = {2.0 / double(x.rows()) * x.transpose() * error * s.asDiagonal()};
    loss.gradients.logScales = {2.0 / double(x.rows()) *
                                error.cwiseProduct(made).colwise().sum().transpose()};
    return loss;
  };
  auto train = [&](const TransformPoint &point, int64_t) -> Expected<TransformLoss> {
    return lossOf(rows, point);
  };
  auto check = [&](const TransformPoint &point) -> Expected<double> {
    return lossOf(fresh, point).value;
  };
  const TransformPoint from{{start}, {Vector::Zero(size)}};
  for (RotationSteps kind : {RotationSteps::Adam, RotationSteps::Cayley}) {
    LearnTransformOptions options;
    options.steps = 400, options.scaleRate = 0.05, options.rotationSteps = kind;
    const LearnedTransforms learned = cantFail(learnTransforms(from, train, check, options));
    EXPECT_LT(learned.after, 1e-3 * learned.before);
    EXPECT_LT((learned.point.rotations[0] - wanted).cwiseAbs().maxCoeff(), 0.02);
    EXPECT_LT((learned.point.logScales[0] - scales).cwiseAbs().maxCoeff(), 0.02);
    EXPECT_LT(orthogonalityError(learned.point.rotations[0]), 1e-12);
    const LearnedTransforms again = cantFail(learnTransforms(from, train, check, options));
    EXPECT_EQ(again.point.rotations[0], learned.point.rotations[0]);
  }
}

/// What lowers the loss of training and raises that of the check is not taken.
TEST(LearnTransforms, TakesWhatGainsOnOtherData) {
  const Matrix start = randomRotation(5, 1), slope = normalMatrix(5, 5, 2);
  auto train = [&](const TransformPoint &point, int64_t) -> Expected<TransformLoss> {
    return TransformLoss{slope.cwiseProduct(point.rotations[0]).sum(), {{slope}, {}}};
  };
  auto against = [&](const TransformPoint &point) -> Expected<double> {
    return -slope.cwiseProduct(point.rotations[0]).sum();
  };
  const LearnedTransforms learned = cantFail(learnTransforms({{start}, {}}, train, against));
  EXPECT_EQ(learned.point.rotations[0], start);
  EXPECT_EQ(learned.after, learned.before);
  auto along = [&](const TransformPoint &point) -> Expected<double> {
    return slope.cwiseProduct(point.rotations[0]).sum();
  };
  EXPECT_LT(cantFail(learnTransforms({{start}, {}}, train, along)).after, learned.before);
  auto none = [](const TransformPoint &, int64_t) -> Expected<TransformLoss> {
    return TransformLoss();
  };
  EXPECT_NE(messageOf(learnTransforms({{start}, {}}, none, along)).find("for every rotation"),
            std::string::npos);
}

TEST(LearnRotation, GainsOnFreshRowsAndStaysOrthogonal) {
  const Matrix rows = streamRows(1024, 32, 6), fresh = streamRows(512, 32, 7);
  const Matrix start = randomRotation(32, 8);
  for (const RowQuantizer &form : {RowQuantizer{4, 0.85, 0}, RowQuantizer{4, 0.9, 16}}) {
    LearnRotationOptions options;
    options.rowsOfStep = 256;
    const LearnedRotation learned = cantFail(learnRotation(rows, start, form, options));
    EXPECT_LT(learned.after, 0.9 * learned.before);
    EXPECT_LT(orthogonalityError(learned.rotation), 1e-12);
    EXPECT_LT(cantFail(rotationLoss(fresh, learned.rotation, form)).value,
              0.95 * cantFail(rotationLoss(fresh, start, form)).value);
  }
}

TEST(LearnRotation, SameBitsInAnyOrderOfTasks) {
  const Matrix rows = streamRows(700, 16, 9), start = randomRotation(16, 9);
  LearnRotationOptions options;
  options.steps = 5;
  auto backwards = [](int64_t count, function_ref<void(int64_t)> task) {
    for (int64_t i = count; i-- > 0;)
      task(i);
  };
  auto threads = [](int64_t count, function_ref<void(int64_t)> task) {
    std::vector<std::thread> pool;
    for (int64_t i = 0; i < count; ++i)
      pool.emplace_back([=] { task(i); });
    for (std::thread &thread : pool)
      thread.join();
  };
  const Matrix once = cantFail(learnRotation(rows, start, {}, options)).rotation;
  EXPECT_EQ(once, cantFail(learnRotation(rows, start, {}, options, backwards)).rotation);
  EXPECT_EQ(once, cantFail(learnRotation(rows, start, {}, options, threads)).rotation);
}

TEST(LearnRotation, NothingToGain) {
  const Matrix start = randomRotation(8, 1);
  const Matrix zeros = Matrix::Zero(10, 8);
  const LearnedRotation learned = cantFail(learnRotation(zeros, start, {}));
  EXPECT_EQ(learned.rotation, start);
  EXPECT_EQ(learned.before, 0);
  EXPECT_EQ(cantFail(learnRotation(Matrix(0, 8), start, {})).rotation, start);
}

TEST(LearnRotation, Refusals) {
  const Matrix rows = Matrix::Ones(4, 8);
  EXPECT_NE(messageOf(rotationLoss(rows, Matrix::Identity(7, 7), {})).find("as many channels"),
            std::string::npos);
  EXPECT_NE(messageOf(rotationLoss(rows, Matrix::Identity(8, 8), {4, 0, 0})).find("a clip in"),
            std::string::npos);
  EXPECT_NE(messageOf(rotationLoss(rows, Matrix::Identity(8, 8), {9, 1, 0})).find("2 to 8 bits"),
            std::string::npos);
  EXPECT_NE(messageOf(rotationLoss(rows * NAN, Matrix::Identity(8, 8), {})).find("finite"),
            std::string::npos);
  LearnRotationOptions options;
  options.rowsOfStep = 0;
  EXPECT_NE(messageOf(learnRotation(rows, Matrix::Identity(8, 8), {}, options)).find("at least"),
            std::string::npos);
}
