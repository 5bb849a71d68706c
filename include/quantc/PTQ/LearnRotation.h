//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rotation R of activations that are quantized row by row, learned so that the quantizer loses
// little: the least sum of |Q(x R) - x R|^2 over rows x. No network is differentiated; the rows are
// all that is needed. Formulas: docs/Migration.md.
//
// The objective and massive tokens: DFRot, arXiv 2412.00648 (which alternates with a Procrustes
// problem instead). Steps: Stiefel.h.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_LEARNROTATION_H
#define QUANTC_PTQ_LEARNROTATION_H

#include "quantc/PTQ/Matrix.h"
#include "quantc/PTQ/SecondMoment.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <functional>
#include <vector>

namespace quantc::ptq {

/// How a row becomes codes: scale = max |x| * clip / (2^(bits-1) - 1) for each `group` neighbours
/// (0: the row), codes in [-2^(bits-1), 2^(bits-1) - 1] ([NUM-W4-2] of docs/Numerics.md).
struct RowQuantizer {
  int64_t bits = 4; ///< 2 to 8
  double clip = 1;  ///< in (0, 1]
  int64_t group = 0;
};

struct RotationLoss {
  double value = 0; ///< sum |Q(x R) - x R|^2 / sum |x|^2
  /// With respect to the entries of R, ignoring orthogonality: rounding errors in units of the
  /// scale are held, the scale follows the largest magnitude.
  Matrix gradient;
};

/// Rows [n, d], R [d, d], or rows [n, h d] whose h parts each become x R. The bits do not depend on
/// how `parallel` runs.
llvm::Expected<RotationLoss> rotationLoss(const Matrix &rows, const Matrix &rotation,
                                          const RowQuantizer &quantizer,
                                          ParallelFor parallel = runInOrder);

struct LearnRotationOptions {
  int64_t steps = 60;
  double rate = 0.1;         ///< of RiemannianAdam, falling to 0 as a cosine
  int64_t rowsOfStep = 2048; ///< taken in turn
  std::function<void(int64_t done, int64_t steps)> progress;
};

struct LearnedRotation {
  Matrix rotation;
  double before = 0, after = 0; ///< the loss over all rows
};

/// Starts from `start`, an orthogonal [d, d]; rows are as for `rotationLoss`. Where nothing was
/// gained over all rows, `start` comes back. Rows of one magnitude count alike: scale them first.
llvm::Expected<LearnedRotation> learnRotation(const Matrix &rows, const Matrix &start,
                                              const RowQuantizer &quantizer,
                                              const LearnRotationOptions &options = {},
                                              ParallelFor parallel = runInOrder);

//===----------------------------------------------------------------------===//
// By the loss of a network
//===----------------------------------------------------------------------===//

/// What is learned together: rotations, and logarithms of scales beside them.
struct TransformPoint {
  std::vector<Matrix> rotations;
  std::vector<Vector> logScales;
};

/// A loss, and its gradients by the entries of each part.
struct TransformLoss {
  double value = 0;
  TransformPoint gradients;
};

enum class RotationSteps {
  Adam,   ///< RiemannianAdam
  Cayley, ///< CayleySGD, SpinQuant's
};

struct LearnTransformOptions {
  int64_t steps = 60;
  double rate = 0.1;       ///< of rotations, falling to 0 as a cosine
  double scaleRate = 0.01; ///< of logarithms of scales, by Adam
  RotationSteps rotationSteps = RotationSteps::Adam;
  uint64_t seed = 0; ///< of CayleySGD
  std::function<void(int64_t done, int64_t steps)> progress;
};

struct LearnedTransforms {
  TransformPoint point;
  double before = 0, after = 0; ///< losses of `check`
};

/// Starts from orthogonal rotations. `train` gives the loss of a step's data, `check` that of data
/// that no step sees: where it does not fall, `start` comes back.
llvm::Expected<LearnedTransforms> learnTransforms(
    const TransformPoint &start,
    llvm::function_ref<llvm::Expected<TransformLoss>(const TransformPoint &, int64_t step)> train,
    llvm::function_ref<llvm::Expected<double>(const TransformPoint &)> check,
    const LearnTransformOptions &options = {});

} // namespace quantc::ptq

#endif // QUANTC_PTQ_LEARNROTATION_H
