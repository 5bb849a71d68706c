//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that have a derivative, as IR.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_DIFFERENTIABLE_TD
#define QUANTC_INTERFACES_DIFFERENTIABLE_TD

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::quantc";
  let description = [{
    An op that writes its vector-Jacobian product as ops (docs/Autodiff.md). An op
    without this interface has no derivative: a gradient that would pass it is refused.
    The cotangent of a value has its shape and element type; that of codes (integers
    that stand for floats) is f32. Shapes are static.
  }];
  let methods = [
    InterfaceMethod<[{
      Creates, at the builder's place, what pulls cotangents back: the sum over results
      of J^T times the result's cotangent. `cotangents` has a value for each result, null
      for zero, not all of them null. For each operand whose bit in `wanted` is set,
      `gradients` (as many as operands, all null before) gets a value of the cotangent
      type of the operand, or stays null where that is zero. May read operands and results
      of the op, changes nothing. Bits are set only where `carriesGradient`. Reports an
      error at the op, and fails, where the derivative does not exist.
    }], "::llvm::LogicalResult", "vjp",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$cotangents,
           "const ::llvm::BitVector &":$wanted, "::llvm::MutableArrayRef<::mlir::Value>":$gradients)>,
    InterfaceMethod<[{
      Whether results depend on operand `index` through a derivative. False for
      positions, codes of a stored constant, and where gradients stop by definition.
    }], "bool", "carriesGradient", (ins "unsigned":$index), [{}], [{ return true; }]>
  ];
}

#endif // QUANTC_INTERFACES_DIFFERENTIABLE_TD
