//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Exact integer ranges of every value of an integer graph, per channel where known.
//
// One walk in program order. Ops that implement IntegerSemantics say what follows for their
// results; any other integer tensor has the range of its element type. No op is mentioned by name.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_RANGEANALYSIS_H
#define QUANTC_ANALYSIS_RANGEANALYSIS_H

#include "mlir/IR/Operation.h"
#include "quantc/Interfaces/IntegerSemantics.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>
#include <optional>

namespace quantc {

class RangeAnalysis {
public:
  /// Analyses everything inside `root` (a function or a module).
  explicit RangeAnalysis(mlir::Operation *root);

  /// What is known about a value; null for values that are not tensors of signed or unsigned
  /// integers of at most 32 bits, or not inside the root. Accumulator ranges are not limited to 32
  /// bits: that they fit is for the overflow proof to find.
  const ResultRange *lookup(mlir::Value value) const;

  /// The value's integers, if it is defined by a constant whose data is present.
  static std::optional<IntTensor> readConstant(mlir::Value value);

private:
  void visit(mlir::Operation *op);
  void visitSemantics(IntegerSemantics op);

  llvm::DenseMap<mlir::Value, std::unique_ptr<ResultRange>> ranges;
};

/// Whether a type is a tensor of si or ui elements of at most 32 bits: what the analysis follows.
bool isIntegerTensor(mlir::Type type);

} // namespace quantc

#endif // QUANTC_ANALYSIS_RANGEANALYSIS_H
