//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The weights of every layer in every width, rounded as the recipe rounds: what an allocation tries
// one layer at a time when it will not round to nearest in the end.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_PIPELINES_ROUNDEDLAYERS_H
#define QUANTC_LIB_PIPELINES_ROUNDEDLAYERS_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/PTQ/ChannelRounding.h"
#include "quantc/Pipelines/Recipe.h"
#include "quantc/Pipelines/Sensitivity.h"

namespace quantc {

/// What `weight-rounding` says about integer weights with a step a channel; none where they go to
/// the nearest codes or the recipe has no such weights.
std::optional<ptq::ChannelOptions> channelOptionsOf(const Recipe &recipe);

/// Rounds the layers of a module of stage observed to each width. Moments are those of the inputs
/// in the float network on `runs`, in `folds` parts, one layer's at a time where `memory` bytes
/// hold no more beside the result; an error before the work where they do not hold one.
llvm::Expected<RoundedWidths> roundLayers(mlir::ModuleOp module, DataSet &data,
                                          llvm::ArrayRef<int64_t> runs, const Recipe &recipe,
                                          const ptq::ChannelOptions &options, int threads,
                                          std::optional<uint64_t> memory,
                                          const ProgressFn &progress);

} // namespace quantc

#endif // QUANTC_LIB_PIPELINES_ROUNDEDLAYERS_H
