//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How much a model's outputs suffer when one layer's weights alone take fewer bits: measured on
// compiled float code, layer by layer, and kept in a table that later runs read instead.
//
// The table as JSON:
//
//   {"format": "quantc-sensitivity", "version": 1, "runs": 32, "per_channel": true,
//    "corrected_bias": true,
//    "rounding": "nearest",
//    "layers": [{"node": "conv1", "parameters": 864, "channels": 32, "macs": 10838016,
//                "shares": "",                       // the first node with the same constant
//                "widths": [{"bits": 4, "weight_error": 0.1, "divergence": 0.02, "noise": 0.01,
//                            "disagreement": 0.0, "layer_error": 0.3, "masked": 0.01}]}],
//    "pairs": [{"first": "conv1", "second": "conv2",  // absent where none were measured
//               "effects": [{"first_bits": 4, "second_bits": 8, "divergence": 0.02, "noise": 0.01,
//                            "disagreement": 0.0}]}]}
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_SENSITIVITY_H
#define QUANTC_PIPELINES_SENSITIVITY_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Support/Progress.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quantc {

/// What a layer's weights in `bits` do to the model, everything else in float.
struct WidthEffect {
  unsigned bits = 8;
  double weightError = 0; ///< ||Q(W) - W||^2 of nearest codes
  /// Mean over rows of KL(softmax(float) || softmax(changed)) in nats, of the first output of rank
  /// 1 or 2 with several columns; absent without such an output.
  std::optional<double> divergence;
  /// Mean over the float outputs of ||changed - float||^2 / ||float||^2.
  double noise = 0;
  /// Share of the same rows whose greatest column is another one.
  std::optional<double> disagreement;
  /// Mean over the elements of the layer's own result of its squared error: tr(dW H dW^T) over
  /// channels, H the second moment of what the layer reads. Measured on request.
  std::optional<double> layerError;
  /// As `divergence` (else `noise`), with a random half of the output channels changed (OHQ's
  /// masked sensitivity). Measured on request.
  std::optional<double> masked;
};

struct LayerSensitivity {
  std::string node;
  int64_t parameters = 0, channels = 0, macs = 0;
  /// The first node that reads the same constant; empty where it is this one.
  std::string shares;
  std::vector<WidthEffect> widths; ///< ascending bits
};

/// What the weights of two layers in fewer bits do together; `effect` holds what is of outputs.
struct PairEffect {
  unsigned firstBits = 8, secondBits = 8;
  WidthEffect effect;
};

struct PairSensitivity {
  std::string first, second; ///< nodes, in program order
  std::vector<PairEffect> effects;
};

struct SensitivityTable {
  int64_t runs = 0;
  bool perChannel = true;
  bool correctedBias = false;
  std::string rounding = "nearest";     ///< of the weights that were tried, as `weight-rounding`
  std::vector<LayerSensitivity> layers; ///< program order
  std::vector<PairSensitivity> pairs;   ///< by the second's, then the first's order
};

/// Of a node, by bits: the weight as rounding with data or a search of steps chose it.
using RoundedWidths = llvm::StringMap<std::map<unsigned, std::vector<float>>>;

struct SensitivityOptions {
  std::vector<unsigned> widths = {4, 8}; ///< of weights, 1..16
  /// One scale per output channel, else per tensor.
  bool perChannel = true;
  /// Also measure the effect on the layer's own result; with masks.
  bool layerError = false, masked = false;
  /// Also measure pairs of neighbours (`findNeighbours`).
  bool pairs = false;
  /// A layer's bias takes back what its changed weights do to the means of its result, as integer
  /// bias correction and rounding with data do; not of an output.
  bool correctBias = false;
  /// The runs that those means are of; the measured ones where empty.
  std::vector<int64_t> meanRuns;
  /// What is tried instead of the nearest codes; a node or width that it lacks has those. May be
  /// null. `weightError` is of the nearest codes always.
  const RoundedWidths *rounded = nullptr;
  std::string rounding = "nearest"; ///< name of `rounded` for the table
  uint32_t seed = 0;                ///< of masks
  int threads = 1;                  ///< changes no result
  /// Cap in bytes on what is collected beside the model (`rounded` counts); changes no result.
  std::optional<uint64_t> memory;
  ProgressFn progress;
};

/// Bytes of the weights.
uint64_t memoryOf(const RoundedWidths &rounded);

/// The linear maps of `@main` that quantization would give integer weights: f32 constants, not
/// marked to stay float. Nodes with several maps are one layer. Widths are empty.
std::vector<LayerSensitivity> findLayers(mlir::ModuleOp module);

/// Pairs of layers, as indices of `layers`, where the second reads what the first made, with no
/// layer in between; of a sum of many layers' results (a residual stream), the last two.
std::vector<std::pair<size_t, size_t>> findNeighbours(mlir::ModuleOp module,
                                                      llvm::ArrayRef<LayerSensitivity> layers);

/// Measures every layer at every width on `runs` of the data. `module` is of stage float or
/// observed; it is not changed. Streams: what is held does not grow with the runs.
llvm::Expected<SensitivityTable> measureSensitivity(mlir::ModuleOp module, DataSet &data,
                                                    llvm::ArrayRef<int64_t> runs,
                                                    const SensitivityOptions &options);

/// Measures whole assignments in the same way, on code that is compiled once.
class AssignmentMeter {
public:
  /// Float outputs of runs are kept as far as `memory` bytes hold them; the others are computed
  /// anew for each assignment.
  static llvm::Expected<std::unique_ptr<AssignmentMeter>> open(mlir::ModuleOp module, DataSet &data,
                                                               llvm::ArrayRef<int64_t> runs,
                                                               const SensitivityOptions &options,
                                                               uint64_t memory);
  ~AssignmentMeter();

  /// What the outputs lose on `runs` where the layers (`findLayers`) take these bits; 0 keeps one
  /// in float.
  llvm::Expected<WidthEffect> measure(llvm::ArrayRef<int64_t> runs, llvm::ArrayRef<unsigned> bits);

private:
  class Implementation;
  AssignmentMeter(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

llvm::Error writeSensitivity(llvm::StringRef path, const SensitivityTable &table);
/// Fails with the place of what is no such table.
llvm::Expected<SensitivityTable> readSensitivity(llvm::StringRef path);

} // namespace quantc

#endif // QUANTC_PIPELINES_SENSITIVITY_H
