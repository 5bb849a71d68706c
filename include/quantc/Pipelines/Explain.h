//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a quantized model loses accuracy: the error of each node's result, split into causes, and
// the changes that would give most of it back (docs/Explain.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_EXPLAIN_H
#define QUANTC_PIPELINES_EXPLAIN_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Calibration/DataSet.h"
#include "quantc/Support/Progress.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace quantc {

/// What an error of a node's result comes from.
enum class LossCause {
  WeightRounding,
  WeightClipping, ///< of weights beyond the last code
  ActivationStep,
  ActivationClipping,
  Bias,
  Upstream, ///< the error of the node's inputs, carried on by the float op
};
constexpr size_t numLossCauses = 6;
/// "weight_rounding", ...
llvm::StringRef lossCauseName(LossCause cause);

/// Equal bins from `low` to `high`; values outside count in the first or the last.
struct BinCounts {
  static constexpr size_t numBins = 32;
  double low = 0, high = 0;
  std::array<int64_t, numBins> counts{};

  void add(llvm::ArrayRef<float> values);
};

/// One node. Sums of squares are over all elements of its result in all runs.
struct NodeLoss {
  std::string node, op;
  double signal = 0; ///< of the float result
  double total = 0;  ///< of the error when every node is quantized
  double local = 0;  ///< of the error when this node alone is
  /// Of each cause's part of the error, and its product with the whole error. The products of all
  /// causes and of the residue add up to `total`.
  std::array<double, numLossCauses> power{}, product{};
  double residue = 0;          ///< sum of squares of what the parts do not explain
  double residueProduct = 0;   ///< its product with the error
  int64_t elements = 0;        ///< of the result, in one run
  int64_t inputElements = 0;   ///< of quantized inputs, in one run
  int64_t parameters = 0;      ///< quantized weights
  double weightBits = 0;       ///< of each; 0 without quantized weights
  unsigned activationBits = 0; ///< of quantized inputs; 0 where they are float
  std::optional<BinCounts> weights, inputs;

  bool isQuantized() const { return weightBits > 0 || activationBits > 0; }
};

/// 10 log10(signal / error): infinite without an error, NaN without both.
double toDecibels(double signal, double error);

/// One change to the quantized model.
struct Advice {
  std::string node, change;
  bool measured = false; ///< else `gainDb` is the model's of docs/Explain.md
  double gainDb = 0;     ///< of the worst output's SQNR
  int64_t bytes = 0;     ///< more weights and activations, in bytes
  /// NAME=VALUE that makes the change: of this node, or of all where nodes have none of their own.
  std::string option;
};

struct Explanation {
  int64_t runs = 0;
  double outputDb = 0; ///< SQNR of the worst output, as simulated
  std::vector<NodeLoss> nodes;
  /// Best first: gains without a cost, then most dB for each byte.
  std::vector<Advice> advice;

  llvm::json::Value toJSON() const;
};

struct ExplainOptions {
  int64_t runs = 4; ///< of the data, evenly spaced
  /// Bytes of all tensors that are kept at once; nodes are looked at in slices that fit.
  uint64_t memory = uint64_t(256) << 20;
  int64_t measuredChanges = 6;
  /// What advice may ask for: what the target runs and options can say.
  unsigned widestCodes = 8; ///< bits of a weight or an activation
  bool floatNodes = true;
  bool isStatic = true;     ///< activations static: nodes have widths of their own (node-bits)
  bool keepsSums = true;    ///< results of linear maps that floats alone read are no codes
  bool roundsByData = true; ///< an option that changes weights has them rounded by data, too
  bool clipsWeights = true; ///< an option gives the scales that reach the greatest weight
  bool clipsInputs = true;  ///< another observer may clip less
  int threads = 1;          ///< changes no result
  ProgressFn progress;
};

/// Explains `quantized`, a module of stage `quantized`, by `reference`, the float module that it
/// was made of: nodes of both are matched by name. Both are run as compiled code, and parts of
/// errors by the interpreter. Fails where a module cannot be run.
llvm::Expected<Explanation> explainLosses(mlir::ModuleOp reference, mlir::ModuleOp quantized,
                                          DataSet &data, const ExplainOptions &options);

} // namespace quantc

#endif // QUANTC_PIPELINES_EXPLAIN_H
