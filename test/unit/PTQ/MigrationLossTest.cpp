//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loss of migration against its definition, and what it must not depend on.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/MigrationLoss.h"
#include "quantc/Numerics/Quantize.h"
#include "quantc/PTQ/OutlierSuppression.h"
#include <gtest/gtest.h>
#include <random>

using namespace quantc;
using namespace quantc::ptq;

namespace {

Matrix randomMatrix(int64_t rows, int64_t cols, int seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(rows, cols, [&] { return double(float(normal(random))); });
}

ReadRows readOf(const Matrix &rows, int64_t taps, std::vector<ReadingMap> maps) {
  ReadRows read;
  read.rows = rows;
  read.taps = taps;
  int64_t inputs = rows.cols() / taps;
  read.min.resize(inputs);
  read.max.resize(inputs);
  for (int64_t c = 0; c < inputs; ++c) {
    read.channels.push_back(c);
    read.min[c] = rows.middleCols(c * taps, taps).minCoeff();
    read.max[c] = rows.middleCols(c * taps, taps).maxCoeff();
  }
  read.maps = std::move(maps);
  return read;
}

double lossOf(ReadRows read, int64_t channels, const MigrationLossOptions &options,
              const Vector &shift, const Vector &scale) {
  llvm::Expected<MigrationLoss> loss = MigrationLoss::create({std::move(read)}, channels, options);
  if (!loss) {
    ADD_FAILURE() << llvm::toString(loss.takeError());
    return NAN;
  }
  llvm::Expected<double> value = (*loss)(shift, scale);
  if (!value) {
    ADD_FAILURE() << llvm::toString(value.takeError());
    return NAN;
  }
  return *value;
}

Vector someScale(int64_t n) {
  return Vector::NullaryExpr(n, [](Eigen::Index i) { return 0.5 + double(i % 5); });
}

// Without codes the float function is what it was.
TEST(MigrationLoss, NothingIsLostInFloat) {
  ReadRows read = readOf(randomMatrix(9, 12, 1), 2, {{randomMatrix(6, 6, 2), 2}});
  MigrationLossOptions options;
  options.activations = ActivationCodes::Float;
  Vector shift = Vector::LinSpaced(6, -1, 1);
  EXPECT_LE(lossOf(read, 6, options, shift, someScale(6)), 1e-28);
}

// One map, codes of the tensor's range, by loops.
TEST(MigrationLoss, IsItsDefinition) {
  constexpr int64_t rows = 7, inputs = 5, outputs = 3;
  Matrix x = randomMatrix(rows, inputs, 3), w = randomMatrix(outputs, inputs, 4);
  Vector shift = Vector::LinSpaced(inputs, -0.5, 0.5), scale = someScale(inputs);
  ReadRows read = readOf(x, 1, {{w, 1}});
  MigrationLossOptions options;
  options.activationBits = 5;
  options.roundWeights = [](const Matrix &weight) -> llvm::Expected<Matrix> {
    return Matrix((weight.array() * 8).round() / 8);
  };
  double lo = 0, hi = 0, noise = 0, signal = 0;
  for (int64_t c = 0; c < inputs; ++c) {
    lo = std::min(lo, (read.min[c] - shift[c]) / scale[c]);
    hi = std::max(hi, (read.max[c] - shift[c]) / scale[c]);
  }
  auto params = numerics::chooseParams(float(lo), float(hi), 0, 31, false);
  ASSERT_TRUE(params);
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t o = 0; o < outputs; ++o) {
      double exact = 0, found = 0, plain = 0;
      for (int64_t c = 0; c < inputs; ++c) {
        double value = (x(t, c) - shift[c]) * (1 / scale[c]);
        int32_t code =
            numerics::quantizeLinear(float(value), params->scale, params->zeroPoint, 0, 31);
        found += numerics::dequantizeLinear(code, params->scale, params->zeroPoint) *
                 (std::round(w(o, c) * scale[c] * 8) / 8);
        exact += (x(t, c) - shift[c]) * w(o, c);
        plain += x(t, c) * w(o, c);
      }
      noise += (found - exact) * (found - exact);
      signal += plain * plain;
    }
  EXPECT_NEAR(lossOf(read, inputs, options, shift, scale), noise / signal, 1e-12 * noise / signal);
}

