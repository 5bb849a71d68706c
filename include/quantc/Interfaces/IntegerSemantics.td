//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meaning of an integer op: evaluation, ranges and cost in one place.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_INTEGERSEMANTICS_TD
#define QUANTC_INTERFACES_INTEGERSEMANTICS_TD

include "mlir/IR/OpBase.td"

def IntegerSemantics : OpInterface<"IntegerSemantics"> {
  let cppNamespace = "::quantc";
  let description = [{
    Implemented by every `dyad` op. The interpreter, the constant folder, the
    range analysis, the overflow proof and the cost model call these methods and
    never mention a concrete op.
  }];
  let methods = [
    InterfaceMethod<[{
      Computes the results from the operands' values. `operands` holds one tensor
      per operand in order, with the operand's static or run-time shape. Fails with
      a diagnostic on the op when shapes do not fit.
    }], "::mlir::FailureOr<::llvm::SmallVector<::quantc::IntTensor>>", "evaluate",
      (ins "::llvm::ArrayRef<const ::quantc::IntTensor *>":$operands)>,
    InterfaceMethod<[{
      Ranges of the results, per channel where that is known, from the ranges of
      the operands. Constant operands are passed with their exact values
      (`OperandRange::constant`). The result must contain every value that
      `evaluate` can return for operands inside their ranges, and the intermediate
      sums (`ResultRange::accumulator`) every partial sum in any order.
    }], "::quantc::ResultRange", "inferRange",
      (ins "::llvm::ArrayRef<::quantc::OperandRange>":$operands)>,
    InterfaceMethod<[{
      Multiply-accumulates, other integer operations and bytes read as constants
      for one execution with the op's static shapes.
    }], "::quantc::OpCost", "getCost", (ins)>,
    InterfaceMethod<[{
      Whether the result is an accumulator: a sum or product of codes that a following
      requantize brings to a tensor's own scale, and that a machine may do in one step with it.
    }], "bool", "accumulates", (ins), "", [{ return false; }]>,
    InterfaceMethod<[{
      The operand that is added to each accumulator, one value a channel, and the result's
      channel axis; null for ops that have none.
    }], "::quantc::ChannelBias", "getChannelBias", (ins), "", [{ return {}; }]>,
    InterfaceMethod<[{
      The operands whose elements the result holds as they are: it has their type and scale.
    }], "::llvm::SmallVector<::mlir::Value>", "getCopiedOperands", (ins), "", [{ return {}; }]>
  ];
}

#endif // QUANTC_INTERFACES_INTEGERSEMANTICS_TD
