//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sequential bias correction: quantization shifts the mean of every output channel; the integer
// bias takes the shift back, layer by layer, each with its predecessors already corrected.
//
//   bias_q[o] += rint((mean float[o] - s_x s_w[o] * mean acc[o]) / (s_x s_w[o]))
//
// Reference: Finkelstein et al., Fighting Quantization Bias With Bias, arXiv 1906.03193; Nagel et
// al., Data-Free Quantization Through Weight Equalization and Bias Correction, ICCV 2019,
// section 4.2 (empirical form).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_CORRECTBIAS_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_CORRECTBIAS_H

#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include <map>

namespace quantc {
class Checkpoint;
}

namespace quantc::qnn {

/// Puts an observer, named after its node, on the result of every linear map whose node name is
/// unique, before any clamp. For a copy of the float module that is run for `floatMeans` below and
/// thrown away; existing observers are removed.
void observeLinearMaps(mlir::ModuleOp module);

/// s_x * s_w of each output channel (or one for all), by node name, from a module after
/// qnn-quantize and before its lowering.
using AccumulatorScales = llvm::StringMap<std::vector<double>>;
AccumulatorScales collectAccumulatorScales(mlir::ModuleOp quantized);

/// Integer biases of contractions by node name; where several have one name, NAME:1, NAME:2, ...
/// for those behind the first, without those that are names themselves.
using BiasTable = std::map<std::string, std::vector<int64_t>>;

/// A JSON object: NODE to an array of integers, one for each output channel.
llvm::Error writeBiases(llvm::StringRef path, const BiasTable &table);
llvm::Expected<BiasTable> readBiases(llvm::StringRef path);

/// Gives contractions that are requantized the biases of the table, each with a remark; those that
/// it does not name keep theirs. What the table names must be there, with as many biases. Fails
/// with a diagnostic.
mlir::LogicalResult storeBiases(mlir::ModuleOp integers, const BiasTable &table);

/// Corrects the biases of `dyad` contractions that are requantized; the last ones, whose
/// accumulators leave the graph, stay. `integers` is a module after convert-nn-to-dyad with one
/// function and no float op inside; `channels` are the summaries of a module made by
/// `observeLinearMaps` over the same runs. Every op is evaluated by its own definition
/// (IntegerSemantics), so the result is the same on every machine. Returns what it gave to
/// `storeBiases`; fails with a diagnostic. `checkpoint` keeps the biases, or gives those that it
/// has; may be null.
mlir::FailureOr<BiasTable> correctBias(mlir::ModuleOp integers, const ChannelSummaries &channels,
                                       const AccumulatorScales &scales, DataSet &data,
                                       llvm::ArrayRef<int64_t> runs,
                                       const ProgressFn &progress = {},
                                       Checkpoint *checkpoint = nullptr);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_CORRECTBIAS_H
