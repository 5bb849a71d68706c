//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What quantization must know about a float op, so that passes never list op names.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_TD
#define QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def QuantizableOpInterface : OpInterface<"QuantizableOpInterface"> {
  let cppNamespace = "::quantc";
  let description = [{
    A float op that has an integer counterpart. The quantizer asks it which
    operands carry activations, weights or biases, whether it moves values
    without changing them (so that input and output must share one scale), and
    whether it is a clamp that a preceding requantization absorbs.
  }];
  let methods = [
    InterfaceMethod<[{
      Role of operand `index`: `Activation` operands get a per-tensor observer,
      `Weight` operands are quantized from constants, `Bias` is derived from the
      scales of the other two, `Other` stays untouched (shapes, axes).
    }], "::quantc::OperandRole", "getOperandRole", (ins "unsigned":$index)>,
    InterfaceMethod<[{
      How the result's scale relates to the operands': `Free` (own observer),
      `SameAsInput` (values are only moved or selected, so the result is
      represented exactly like operand 0), `Shared` (all activation operands and
      the result are best given one scale; concatenation).
    }], "::quantc::ScaleRelation", "getScaleRelation", (ins), [{}],
      [{ return ::quantc::ScaleRelation::Free; }]>,
    InterfaceMethod<[{
      When the op is `clamp(x, lo, hi)` for constants, these bounds; otherwise
      nullopt. A clamp behind a contraction costs nothing after lowering.
    }], "std::optional<std::pair<double, double>>", "getClampBounds", (ins), [{}],
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      When the op is a unary elementwise function, its value at `x` in double
      precision; a chain of such ops between two 8-bit tensors becomes a table.
    }], "std::optional<double>", "evaluateUnary", (ins "double":$x), [{}],
      [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Whether the result is the sum of the two operands, which numpy's rules may
      broadcast.
    }], "bool", "isSum", (ins), [{}], [{ return false; }]>
  ];
}

def LinearMapOpInterface : OpInterface<"LinearMapOpInterface"> {
  let cppNamespace = "::quantc";
  let description = [{
    An op whose result is linear in its input for a fixed weight: one weight
    slice per output channel, plus an optional bias per output channel. Batch
    norm folding, weight quantization and bias correction are algebra on it.
  }];
  let methods = [
    InterfaceMethod<"The activation.", "::mlir::OpOperand &", "getInputOperand", (ins)>,
    InterfaceMethod<"The weight; its axis `getWeightOutputAxis()` counts output channels.",
      "::mlir::OpOperand &", "getWeightOperand", (ins)>,
    InterfaceMethod<"The bias of shape [output channels], or a null value.",
      "::mlir::Value", "getBiasValue", (ins)>,
    InterfaceMethod<"Sets or adds the bias.", "void", "setBiasValue", (ins "::mlir::Value":$bias)>,
    InterfaceMethod<"Axis of the weight that counts output channels.",
      "int64_t", "getWeightOutputAxis", (ins)>,
    InterfaceMethod<"Axis of the result that counts output channels.",
      "int64_t", "getResultChannelAxis", (ins)>,
    InterfaceMethod<"Number of products summed into one output element.",
      "int64_t", "getReductionSize", (ins)>,
    InterfaceMethod<[{
      The rows of inputs that the weights of one output channel meet: those of
      the last axis of a matrix product, patches of a convolution. Nullopt where
      the sizes are not known.
    }], "std::optional<::quantc::ptq::PatchGeometry>", "getPatches", (ins)>
  ];
}

#endif // QUANTC_INTERFACES_QUANTIZABLEOPINTERFACE_TD
