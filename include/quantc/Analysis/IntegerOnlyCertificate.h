//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The certificate "integer-only": no floating-point operation between the first quantize and the
// last dequantize, or a list of what is left, with ONNX node names.
//
// "Between" is meant along the data: an op is inside when integers reach it and its results reach
// integers or a last dequantize. What comes before the first quantize or behind the last dequantize
// is float by definition of the interface; it is listed too, so that nothing stays silent. Decided
// on types alone: an op is float when an operand or a result is, unless it is a constant.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_INTEGERONLYCERTIFICATE_H
#define QUANTC_ANALYSIS_INTEGERONLYCERTIFICATE_H

#include "mlir/IR/Operation.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace quantc {

/// A float op that was found.
struct FloatOp {
  mlir::Operation *op = nullptr;
  std::string node; ///< ONNX node
  std::string name; ///< "dialect.op"
};

struct IntegerOnlyCertificate {
  /// Integers computed from quantized or integer inputs: without any there is nothing to certify.
  int64_t integerOps = 0;
  int64_t quantizeOps = 0, dequantizeOps = 0;
  std::vector<FloatOp> inside;         ///< what forbids the certificate
  std::vector<FloatOp> before, behind; ///< float ops at the two borders
  std::vector<FloatOp> beside;         ///< float ops that touch no integer at all

  bool holds() const { return integerOps > 0 && inside.empty() && beside.empty(); }
  /// {"integer_only", "integer_ops", "quantize_ops", "dequantize_ops", "inside": [{"node", "op"}],
  /// "before", "behind", "beside"}.
  llvm::json::Value toJSON() const;
  void print(llvm::raw_ostream &os) const;
};

/// Examines `root`: a function, or a module with its functions.
IntegerOnlyCertificate certifyIntegerOnly(mlir::Operation *root);

} // namespace quantc

#endif // QUANTC_ANALYSIS_INTEGERONLYCERTIFICATE_H
