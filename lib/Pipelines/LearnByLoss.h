//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotations learned by the loss of a whole network with rounded rows against its float outputs.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_LEARNBYLOSS_H
#define QUANTC_LIB_PIPELINES_LEARNBYLOSS_H

#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "quantc/Pipelines/Compiler.h"

namespace quantc {

/// The network's function as `recipe` rotates it, and what was learned in its terms. `module` is
/// of stage float and stays. Fails where nothing is rotated, where an op on the way has no
/// derivative, and on fewer than two runs of data. Runs that `memory` bytes do not hold are read
/// and computed anew in each step; an error where they do not hold one.
llvm::Expected<nn::RotationTable> learnByLoss(mlir::ModuleOp module, DataSet &data,
                                              const Recipe &recipe, int threads,
                                              std::optional<uint64_t> memory,
                                              const ProgressFn &progress,
                                              std::vector<LearnedStream> &report);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_LEARNBYLOSS_H
