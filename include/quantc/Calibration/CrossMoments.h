//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moments of tensors of a quantized model beside those of the float one, on the same data: what
// weight rounding that aims at the float outputs needs (docs/Rounding.md, GPTAQ).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_CROSSMOMENTS_H
#define QUANTC_CALIBRATION_CROSSMOMENTS_H

#include "quantc/Calibration/Moments.h"

namespace quantc {

/// X^T X and (X_float - X)^T X, X of the quantized model.
struct CrossMoments {
  ptq::SecondMoment moment;
  ptq::CrossMoment cross;
};

/// By the observed tensor's name.
using CrossMomentTable = llvm::StringMap<CrossMoments>;

/// Both models observe tensors of the same names and shapes. With a memory cap several passes run
/// over disjoint groups of tensors with the same result; fails where one tensor alone exceeds it.
llvm::Expected<CrossMomentTable> collectCrossMoments(DataSet &data, Executor &floatModel,
                                                     Executor &quantizedModel,
                                                     const MomentOptions &options = {});

/// A file of moments (`writeMoments`), those of the quantized model, with `NAME:cross` beside them:
/// f64, row by row.
llvm::Error writeCrossMoments(llvm::StringRef path, const CrossMomentTable &table);
llvm::Expected<CrossMomentTable> readCrossMoments(llvm::StringRef path);

} // namespace quantc

#endif // QUANTC_CALIBRATION_CROSSMOMENTS_H
