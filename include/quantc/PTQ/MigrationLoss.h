//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What migration is to make small: the error that quantization leaves in the results of linear maps
// that read transformed tensors, on rows that they read.
//
// For a shift z and factors s of channels, with Q_a the codes of activations and Q_w those of
// weights:  loss = sum over maps, rows and results of (Q_a((x - z) / s) Q_w(W s)^T - (x - z) W^T)^2
// over the same sum of (x W^T)^2: a ratio of noise to signal. Biases cancel.
//
// Source: the losses of SmoothQuant (arXiv 2211.10438), Outlier Suppression+ (arXiv 2304.09145) and
// AWQ (arXiv 2306.00978) differ in what is quantized; here that is what the model will have.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_MIGRATIONLOSS_H
#define QUANTC_PTQ_MIGRATIONLOSS_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <functional>
#include <vector>

namespace quantc::ptq {

/// How the maps' inputs are stored: not at all, with one range for the tensor, or one a row.
enum class ActivationCodes { Float, Tensor, Row };

struct MigrationLossOptions {
  ActivationCodes activations = ActivationCodes::Tensor;
  int activationBits = 8; ///< 2..16
  bool isSigned = false, symmetric = false;
  /// Percent of the values that the range of a tensor keeps, half of the rest cut at each end.
  double percentile = 100;
  /// Tensors that take one sign keep their range.
  bool clipTwoSidedOnly = false;
  /// Weights to their codes and back; none: they stay floats.
  std::function<llvm::Expected<Matrix>(const Matrix &)> roundWeights;
};

/// A map [outputs, inputs / groups * taps], taps fastest, with the inputs and outputs of a group
/// next to each other.
struct ReadingMap {
  Matrix weight;
  int64_t groups = 1;
};

/// What maps of one shape of rows read.
struct ReadRows {
  /// [rows, inputs * taps], taps fastest.
  Matrix rows;
  int64_t taps = 1;
  /// Of each input, its channel of the transform.
  std::vector<int64_t> channels;
  /// Range of each input over all data, for `ActivationCodes::Tensor`.
  Vector min, max;
  std::vector<ReadingMap> maps;
};

class MigrationLoss;

/// The loss at one shift, for searches of factors: what the maps make of shifted floats is computed
/// once and kept, [rows, outputs] of fp64 for every map. Refers to the loss that made it.
class ShiftedMigrationLoss {
public:
  /// As MigrationLoss, which explains the arguments.
  llvm::Expected<double> operator()(const Vector &scale, bool floored = false) const;

private:
  friend class MigrationLoss;
  explicit ShiftedMigrationLoss(const MigrationLoss &loss) : loss(&loss) {}

  const MigrationLoss *loss;
  Vector shift;
  /// Of each read, its shifted rows; and of each map of it, their exact results.
  std::vector<Matrix> rows;
  std::vector<std::vector<Matrix>> results;
};

/// Of all maps that read the tensors of one transform.
class MigrationLoss {
public:
  /// Fails where sizes do not fit each other or values are not finite.
  static llvm::Expected<MigrationLoss> create(std::vector<ReadRows> reads, int64_t channels,
                                              MigrationLossOptions options);

  /// For `shift` and `scale` of every channel; factors are positive. `floored`: a ReLU has taken
  /// the shift through, so that what is below it is stored as 0.
  llvm::Expected<double> operator()(const Vector &shift, const Vector &scale,
                                    bool floored = false) const;

  /// The same for many factors of one shift. `this` has to outlive it.
  llvm::Expected<ShiftedMigrationLoss> at(const Vector &shift) const;

private:
  friend class ShiftedMigrationLoss;
  MigrationLoss() = default;

  std::vector<ReadRows> reads;
  MigrationLossOptions options;
  int64_t channels = 0;
  double signal = 0;
};

} // namespace quantc::ptq

#endif // QUANTC_PTQ_MIGRATIONLOSS_H
