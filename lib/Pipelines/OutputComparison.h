//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums over runs of how far a model's outputs are from another's.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_OUTPUTCOMPARISON_H
#define QUANTC_LIB_PIPELINES_OUTPUTCOMPARISON_H

#include "quantc/Pipelines/Sensitivity.h"

namespace quantc {

double squaredDistance(llvm::ArrayRef<float> a, llvm::ArrayRef<float> b);

/// In float64, in the order of the additions.
struct OutputComparison {
  std::vector<double> signal, error; ///< by output
  double divergence = 0, layerError = 0;
  int64_t rows = 0, changedRows = 0, layerElements = 0;

  /// One run's first `count` outputs of both, floats.
  void add(llvm::ArrayRef<HostTensor> expected, llvm::ArrayRef<HostTensor> found, size_t count);
  /// Sets noise, and divergence and disagreement where an output holds classes.
  void summarize(WidthEffect &effect) const;
};

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_OUTPUTCOMPARISON_H
