//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The integer graph: tensors of integers and ops with one exact meaning each.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_DYAD_IR_DYADOPS_TD
#define QUANTC_DIALECT_DYAD_IR_DYADOPS_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quantc/Interfaces/IntegerSemantics.td"

def Dyad_Dialect : Dialect {
  let name = "dyad";
  let cppNamespace = "::quantc::dyad";
  let summary = "Integer-only inference with dyadic rescaling";
  let description = [{
    Types are integers; multipliers, shifts, zero points and tables are integer
    operands. Each op implements IntegerSemantics, and that implementation is its
    definition (docs/Numerics.md): a target is right when it returns the same
    integers. Logical layout is ONNX's.

    Labels such as [DYAD-CONV-3] name the constraints that verifiers check
    (docs/Dialects/Dyad.md); labels such as [NUM-REQ-3] name the rules of the
    arithmetic (docs/Numerics.md). Zero points are rank-0 tensors of the element
    type of the tensor that they belong to [DYAD-ZP-1].
  }];
  let hasConstantMaterializer = 1;
}

def Dyad_Rounding : I32EnumAttr<"Rounding", "rounding of a dyadic rescaling", [
    I32EnumAttrCase<"HalfUp", 0, "half_up">, I32EnumAttrCase<"HalfEven", 1, "half_even">,
    I32EnumAttrCase<"HalfAway", 2, "half_away">, I32EnumAttrCase<"TowardZero", 3, "toward_zero">,
    I32EnumAttrCase<"Floor", 4, "floor">, I32EnumAttrCase<"OnnxRne", 5, "onnx_rne">]> {
  let cppNamespace = "::quantc::dyad";
}

/// `more`: methods of IntegerSemantics, beside the required ones, that the op implements.
class Dyad_Op<string mnemonic, list<Trait> traits = [], list<string> more = []> : Op<Dyad_Dialect, mnemonic,
    !listconcat([Pure, DeclareOpInterfaceMethods<IntegerSemantics, more>], traits)> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// A 32-bit integer attribute whose accessor is signed.
def Dyad_Bound : TypedSignlessIntegerAttrBase<I32, "int32_t", "32-bit bound">;
/// Codes of activations.
def Dyad_Codes : RankedTensorOf<[SI<8>, UI<8>, SI<16>, UI<16>]>;
def Dyad_Int32 : RankedTensorOf<[SI<32>]>;
def Dyad_Int : RankedTensorOf<[SI<2>, UI<2>, SI<4>, UI<4>, SI<8>, UI<8>, SI<16>, UI<16>, SI<32>]>;

