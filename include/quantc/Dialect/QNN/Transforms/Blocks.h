//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks of a network by structure: cut where as few values as possible pass on, so that a residual
// block is one and a chain is cut behind a linear result. Weights are rounded block after block, on
// what the quantized blocks in front make of the data.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_BLOCKS_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_BLOCKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"

namespace quantc::qnn {

/// Neighbouring ops of a function, constants apart.
struct NetworkBlock {
  llvm::SmallVector<mlir::Operation *> ops;
  llvm::SmallVector<mlir::Value> inputs;  ///< of other blocks and arguments, in order of use
  llvm::SmallVector<mlir::Value> outputs; ///< that other blocks or the function's end read
};

/// The ops of a function of one block, in order. A block holds linear maps up to a cut behind which
/// either the values are results of linear maps and sums without a nonlinearity, or `mostMaps` maps
/// have come; those without a map join the one in front.
std::vector<NetworkBlock> splitBlocks(mlir::func::FuncOp function, int64_t mostMaps = 3);

/// Other parameters for a linear map.
struct MapParameters {
  std::vector<float> weight, bias; ///< no bias: that of the map
};

struct ExtractOptions {
  /// Pairs of quantize and dequantize are left out: the float network.
  bool floats = false;
  llvm::DenseMap<mlir::Operation *, MapParameters> parameters;
};

/// A module whose `@main` computes `outputs` from `inputs` by those of `ops` that it takes.
mlir::OwningOpRef<mlir::ModuleOp> extract(llvm::ArrayRef<mlir::Operation *> ops,
                                          llvm::ArrayRef<mlir::Value> inputs,
                                          llvm::ArrayRef<mlir::Value> outputs,
                                          const ExtractOptions &options = ExtractOptions());

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_BLOCKS_H
