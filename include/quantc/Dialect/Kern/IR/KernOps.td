//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scheduled code: microkernel calls on buffers in destination-passing style.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_KERN_IR_KERNOPS_TD
#define QUANTC_DIALECT_KERN_IR_KERNOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quantc/Dialect/Kern/IR/KernelOpInterface.td"

def Kern_Dialect : Dialect {
  let name = "kern";
  let cppNamespace = "::quantc::kern";
  let summary = "Scheduled microkernel calls on buffers";
  let description = [{
    `kern` fixes what `nn` and `dyad` leave open: physical layout (NHWC, padded
    borders, packed constants), the microkernel's variant, the arena offset of
    every buffer and the partition over threads. Element types are signless; an
    8-bit activation is stored as u8 (signed ones with their sign bit flipped).
    Shapes are static; strides and offsets are not negative, and all that a buffer
    spans lies within 2^40 elements, so that products of its sizes fit into 64 bits.
  }];
  let useDefaultAttributePrinterParser = 1;
}

def Kern_Epilogue : I64EnumAttr<"Epilogue", "how an accumulator becomes the output", [
    I64EnumAttrCase<"Fma32", 0, "fma32">, I64EnumAttrCase<"Integer", 1, "integer">,
    I64EnumAttrCase<"Raw", 2, "raw">, I64EnumAttrCase<"Fma64", 3, "fma64">, I64EnumAttrCase<"Onnx", 4, "onnx">]> {
  let cppNamespace = "::quantc::kern";
}
def Kern_UnaryKind : I64EnumAttr<"UnaryKind", "elementwise function", [
    I64EnumAttrCase<"Relu", 0, "relu">, I64EnumAttrCase<"LeakyRelu", 1, "leaky_relu">,
    I64EnumAttrCase<"Clip", 2, "clip">, I64EnumAttrCase<"HardSigmoid", 3, "hard_sigmoid">,
    I64EnumAttrCase<"HardSwish", 4, "hard_swish">, I64EnumAttrCase<"Sigmoid", 5, "sigmoid">,
    I64EnumAttrCase<"Tanh", 6, "tanh">, I64EnumAttrCase<"Exp", 7, "exp">, I64EnumAttrCase<"Abs", 8, "abs">,
    I64EnumAttrCase<"Neg", 9, "neg">, I64EnumAttrCase<"Sqrt", 10, "sqrt">, I64EnumAttrCase<"Erf", 11, "erf">,
    I64EnumAttrCase<"Reciprocal", 12, "reciprocal">, I64EnumAttrCase<"Gelu", 13, "gelu">]> {
  let cppNamespace = "::quantc::kern";
}
def Kern_BinaryKind : I64EnumAttr<"BinaryKind", "elementwise function of two values", [
    I64EnumAttrCase<"Add", 0, "add">, I64EnumAttrCase<"Sub", 1, "sub">, I64EnumAttrCase<"Mul", 2, "mul">,
    I64EnumAttrCase<"Div", 3, "div">]> {
  let cppNamespace = "::quantc::kern";
}

def Kern_PartitionAttr : AttrDef<Kern_Dialect, "Partition"> {
  let mnemonic = "partition";
  let summary = "how an op's units are spread over workers";
  let description = [{
    Worker w of n takes units [u(w), u(w+1)) of unit axis `axis`, where u(w) =
    min(units, align * floor(ceil(units / align) * w / n)); n is at most
    `workers`. `workers = 1` is a serial op. The result does not depend on n.
  }];
  let parameters = (ins "int64_t":$axis, "int64_t":$units, "int64_t":$align, "int64_t":$workers);
  let assemblyFormat = "`<` `axis` `=` $axis `,` `units` `=` $units `,` `align` `=` $align `,` `workers` `=` $workers `>`";
}

def Kern_Addressable : CPred<"::quantc::kern::isAddressable($_self)">;
def Kern_MemRef : ConfinedType<StaticShapeMemRefOf<[I8, I16, I32, I64, F32, F64]>, [Kern_Addressable],
  "statically shaped memref of 8-, 16-, 32- or 64-bit signless integer or 32- or 64-bit float values within 2^40 elements">;
def Kern_In : Arg<Kern_MemRef, "read", [MemRead]>;
def Kern_Out : Arg<Kern_MemRef, "written", [MemWrite]>;

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

