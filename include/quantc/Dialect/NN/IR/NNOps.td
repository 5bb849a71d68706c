//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The float graph: tensor algebra with one meaning per op.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_IR_NNOPS_TD
#define QUANTC_DIALECT_NN_IR_NNOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quantc/Interfaces/ChannelAlgebra.td"
include "quantc/Interfaces/QuantizableOpInterface.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::quantc::nn";
  let summary = "Float tensor algebra, one spelling per operation";
  let description = [{
    `nn` is where every ONNX model meets every pass. An op is here only when a
    quantization pass, an observer or the integer lowering must see it. Logical
    layout is ONNX's (batch, channels, spatial axes); physical layout is decided
    in `kern`. Ops know nothing about quantization: `qnn` annotates them.
    Every op with static operand shapes has a static result shape; the rules are
    the functions of `NNShapes.h`. All float operands of an op have one element type.
  }];
  let hasConstantMaterializer = 1;
}

class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NN_Dialect, mnemonic, !listconcat([Pure], traits)>;

def NN_FloatTensor : RankedTensorOf<[AnyFloat]>;

/// Result type follows from operands and attributes; `inferReturnTypes` in NNShapes.cpp.
class NN_InferredOp<string mnemonic, list<Trait> traits = []> : NN_Op<mnemonic, !listconcat(traits, [InferTypeOpAdaptor])> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

/// The result has the type of `input`; other operands are parameters.
class NN_SameTypeOpOf<string mnemonic, list<Trait> traits = []> : NN_Op<mnemonic,
    !listconcat(traits, [AllTypesMatch<["input", "result"]>])> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

