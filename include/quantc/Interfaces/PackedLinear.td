//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Linear layers on packed weights.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_PACKEDLINEAR_TD
#define QUANTC_INTERFACES_PACKEDLINEAR_TD

include "mlir/IR/OpBase.td"

def PackedLinearOpInterface : OpInterface<"PackedLinearOpInterface"> {
  let cppNamespace = "::quantc";
  let description = [{
    A linear layer that reads its weight as codes and scales, so that no operand is the
    matrix of a LinearMapOpInterface.
  }];
  let methods = [
    InterfaceMethod<"Number of products summed into one output element.",
      "int64_t", "getReductionSize", (ins)>,
    InterfaceMethod<"What the weight and the bias are stored as: codes, scales, zero points and the bias.",
      "::llvm::SmallVector<::mlir::Value>", "getStoredOperands", (ins)>
  ];
}

#endif // QUANTC_INTERFACES_PACKEDLINEAR_TD
