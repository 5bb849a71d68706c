//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of weights whose inputs are quantized by calibrated ranges: chosen between the ranges of
// activations and the integers of weights and biases, so that the outputs change least.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDCODES_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDCODES_H

#include "quantc/Dialect/QNN/Transforms/Options.h"
#include "quantc/Dialect/QNN/Transforms/RoundWeights.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/PTQ/ChannelRounding.h"
#include "quantc/PTQ/PatchMoment.h"
#include <functional>

namespace quantc::qnn {

/// The part of `qnn-quantize` that makes pairs of observers with statistics; running it twice
/// changes nothing. On failure the module is left half rewritten.
mlir::LogicalResult quantizeActivations(mlir::ModuleOp module, const QuantizeOptions &options);

/// A linear map behind the pair of its input, whose weight is still float.
struct RoundableMap {
  LinearMapOpInterface op;
  std::string name;
  ptq::PatchGeometry patches;
  int bits = 8;
  std::vector<float> weight, bias; ///< [out, patches.rowSize()], [out]
  /// Of each output channel: the step that reaches its greatest weight, raised where bias and
  /// products want it.
  std::vector<float> steps;
  /// Whether a channel may take a smaller step.
  std::function<bool(int64_t channel, float step)> allows;

  int64_t outputs() const { return bias.size(); }
  /// Output channels [first, second) of a group.
  std::pair<int64_t, int64_t> channelsOf(int64_t group) const {
    int64_t size = outputs() / patches.groups;
    return {group * size, (group + 1) * size};
  }
};

/// Every map of the module that `qnn-quantize` would give integer weights, in order; one that
/// cannot be rounded otherwise than to nearest is left out, with a remark that says why. `options`
/// must live as long as the result.
mlir::FailureOr<std::vector<RoundableMap>> collectRoundable(mlir::ModuleOp module,
                                                            const QuantizeOptions &options);

/// Codes, steps and bias of a map.
struct ChosenCodes {
  std::vector<int32_t> codes; ///< [out, row]
  std::vector<float> steps, bias;
  /// step * code, in f32.
  std::vector<float> weights() const;
};

/// By moments of the map's inputs, of one or more parts of the data (empty for methods without
/// data), group by group; with them the bias takes up the mean error of the output. With two parts
/// or more each is held out once. `report` receives the losses.
llvm::Expected<ChosenCodes> chooseCodes(const RoundableMap &map,
                                        llvm::ArrayRef<ptq::PatchMoment> moments,
                                        const ptq::ChannelOptions &options, RoundedWeight &report);

/// The weight becomes the dequantize of constant codes, which `qnn-quantize` keeps, and the bias a
/// constant.
void storeCodes(const RoundableMap &map, const ChosenCodes &chosen);

/// By node name.
using CodeTable = llvm::StringMap<ChosenCodes>;

/// The file: an .npz with `NODE:codes` (int32, shape of the weight), `NODE:steps` and `NODE:bias`
/// (f32, [out]) for each node, in the order of names.
llvm::Error writeCodes(llvm::StringRef path, const CodeTable &table);
llvm::Expected<CodeTable> readCodes(llvm::StringRef path);

/// Stores the codes of a table. Fails where a node has none, or of another size.
mlir::LogicalResult storeCodes(mlir::ModuleOp module, const CodeTable &table,
                               const QuantizeOptions &options);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_ROUNDCODES_H
