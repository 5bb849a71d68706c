//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data for the tests of scale factors: activations with outlier channels and the weights that read
// them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_PTQ_SAMPLES_H
#define QUANTC_TEST_UNIT_PTQ_SAMPLES_H

#include "quantc/Numerics/Rounding.h"
#include "quantc/PTQ/Curvature.h"
#include "quantc/PTQ/MigrationLoss.h"
#include <numeric>
#include <string>

namespace quantc::ptq::test {

/// Independent normal numbers, a function of the seed.
inline Matrix normalMatrix(int64_t rows, int64_t cols, uint64_t seed) {
  Vector values = normalProbe(seed, 77, rows * cols);
  return Eigen::Map<Matrix>(values.data(), rows, cols);
}

/// The same with two channels 50 times as large, one of them off centre.
inline Matrix outlierSamples(int64_t tokens, int64_t channels, uint64_t seed) {
  Matrix samples = normalMatrix(tokens, channels, seed);
  samples.col(1) *= 50;
  samples.col(3) *= 50;
  samples.col(3).array() += 200;
  return samples;
}

/// tr(Q~ G Q~^T) - 2 tr(Q~ D^T W^T) for Q~ = Q - W: the squared error of Q X against W X_float,
/// less a term without Q.
inline double asymmetricCost(const Matrix &weight, const Matrix &rounded, const Matrix &moment,
                             const Matrix &cross) {
  Matrix change = rounded - weight;
  return (change * moment - 2 * weight * cross).cwiseProduct(change).sum();
}

/// Symmetric codes of `bits`, a step for each row that reaches its greatest weight.
inline Matrix roundRows(Matrix weight, int bits) {
  for (Eigen::Index row = 0; row < weight.rows(); ++row) {
    double step = weight.row(row).cwiseAbs().maxCoeff() / double((1 << (bits - 1)) - 1);
    for (double &value : weight.row(row))
      value = step > 0 ? step * numerics::roundHalfEven(value / step) : 0;
  }
  return weight;
}

/// The loss of linear maps that read `samples`, in symmetric codes of `bits`.
inline MigrationLoss symmetricLoss(const Matrix &samples, const std::vector<Matrix> &weights,
                                   int bits) {
  ReadRows read;
  read.rows = samples;
  read.channels.resize(samples.cols());
  std::iota(read.channels.begin(), read.channels.end(), 0);
  read.min = samples.colwise().minCoeff();
  read.max = samples.colwise().maxCoeff();
  for (const Matrix &weight : weights)
    read.maps.push_back({weight});
  MigrationLossOptions options;
  options.activationBits = bits;
  options.isSigned = options.symmetric = true;
  options.roundWeights = [bits](const Matrix &weight) -> llvm::Expected<Matrix> {
    return roundRows(weight, bits);
  };
  return cantFail(MigrationLoss::create({read}, samples.cols(), options));
}

template <typename T> std::string messageOf(llvm::Expected<T> result) {
  return result ? "no error" : llvm::toString(result.takeError());
}
inline std::string messageOf(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : "no error";
}

} // namespace quantc::ptq::test

#endif // QUANTC_TEST_UNIT_PTQ_SAMPLES_H