def Dyad_ConstantOp : Dyad_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant integer tensor";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Dyad_Int:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def Dyad_ConvOp : Dyad_Op<"conv", [], ["accumulates", "getChannelBias"]> {
  let summary = "integer convolution into 32-bit accumulators";
  let description = [{
    `acc[n,o,p] = bias[o] + sum w[o,c,k] * (x[n,c,p*stride + k*dilation - pad] - zero_point)`;
    padding holds the zero point, so padded taps add nothing. Attributes and
    shapes as in `nn.conv`. The sum is exact: the overflow proof shows that no
    partial sum leaves 32 bits [NUM-ACC-1] [NUM-ACC-2], and `evaluate` fails where
    one would. Constraints: [DYAD-CONV-1] to [DYAD-CONV-5].

    ```mlir
    %acc = dyad.conv %x, %w, %bias, %zp {strides = array<i64: 1, 1>,
      dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x3x8x8xui8>, tensor<16x3x3x3xsi8>, tensor<16xsi32>, tensor<ui8>) -> tensor<1x16x8x8xsi32>
    ```
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Int:$weight, Dyad_Int32:$bias, Dyad_Codes:$zero_point,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_LinearOp : Dyad_Op<"linear", [], ["accumulates", "getChannelBias"]> {
  let summary = "integer matrix product over the last axis into 32-bit accumulators";
  let description = [{
    `acc[..., n] = bias[n] + sum_k w[n,k] * (x[..., k] - zero_point)`; shapes as in
    `nn.linear`; overflow as in `dyad.conv`. Constraints: [DYAD-LIN-1] to [DYAD-LIN-3].
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Int:$weight, Dyad_Int32:$bias, Dyad_Codes:$zero_point);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_MatMulOp : Dyad_Op<"matmul", [], ["accumulates"]> {
  let summary = "integer product of two computed matrices into 32-bit accumulators";
  let description = [{
    `acc[..., m, n] = sum_k (a[..., m, k] - lhs_zero_point) * (b[..., k, n] - rhs_zero_point)`;
    shapes as in `nn.matmul`: leading axes broadcast. Overflow as in `dyad.conv`.
    Constraints: [DYAD-MM-1], [DYAD-MM-2].
  }];
  let arguments = (ins Dyad_Codes:$lhs, Dyad_Codes:$rhs, Dyad_Codes:$lhs_zero_point, Dyad_Codes:$rhs_zero_point);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_RequantizeOp : Dyad_Op<"requantize"> {
  let summary = "clamp(round((x - input_zero_point) * multiplier / 2^shift) + zero_point)";
  let description = [{
    `multiplier` and `shift` have one shape, which broadcasts to the input's by
    NumPy's rules: rank 0 for one scale, [C,1,1] for a scale per channel of an
    [N,C,H,W] input. Multipliers are odd and have 24 bits; shifts are 1..62.
    With rounding `onnx_rne` (imported quantized models) a multiplier holds the bits
    of a positive, finite, normal float32 and shifts are 0: the product is one of float32,
    rounded to the nearest even integer [NUM-REQ-5]; `dyad-requantize-to-dyadic` replaces it where that
    changes no integer.
    `clamp_lo`/`clamp_hi` lie inside the result's element type and carry fused
    activations. [NUM-REQ-3] [NUM-REQ-4], other roundings by [NUM-RND-2].
    Constraints: [DYAD-REQ-1] to [DYAD-REQ-4], [DYAD-CLAMP-1].
  }];
  let arguments = (ins Dyad_Int:$input, Dyad_Int:$input_zero_point, Dyad_Int32:$multiplier, Dyad_Int32:$shift,
    Dyad_Int:$zero_point, DefaultValuedAttr<Dyad_Rounding, "Rounding::HalfUp">:$rounding,
    Dyad_Bound:$clamp_lo, Dyad_Bound:$clamp_hi);
  let results = (outs Dyad_Int:$result);
  let extraClassDeclaration = [{
    /// Whether a multiplier and its shift are legal for the rounding [DYAD-REQ-3] [DYAD-REQ-4].
    static bool isLegalScale(Rounding rounding, int64_t multiplier, int64_t shift);
  }];
  let hasVerifier = 1;
}

def Dyad_AddOp : Dyad_Op<"add"> {
  let summary = "sum of two rescaled tensors with one rounding";
  let description = [{
    `clamp((((a - za) * ma + (b - zb) * mb + 2^(shift-1)) >> shift) + zo)`, exact (in
    32 bits for 8-bit operands); |ma|, |mb| < 2^21, shift in 1..30. Operands broadcast as in NumPy. A
    difference has a negative `mb`. Multipliers and shift have rank 0.
    [NUM-ADD-1] [NUM-ADD-3]. Constraints: [DYAD-EW-1], [DYAD-ADD-1], [DYAD-ADD-2],
    [DYAD-CLAMP-1].
  }];
  let arguments = (ins Dyad_Codes:$lhs, Dyad_Codes:$rhs, Dyad_Codes:$lhs_zero_point, Dyad_Codes:$rhs_zero_point,
    Dyad_Int32:$lhs_multiplier, Dyad_Int32:$rhs_multiplier, Dyad_Int32:$shift, Dyad_Codes:$zero_point,
    Dyad_Bound:$clamp_lo, Dyad_Bound:$clamp_hi);
  let results = (outs Dyad_Codes:$result);
  let hasVerifier = 1;
}

def Dyad_MulOp : Dyad_Op<"mul", [], ["accumulates"]> {
  let summary = "(a - za) * (b - zb), exact in 32 bits";
  let description = "Followed by `dyad.requantize`. Operands broadcast as in NumPy. [NUM-MUL-1]. Constraint: [DYAD-EW-1].";
  let arguments = (ins Dyad_Codes:$lhs, Dyad_Codes:$rhs, Dyad_Codes:$lhs_zero_point, Dyad_Codes:$rhs_zero_point);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_LookupOp : Dyad_Op<"lookup"> {
  let summary = "a function of one value of 8 or 16 bits, as a table";
  let description = [{
    `table` has an entry for every value of the input's type, 256 or 65536; entry i
    belongs to the i-th least one. [NUM-LUT-1]. Constraints: [DYAD-LUT-1], [DYAD-LUT-2].
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Codes:$table);
  let results = (outs Dyad_Codes:$result);
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def Dyad_MaxPoolOp : Dyad_Op<"max_pool", [], ["getCopiedOperands"]> {
  let summary = "maximum over a sliding window; padding never wins";
  let description = [{
    Scale and zero point are the input's. The result type gives the output size
    (`ceil_mode` is resolved there). Constraints: [DYAD-POOL-1] to [DYAD-POOL-4].
  }];
  let arguments = (ins Dyad_Codes:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs Dyad_Codes:$result);
  let hasVerifier = 1;
}

def Dyad_SumPoolOp : Dyad_Op<"sum_pool", [], ["accumulates"]> {
  let summary = "sum of (x - zero_point) over a sliding window";
  let description = [{
    Padding adds nothing. An average pool is this and one `dyad.requantize`, whose
    multiplier is s_x / (s_y * n); n may differ at the borders, then multiplier and
    shift have the output's spatial shape. [NUM-POOL-1] [NUM-POOL-2]. Constraints:
    [DYAD-POOL-1] to [DYAD-POOL-4].
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Codes:$zero_point, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_ReduceSumOp : Dyad_Op<"reduce_sum", [], ["accumulates"]> {
  let summary = "sum of (x - zero_point) over axes";
  let description = [{
    `axes` is sorted, non-negative and without repeats; empty means no sum at all.
    [NUM-POOL-2]. Constraints: [DYAD-RED-1], [DYAD-RED-2].
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Codes:$zero_point, DenseI64ArrayAttr:$axes, BoolAttr:$keepdims);
  let results = (outs Dyad_Int32:$result);
  let hasVerifier = 1;
}

def Dyad_HadamardOp : Dyad_Op<"hadamard", [], ["accumulates"]> {
  let summary = "Walsh-Hadamard sums of (x - zero_point) along the last axis";
  let description = [{
    The last axis is seen as [blocks][size][inner]; each vector of `size` elements becomes
    `(x - zero_point) H`, with `inverse` `(x - zero_point) H^T`, H a matrix of +-1 with
    `H H^T = size` (docs/Hadamard.md). No sum is larger than size * max|x - zero_point|.
    Followed by `dyad.requantize` with the scale s_x / (s_y * sqrt(size)).
    [NUM-HAD-9] [NUM-HAD-10]. Constraints: [DYAD-HAD-1] to [DYAD-HAD-3].

    ```mlir
    %acc = dyad.hadamard %x, %zp {size = 12 : i64} : (tensor<4x24xui8>, tensor<ui8>) -> tensor<4x24xsi32>
    ```
  }];
  let arguments = (ins Dyad_Codes:$input, Dyad_Codes:$zero_point, I64Attr:$size,
    DefaultValuedAttr<I64Attr, "1">:$inner, UnitAttr:$inverse);
  let results = (outs Dyad_Int32:$result);
  let extraClassDeclaration = [{
    /// How the last axis is transformed, in all its blocks.
    ::quantc::numerics::HadamardPlan getPlan();
  }];
  let hasVerifier = 1;
}

def Dyad_ConcatOp : Dyad_Op<"concat", [], ["getCopiedOperands"]> {
  let summary = "concatenation along one axis; all operands share scale and zero point";
  let description = "Constraints: [DYAD-CAT-1], [DYAD-CAT-2].";
  let arguments = (ins Variadic<Dyad_Int>:$inputs, I64Attr:$axis);
  let results = (outs Dyad_Int:$result);
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}
def Dyad_ReshapeOp : Dyad_Op<"reshape", [], ["getCopiedOperands"]> {
  let summary = "same elements in row-major order, other shape";
  let description = "At most one dimension of the result is dynamic. Constraint: [DYAD-RSH-1].";
  let arguments = (ins Dyad_Int:$input);
  let results = (outs Dyad_Int:$result);
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}
def Dyad_TransposeOp : Dyad_Op<"transpose", [], ["getCopiedOperands"]> {
  let summary = "result axis i is input axis permutation[i]";
  let description = "Constraint: [DYAD-TRN-1].";
  let arguments = (ins Dyad_Int:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs Dyad_Int:$result);
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}
def Dyad_PadOp : Dyad_Op<"pad", [], ["getCopiedOperands"]> {
  let summary = "padding with a value";
  let description = "`value` is a rank-0 tensor of the input's element type; `pads` as in `nn.pad`. Constraints: [DYAD-PAD-1], [DYAD-PAD-2].";
  let arguments = (ins Dyad_Int:$input, Dyad_Int:$value, DenseI64ArrayAttr:$pads);
  let results = (outs Dyad_Int:$result);
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

#endif // QUANTC_DIALECT_DYAD_IR_DYADOPS_TD
