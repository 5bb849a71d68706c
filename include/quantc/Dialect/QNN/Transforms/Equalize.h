//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equalization: moves scale between the channels of a tensor and the weights around it, so that one
// 8-bit scale per tensor serves all channels. The float function does not change. It needs the
// range of each channel, which an Executor measures at the observers.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_EQUALIZE_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_EQUALIZE_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Calibration/Executor.h"
#include "quantc/Support/Progress.h"
#include "llvm/ADT/StringMap.h"
#include <vector>

namespace quantc::qnn {

/// What one observer saw in each channel, the elements of axis 1.
struct ChannelSummary {
  std::vector<double> min, max;
  /// Sums in the order of the runs, and values per channel.
  std::vector<double> sum;
  uint64_t count = 0;
};

/// By observer name.
using ChannelSummaries = llvm::StringMap<ChannelSummary>;

/// Runs `runs` of the data set and summarises every observed tensor of rank 2 or more. A tensor
/// whose channels change from run to run is an error.
llvm::Expected<ChannelSummaries> collectChannels(Executor &executor, DataSet &data,
                                                 llvm::ArrayRef<int64_t> runs,
                                                 const ProgressFn &progress = {});

/// The JSON of the pass `qnn-equalize-residual` (Passes.td).
llvm::Expected<ChannelSummaries> readChannels(llvm::StringRef path);
llvm::Error writeChannels(const ChannelSummaries &channels, llvm::StringRef path);

/// `count` runs of `total`, evenly spaced from the first to the last; all when there are fewer.
std::vector<int64_t> evenlySpacedRuns(int64_t total, int64_t count);

/// Observed results of a convolution and a clamp at 0, all of whose readers are depthwise
/// convolutions. Channel c of the tensor is divided by the greatest value that it took (at most the
/// clamp's bound, at least 1e-3 of the greatest channel's), and the tensor is clamped to [0, 1].
/// Values that calibration did not see are cut there, as 8 bits would. Returns the number of
/// tensors rewritten. Expects observers without statistics.
int64_t equalizeDepthwise(mlir::ModuleOp module, const ChannelSummaries &channels);

/// Components of observed tensors that convolutions without a clamp and their sums make, when only
/// unpadded 1x1 convolutions and those sums read them. Channel c of the whole component is divided
/// by sqrt(R_c / v_c), R_c the greatest range that a convolution reads and v_c the greatest weight
/// that it meets, and each tensor is shifted by the middle of its range, which its readers' biases
/// take up. Returns the number of components rewritten. To be run before `equalizeDepthwise`, which
/// changes the weights that define v_c.
int64_t equalizeResidual(mlir::ModuleOp module, const ChannelSummaries &channels);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_EQUALIZE_H