def Kern_BufferOp : Op<Kern_Dialect, "buffer", [MemoryEffects<[MemAlloc]>]> {
  let summary = "an activation buffer in the arena";
  let description = [{
    `offset` is the byte offset that `kern-plan-memory` chose. The buffer lives
    from its first to its last use; at least 64 readable bytes lie on both sides.
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$offset);
  let results = (outs Res<Kern_MemRef, "", [MemAlloc]>:$result);
  let assemblyFormat = "(`at` $offset^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Kern_ConstantOp : Op<Kern_Dialect, "constant", [Pure]> {
  let summary = "constant data in its final layout";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Kern_MemRef:$result);
  let assemblyFormat = "attr-dict $value `:` type($result)";
  let hasVerifier = 1;
}

def Kern_ViewOp : Op<Kern_Dialect, "view", [Pure]> {
  let summary = "the same memory with another shape, strides and offset";
  let description = [{
    The result's offset and strides count elements from the source's first
    element; every element it addresses lies inside the source.
  }];
  let arguments = (ins Kern_MemRef:$source);
  let results = (outs Kern_MemRef:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Kernel calls
//===----------------------------------------------------------------------===//

class Kern_KernelOp<string mnemonic, list<string> methods = []> : Op<Kern_Dialect, mnemonic,
    [DeclareOpInterfaceMethods<KernelOpInterface, methods>]> {
  let assemblyFormat = "operands attr-dict `:` type(operands)";
  let hasVerifier = 1;
}

def Kern_ConvOp : Kern_KernelOp<"conv"> {
  let summary = "u8 x s8 convolution, linear layer or matrix product with fused epilogue";
  let description = [{
    `input` [batch, H, W, C] already contains its padding as elements; `out` is
    [batch, OH, OW, N]. `weight` is packed (quantc/Kernels/Packing.h), `bias`
    holds `bias - zero_point * sum(weight)`. `multiplier` is f32, f64 or i32 as
    `epilogue` says; `shift` is used by `integer` alone.

    With `natural` the constants are in natural order instead, for a target that
    packs later: weights [N, kernel height, kernel width, C / groups], all others one
    a channel. So for the other convolutions.
  }];
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$weight, Kern_In:$bias, Kern_In:$multiplier,
    Kern_In:$shift, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    I64Attr:$groups, Kern_Epilogue:$epilogue, I64Attr:$zero_point, I64Attr:$clamp_lo, I64Attr:$clamp_hi,
    I64Attr:$acc_lo, I64Attr:$acc_hi, UnitAttr:$natural, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_DepthwiseConvOp : Kern_KernelOp<"depthwise_conv", ["getUnitAlignment"]> {
  let summary = "u8 x s8 depthwise convolution with fused epilogue";
  let description = "As `kern.conv` with one input channel per output channel; constants are in depthwise order for `lanes`.";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$weight, Kern_In:$bias, Kern_In:$multiplier,
    Kern_In:$shift, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
    I64Attr:$row_align, Kern_Epilogue:$epilogue, I64Attr:$zero_point, I64Attr:$clamp_lo, I64Attr:$clamp_hi,
    I64Attr:$acc_lo, I64Attr:$acc_hi, UnitAttr:$natural, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_AddOp : Kern_KernelOp<"add", ["getUnitAlignment"]> {
  let summary = "u8 + u8 with rescaling and one rounding";
  let arguments = (ins Kern_Out:$out, Kern_In:$lhs, Kern_In:$rhs, I64Attr:$lhs_multiplier, I64Attr:$rhs_multiplier,
    I64Attr:$shift, I64Attr:$lhs_zero_point, I64Attr:$rhs_zero_point, I64Attr:$zero_point, I64Attr:$clamp_lo,
    I64Attr:$clamp_hi, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_MulOp : Kern_KernelOp<"mul", ["getUnitAlignment"]> {
  let summary = "u8 * u8, requantized";
  let arguments = (ins Kern_Out:$out, Kern_In:$lhs, Kern_In:$rhs, I64Attr:$multiplier, I64Attr:$shift,
    I64Attr:$lhs_zero_point, I64Attr:$rhs_zero_point, Kern_Epilogue:$epilogue, I64Attr:$zero_point,
    I64Attr:$clamp_lo, I64Attr:$clamp_hi, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_RequantizeU8Op : Kern_KernelOp<"requantize_u8"> {
  let summary = "u8 to u8 with another scale; rank 2, inner axis dense";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, I64Attr:$multiplier, I64Attr:$shift, I64Attr:$input_zero_point,
    Kern_Epilogue:$epilogue, I64Attr:$zero_point, I64Attr:$clamp_lo, I64Attr:$clamp_hi,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_RequantizeI32Op : Kern_KernelOp<"requantize_i32"> {
  let summary = "i32 accumulators to u8; rank 2, inner axis dense, multipliers per column or one";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$multiplier, Kern_In:$shift, Kern_Epilogue:$epilogue,
    I64Attr:$zero_point, I64Attr:$clamp_lo, I64Attr:$clamp_hi, I64Attr:$acc_lo, I64Attr:$acc_hi,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_LookupOp : Kern_KernelOp<"lookup"> {
  let summary = "table[x] for bytes; rank 2, inner axis dense";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$table, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_MaxPoolOp : Kern_KernelOp<"max_pool"> {
  let summary = "maximum over a window, u8 or f32, NHWC; windows are clipped to the image";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_AvgPoolOp : Kern_KernelOp<"avg_pool"> {
  let summary = "requantized sum over a window, u8, NHWC";
  let description = "`multiplier` has one element, or one for each output pixel.";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$multiplier, Kern_In:$shift,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
    I64Attr:$input_zero_point, Kern_Epilogue:$epilogue, I64Attr:$zero_point, I64Attr:$clamp_lo, I64Attr:$clamp_hi,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_QuantizeOp : Kern_KernelOp<"quantize"> {
  let summary = "f32 to u8, rank 4 [batch, H, W, C] with any strides on the input";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, F32Attr:$scale, I64Attr:$zero_point, I64Attr:$clamp_lo,
    I64Attr:$clamp_hi, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_DequantizeOp : Kern_KernelOp<"dequantize"> {
  let summary = "u8 to f32, rank 4 [batch, H, W, C] with any strides on the output";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, F32Attr:$scale, I64Attr:$zero_point,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_DequantizeI32Op : Kern_KernelOp<"dequantize_i32"> {
  let summary = "i32 to f32, rank 2, with a scale per column or one";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$scale, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_CopyOp : Kern_KernelOp<"copy"> {
  let summary = "element by element between equal shapes of any strides";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_FillBorderOp : Kern_KernelOp<"fill_border"> {
  let summary = "sets the border of a padded NHWC buffer to one byte value";
  let description = "`border` is top, left, bottom, right in pixels of the rank-4 buffer `out`.";
  let arguments = (ins Kern_Out:$out, DenseI64ArrayAttr:$border, I64Attr:$value,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_FillOp : Kern_KernelOp<"fill", ["getUnitAlignment"]> {
  let summary = "sets every byte of a dense buffer";
  let arguments = (ins Kern_Out:$out, I64Attr:$value, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_ConvF32Op : Kern_KernelOp<"conv_f32"> {
  let summary = "fp32 convolution, linear layer or matrix product with fused clamp";
  let description = "Shapes as in `kern.conv`; one FMA per product in (ky, kx, c) order from the bias on.";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$weight, Kern_In:$bias, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, I64Attr:$groups, OptionalAttr<F32Attr>:$clamp_lo,
    OptionalAttr<F32Attr>:$clamp_hi, UnitAttr:$natural, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_DepthwiseConvF32Op : Kern_KernelOp<"depthwise_conv_f32"> {
  let summary = "fp32 depthwise convolution with fused clamp";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$weight, Kern_In:$bias, DenseI64ArrayAttr:$kernel,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, OptionalAttr<F32Attr>:$clamp_lo,
    OptionalAttr<F32Attr>:$clamp_hi, UnitAttr:$natural, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_GroupedLinearF32Op : Kern_KernelOp<"grouped_linear_f32"> {
  let summary = "fp32 rows times weights of 4 bits with scales of groups, and a bias";
  let description = [{
    `input` is [rows, K], `out` [rows, N]. `weight`, `scale`, `zero` and `bias` are packed
    (quantc/Kernels/Packing.h); `zero` has one element where all groups share it.
  }];
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$weight, Kern_In:$scale, Kern_In:$zero, Kern_In:$bias,
    I64Attr:$group, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_GroupedLinearS8Op : Kern_KernelOp<"grouped_linear_s8"> {
  let summary = "rows of 8-bit codes times weights of 4 bits with scales of groups, and a bias";
  let description = [{
    As `kern.grouped_linear_f32` on what `kern.quantize_rows` wrote: `input` is [rows, K rounded
    up to 8], `row_scale` [rows] or, with a scale for each group, [rows, groups], `row_sums`
    [rows, groups]; `inputs` is K.
  }];
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$row_scale, Kern_In:$row_sums, Kern_In:$weight,
    Kern_In:$scale, Kern_In:$zero, Kern_In:$bias, I64Attr:$inputs, I64Attr:$group,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_QuantizeRowsOp : Kern_KernelOp<"quantize_rows"> {
  let summary = "fp32 rows to symmetric codes in 8 bits with a scale a row, and sums of the codes of each group";
  let description = [{
    `out` is [rows, K rounded up to 8] of two's complement, `scale` [rows] or [rows, groups],
    `sums` [rows, groups], `input` [rows, K]. Scales are absmax * clip / most, clip 1 where it is
    absent; codes lie in -most - 1..most.
  }];
  let arguments = (ins Kern_Out:$out, Kern_Out:$scale, Kern_Out:$sums, Kern_In:$input, I64Attr:$group, I64Attr:$most,
    OptionalAttr<F32Attr>:$clip, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_MatMulF32Op : Kern_KernelOp<"matmul_f32"> {
  let summary = "batched fp32 product of two activations, [batch, M, K] x [batch, K, N]; batch stride 0 broadcasts";
  let arguments = (ins Kern_Out:$out, Kern_In:$lhs, Kern_In:$rhs, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_MatMulU8Op : Kern_KernelOp<"matmul_u8"> {
  let summary = "batched u8 product of two activations into i32, [batch, M, K] x [batch, K, N]; batch stride 0 broadcasts";
  let arguments = (ins Kern_Out:$out, Kern_In:$lhs, Kern_In:$rhs, I64Attr:$lhs_zero_point, I64Attr:$rhs_zero_point,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_UnaryF32Op : Kern_KernelOp<"unary_f32", ["getUnitAlignment"]> {
  let summary = "elementwise fp32 function of a dense buffer";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_UnaryKind:$function, F32Attr:$alpha, F32Attr:$beta,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_BinaryF32Op : Kern_KernelOp<"binary_f32", ["getUnitAlignment"]> {
  let summary = "elementwise fp32 function of two buffers; stride 0 broadcasts";
  let arguments = (ins Kern_Out:$out, Kern_In:$lhs, Kern_In:$rhs, Kern_BinaryKind:$function,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_AvgPoolF32Op : Kern_KernelOp<"avg_pool_f32"> {
  let summary = "fp32 mean over a window, NHWC";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, BoolAttr:$count_include_pad,
    OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_SoftmaxF32Op : Kern_KernelOp<"softmax_f32"> {
  let summary = "softmax over the middle axis of a dense [outer, axis, inner] buffer";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_ReduceMeanF32Op : Kern_KernelOp<"reduce_mean_f32"> {
  let summary = "mean over the middle axis of a dense [outer, axis, inner] buffer into [outer, inner]";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_HadamardF32Op : Kern_KernelOp<"hadamard_f32"> {
  let summary = "Walsh-Hadamard transforms of dense rows, times a scale";
  let description = [{
    A row is [length * orders[0] * orders[1] * orders[2]][inner], transformed along the first
    axis: butterflies over `length`, then a dense matrix of +-1 for each order that is not 1,
    in that order. `codes` holds the matrices one behind the other (packHadamardCodes).
  }];
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$codes, DenseI64ArrayAttr:$orders, I64Attr:$length,
    I64Attr:$inner, F32Attr:$scale, OptionalAttr<Kern_PartitionAttr>:$partition);
}
def Kern_HadamardU8Op : Kern_KernelOp<"hadamard_u8"> {
  let summary = "Walsh-Hadamard sums of rows of bytes, less their zero point, into i32";
  let description = "As `kern.hadamard_f32` without a scale.";
  let arguments = (ins Kern_Out:$out, Kern_In:$input, Kern_In:$codes, DenseI64ArrayAttr:$orders, I64Attr:$length,
    I64Attr:$inner, I64Attr:$zero_point, OptionalAttr<Kern_PartitionAttr>:$partition);
}


//===----------------------------------------------------------------------===//
// Calls of functions
//===----------------------------------------------------------------------===//

def Kern_CallOp : Op<Kern_Dialect, "call", [AttrSizedOperandSegments]> {
  let summary = "a call of a function of the nested module `@nodes`";
  let description = [{
    What no kernel computes: an ONNX node in loops (docs/Nodes.md). `callee` names a
    function of `@nodes` that takes `ins`, then `outs`, all dense and in row-major order;
    it reads and writes nothing beyond them. One worker runs it. Example:
    `kern.call @node_0 outs(%0 : memref<4xf32>) ins(%1 : memref<9xi64>)`.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Arg<Variadic<Kern_MemRef>, "written", [MemWrite]>:$outs,
    Arg<Variadic<Kern_MemRef>, "read", [MemRead]>:$ins);
  let assemblyFormat = "$callee `outs` `(` ($outs^ `:` type($outs))? `)` `ins` `(` ($ins^ `:` type($ins))? `)` attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Name of the nested module.
    static constexpr ::llvm::StringLiteral nodesModule = "nodes";
  }];
}

#endif // QUANTC_DIALECT_KERN_IR_KERNOPS_TD