// A channel of great range and small weights: dividing by it brings the loss down.
TEST(MigrationLoss, SeesOutliers) {
  Matrix x = randomMatrix(64, 16, 5);
  Matrix w = randomMatrix(8, 16, 6);
  x.col(3) *= 50;
  w.col(3) /= 50;
  ReadRows read = readOf(x, 1, {{w, 1}});
  Vector none = Vector::Ones(16), scale = none, zero = Vector::Zero(16);
  scale[3] = 50;
  for (ActivationCodes codes : {ActivationCodes::Tensor, ActivationCodes::Row}) {
    MigrationLossOptions options;
    options.activations = codes;
    options.activationBits = 6;
    EXPECT_LT(lossOf(read, 16, options, zero, scale), 0.01 * lossOf(read, 16, options, zero, none));
  }
}

// Bounds that a percentile cuts; a tensor of one sign keeps its range where that is asked for.
TEST(MigrationLoss, Percentile) {
  Matrix x = randomMatrix(500, 4, 7).cwiseAbs();
  x(0, 0) = 1000;
  ReadRows read = readOf(x, 1, {{Matrix::Ones(1, 4), 1}});
  Vector one = Vector::Ones(4), zero = Vector::Zero(4);
  MigrationLossOptions options;
  options.activationBits = 4;
  double whole = lossOf(read, 4, options, zero, one);
  options.percentile = 99;
  options.clipTwoSidedOnly = true;
  EXPECT_EQ(lossOf(read, 4, options, zero, one), whole);
  options.clipTwoSidedOnly = false;
  EXPECT_NE(lossOf(read, 4, options, zero, one), whole);
}

TEST(MigrationLoss, OneShiftManyFactors) {
  ReadRows read = readOf(randomMatrix(12, 8, 10), 2, {{randomMatrix(4, 4, 11), 2}});
  llvm::Expected<MigrationLoss> loss = MigrationLoss::create({read, read}, 4, {});
  ASSERT_TRUE(static_cast<bool>(loss));
  Vector shift = randomMatrix(4, 1, 12);
  llvm::Expected<ShiftedMigrationLoss> shifted = loss->at(shift);
  ASSERT_TRUE(static_cast<bool>(shifted));
  double last = 0;
  for (int seed = 13; seed < 16; ++seed) {
    Vector scale = randomMatrix(4, 1, seed).cwiseAbs().array() + 0.1;
    for (bool floored : {false, true}) {
      double found = llvm::cantFail((*shifted)(scale, floored));
      EXPECT_EQ(found, llvm::cantFail((*loss)(shift, scale, floored)));
      EXPECT_NE(found, last);
      last = found;
    }
  }
  llvm::Expected<ShiftedMigrationLoss> wrong = loss->at(Vector::Zero(3));
  EXPECT_FALSE(static_cast<bool>(wrong));
  llvm::consumeError(wrong.takeError());
}

TEST(MigrationLoss, Refuses) {
  ReadRows read = readOf(randomMatrix(4, 6, 8), 1, {{randomMatrix(2, 6, 9), 1}});
  auto fails = [&](const ReadRows &bad) {
    llvm::Expected<MigrationLoss> loss = MigrationLoss::create({bad}, 6, {});
    bool failed = !loss;
    llvm::consumeError(loss.takeError());
    return failed;
  };
  EXPECT_FALSE(fails(read));
  ReadRows bad = read;
  bad.channels[2] = 6;
  EXPECT_TRUE(fails(bad));
  bad = read;
  bad.maps[0].groups = 4;
  EXPECT_TRUE(fails(bad));
  bad = read;
  bad.rows(1, 1) = NAN;
  EXPECT_TRUE(fails(bad));
  llvm::Expected<MigrationLoss> loss = MigrationLoss::create({read}, 6, {});
  ASSERT_TRUE(static_cast<bool>(loss));
  llvm::Expected<double> value = (*loss)(Vector::Zero(6), Vector::Zero(6));
  EXPECT_FALSE(static_cast<bool>(value));
  llvm::consumeError(value.takeError());
}

} // namespace