def NN_ConstantOp : NN_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor";
  let description = [{
    Holds any elements attribute; weights are `dense_resource` blobs, which are
    neither uniqued nor copied. Example: `nn.constant dense<1.0> : tensor<4xf32>`.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

def NN_ConvOp : NN_InferredOp<"conv", [DeclareOpInterfaceMethods<QuantizableOpInterface>,
    DeclareOpInterfaceMethods<LinearMapOpInterface>, DeclareOpInterfaceMethods<ChannelAlgebraInterface, ["applyTransform"]>]> {
  let summary = "convolution (cross-correlation) over 1 to 3 spatial axes";
  let description = [{
    `input` is [batch, channels, spatial...], `weight` is [output channels,
    channels / groups, kernel...], `bias` is [output channels]. `pads` holds the
    zeros added before each spatial axis, then those added after each.
    `out[n,o,p] = bias[o] + sum_{c,k} weight[o,c,k] * input[n, g*C/groups + c, p*stride + k*dilation - pad]`
    with g the group of output channel o. The weight's shape is static; it may be
    computed at run time. Source: ONNX Conv.
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, Optional<NN_FloatTensor>:$bias,
    DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
    DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}

def NN_LinearOp : NN_InferredOp<"linear", [DeclareOpInterfaceMethods<QuantizableOpInterface>,
    DeclareOpInterfaceMethods<LinearMapOpInterface>, DeclareOpInterfaceMethods<ChannelAlgebraInterface, ["applyTransform"]>]> {
  let summary = "y = x W^T + b over the last axis";
  let description = [{
    `input` is [..., K], `weight` is [N, K], `bias` is [N]; the result is [..., N].
    Gemm and MatMul with a constant matrix arrive in this form.
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, Optional<NN_FloatTensor>:$bias);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}

def NN_MatMulOp : NN_InferredOp<"matmul", [DeclareOpInterfaceMethods<QuantizableOpInterface>, DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "batched matrix product of two activations";
  let description = [{
    NumPy semantics for ranks of at least 2: the leading axes broadcast, the last
    two are [M, K] and [K, N].
  }];
  let arguments = (ins NN_FloatTensor:$lhs, NN_FloatTensor:$rhs);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}

def NN_BatchNormOp : NN_InferredOp<"batch_norm"> {
  let summary = "inference batch normalisation over axis 1";
  let description = [{
    `out = (x - mean) / sqrt(variance + epsilon) * scale + bias`, each parameter
    of shape [channels]. Folded into the preceding linear map before quantization.
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$scale, NN_FloatTensor:$bias,
    NN_FloatTensor:$mean, NN_FloatTensor:$variance, F32Attr:$epsilon);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Normalisation and lookup: raised from ONNX nodes for the algebra of channels (docs/ChannelAlgebra.md)
//===----------------------------------------------------------------------===//

def NN_RMSNormOp : NN_SameTypeOpOf<"rms_norm", [DeclareOpInterfaceMethods<ChannelAlgebraInterface, ["applyTransform"]>]> {
  let summary = "x / sqrt(mean(x^2) + epsilon) * gain along the last axis";
  let description = [{
    `gain` is [channels] or absent. Source: Zhang and Sennrich, arXiv:1910.07467;
    ONNX RMSNormalization.
  }];
  let arguments = (ins NN_FloatTensor:$input, Optional<NN_FloatTensor>:$gain, F32Attr:$epsilon);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}
def NN_LayerNormOp : NN_SameTypeOpOf<"layer_norm", [AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface, ["applyTransform"]>]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * gain + bias along the last axis";
  let description = [{
    The variance is the mean of squared differences. `gain` and `bias` are [channels]
    or absent. Source: Ba, Kiros and Hinton, arXiv:1607.06450; ONNX LayerNormalization.
  }];
  let arguments = (ins NN_FloatTensor:$input, Optional<NN_FloatTensor>:$gain, Optional<NN_FloatTensor>:$bias,
    F32Attr:$epsilon);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}
def NN_EmbeddingOp : NN_Op<"embedding", [DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "rows of a table";
  let description = [{
    `table` is [rows, channels], `indices` are integers of any shape; a negative index
    counts from the end, one outside the table is undefined. The result is
    [indices..., channels]. Source: ONNX Gather along axis 0.
  }];
  let arguments = (ins NN_FloatTensor:$table, RankedTensorOf<[AnyInteger]>:$indices);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class NN_BinaryOp<string mnemonic, list<Trait> traits = []> : NN_InferredOp<mnemonic, !listconcat(traits,
    [DeclareOpInterfaceMethods<ChannelAlgebraInterface, ["applyTransform"]>])> {
  let arguments = (ins NN_FloatTensor:$lhs, NN_FloatTensor:$rhs);
  let results = (outs NN_FloatTensor:$result);
  let description = "Elementwise with NumPy broadcasting; both operands have one element type.";
  let hasVerifier = 1;
}
def NN_AddOp : NN_BinaryOp<"add", [Commutative, DeclareOpInterfaceMethods<QuantizableOpInterface, ["isSum"]>]> { let summary = "sum"; }
def NN_SubOp : NN_BinaryOp<"sub", [DeclareOpInterfaceMethods<QuantizableOpInterface>]> { let summary = "difference"; }
def NN_MulOp : NN_BinaryOp<"mul", [Commutative, DeclareOpInterfaceMethods<QuantizableOpInterface>]> { let summary = "product"; }
def NN_DivOp : NN_BinaryOp<"div"> { let summary = "quotient"; }

/// An op whose result has its operand's type.
class NN_SameTypeOp<string mnemonic, list<Trait> traits = []> : NN_Op<mnemonic, !listconcat(traits, [SameOperandsAndResultType])>;

class NN_UnaryOp<string mnemonic, list<string> extraMethods = []> : NN_SameTypeOp<mnemonic, [
    DeclareOpInterfaceMethods<QuantizableOpInterface, !listconcat(["evaluateUnary"], extraMethods)>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let arguments = (ins NN_FloatTensor:$input);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}
def NN_ReluOp : NN_UnaryOp<"relu", ["getClampBounds"]> {
  let summary = "max(x, 0)";
  let description = "A NaN stays a NaN, here and in every other elementwise op.";
}
def NN_ClipOp : NN_UnaryOp<"clip", ["getClampBounds"]> {
  let summary = "min(max(x, lo), hi)";
  let description = [{
    An absent bound in ONNX arrives as an infinity. When lo > hi the result is hi.
    Neither bound is a NaN.
  }];
  let arguments = (ins NN_FloatTensor:$input, F32Attr:$lo, F32Attr:$hi);
  let hasVerifier = 1;
}
def NN_LeakyReluOp : NN_UnaryOp<"leaky_relu"> {
  let summary = "x < 0 ? alpha * x : x";
  let arguments = (ins NN_FloatTensor:$input, F32Attr:$alpha);
}
def NN_HardSigmoidOp : NN_UnaryOp<"hard_sigmoid"> {
  let summary = "clip(alpha * x + beta, 0, 1)";
  let arguments = (ins NN_FloatTensor:$input, F32Attr:$alpha, F32Attr:$beta);
}
def NN_HardSwishOp : NN_UnaryOp<"hard_swish"> { let summary = "x * clip(x / 6 + 1/2, 0, 1)"; }
def NN_SigmoidOp : NN_UnaryOp<"sigmoid"> { let summary = "1 / (1 + exp(-x))"; }
def NN_TanhOp : NN_UnaryOp<"tanh"> { let summary = "hyperbolic tangent"; }
def NN_ExpOp : NN_UnaryOp<"exp"> { let summary = "e^x"; }
def NN_AbsOp : NN_UnaryOp<"abs"> { let summary = "|x|"; }
def NN_NegOp : NN_UnaryOp<"neg"> { let summary = "-x"; }
def NN_SqrtOp : NN_UnaryOp<"sqrt"> { let summary = "square root; NaN below 0"; }
def NN_ReciprocalOp : NN_UnaryOp<"reciprocal"> { let summary = "1 / x"; }
def NN_ErfOp : NN_UnaryOp<"erf"> { let summary = "error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x"; }
def NN_GeluOp : NN_UnaryOp<"gelu"> {
  let summary = "x / 2 * (1 + erf(x / sqrt(2)))";
  let description = "The exact form. Source: Hendrycks and Gimpel, arXiv:1606.08415; ONNX Gelu with `approximate` none.";
}

//===----------------------------------------------------------------------===//
// Pooling and reductions
//===----------------------------------------------------------------------===//

class NN_PoolOp<string mnemonic, list<Trait> traits> : NN_InferredOp<mnemonic, !listconcat(traits,
    [DeclareOpInterfaceMethods<ChannelAlgebraInterface>])> {
  let arguments = (ins NN_FloatTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
}
def NN_MaxPoolOp : NN_PoolOp<"max_pool",
    [DeclareOpInterfaceMethods<QuantizableOpInterface, ["getScaleRelation"]>]> {
  let summary = "maximum over a sliding window; padding never wins";
  let description = [{
    `pads` as in `nn.conv`. With `ceil_mode` the output size is rounded up, but
    windows that would start inside the padding after the end are dropped. No
    padding is as large as the window. A window that meets no input element
    (dilation can jump over a tiny input) gives the lowest finite value.
    Source: ONNX MaxPool.
  }];
}
def NN_AvgPoolOp : NN_PoolOp<"avg_pool", [DeclareOpInterfaceMethods<QuantizableOpInterface>]> {
  let summary = "mean over a sliding window";
  let description = [{
    The divisor counts the elements inside the input, or, with
    `count_include_pad`, inside input and padding; the overhang of `ceil_mode` is
    never counted. A window without any counted element (dilation can jump over a
    tiny input) gives 0. Source: ONNX AveragePool.
  }];
  let arguments = (ins NN_FloatTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides,
    DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DefaultValuedAttr<BoolAttr, "false">:$ceil_mode,
    DefaultValuedAttr<BoolAttr, "false">:$count_include_pad);
}
def NN_ReduceMeanOp : NN_InferredOp<"reduce_mean", [DeclareOpInterfaceMethods<QuantizableOpInterface>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "mean over axes";
  let description = "`axes` is sorted, non-negative, without repeats; empty means a copy. GlobalAveragePool is the mean over the spatial axes with `keepdims`.";
  let arguments = (ins NN_FloatTensor:$input, DenseI64ArrayAttr:$axes, BoolAttr:$keepdims);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_SoftmaxOp : NN_SameTypeOp<"softmax", [DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "exp(x - max) / sum(exp(x - max)) along one axis";
  let arguments = (ins NN_FloatTensor:$input, I64Attr:$axis);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Data movement (any element type)
//===----------------------------------------------------------------------===//

def NN_ReshapeOp : NN_Op<"reshape", [DeclareOpInterfaceMethods<QuantizableOpInterface, ["getScaleRelation"]>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "same elements in row-major order, other shape";
  let description = "The result type gives the shape; at most one of its dimensions is dynamic.";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_TransposeOp : NN_InferredOp<"transpose", [DeclareOpInterfaceMethods<QuantizableOpInterface, ["getScaleRelation"]>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "result axis i is input axis permutation[i]";
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_ConcatOp : NN_InferredOp<"concat", [DeclareOpInterfaceMethods<QuantizableOpInterface, ["getScaleRelation"]>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "concatenation along one axis";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, I64Attr:$axis);
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_PadOp : NN_InferredOp<"pad", [DeclareOpInterfaceMethods<QuantizableOpInterface, ["getScaleRelation"]>,
    DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "padding with a constant";
  let description = "`pads` holds the elements added before each axis, then those added after each; none is negative.";
  let arguments = (ins NN_FloatTensor:$input, DenseI64ArrayAttr:$pads, F32Attr:$value);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
  let hasFolder = 1;
}
def NN_SliceOp : NN_Op<"slice", [DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "a box of elements";
  let description = [{
    Result element p is input element `offsets + p`; the result type gives the sizes,
    all static. Source: ONNX Slice with steps of 1, ONNX Split.
  }];
  let arguments = (ins AnyRankedTensor:$input, DenseI64ArrayAttr:$offsets);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def NN_ExpandOp : NN_Op<"expand", [DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "repetition along axes of size 1";
  let description = [{
    The result type gives the shape: of the same rank, each axis as in the input or,
    where the input has 1, of any static size. Source: ONNX Expand.
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
def NN_CastOp : NN_Op<"cast"> {
  let summary = "conversion of the element type";
  let description = [{
    Float to integer truncates toward zero and saturates, a NaN gives 0; integer to
    float rounds half to even; integer to integer keeps the low bits. To `i1`
    everything but 0 is true; from `i1`, true is 1.
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

#endif // QUANTC_DIALECT_NN_IR_NNOPS_TD
