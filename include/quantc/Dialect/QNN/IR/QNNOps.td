//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Quantization of the float graph: observers, quantize, dequantize, number formats.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_IR_QNNOPS_TD
#define QUANTC_DIALECT_QNN_IR_QNNOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quantc/Interfaces/ChannelAlgebra.td"
include "quantc/Interfaces/QuantizableOpInterface.td"

def QNN_Dialect : Dialect {
  let name = "qnn";
  let cppNamespace = "::quantc::qnn";
  let summary = "How the tensors of a float graph are represented";
  let description = [{
    `qnn` sits on top of `nn`: observers carry statistics, `quantize` and
    `dequantize` carry scales and zero points as operands (never inside a type).
    A module with `qnn` and `nn` ops is executable in float and means what
    simulated quantization means.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = "void registerAttributes();";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class QNN_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<QNN_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def QNN_FormatAttrInterface : AttrInterface<"FormatAttrInterface"> {
  let cppNamespace = "::quantc::qnn";
  let description = [{
    A number format with behaviour. Passes ask the attribute and never switch on
    its name.
  }];
  let methods = [
    InterfaceMethod<"Element type of the stored tensor.", "::mlir::Type", "getStorageType", (ins)>,
    InterfaceMethod<"Bits of information per element.", "unsigned", "getWidth", (ins)>,
    InterfaceMethod<"Least stored value.", "int64_t", "getMin", (ins)>,
    InterfaceMethod<"Greatest stored value.", "int64_t", "getMax", (ins)>,
    InterfaceMethod<"Whether the zero point is fixed (at 0, or at 2^(width-1) for unsigned storage).",
      "bool", "isSymmetric", (ins)>
  ];
}

def QNN_IntFormatAttr : QNN_Attr<"IntFormat", "int", [DeclareAttrInterfaceMethods<QNN_FormatAttrInterface>]> {
  let summary = "an integer of 1 to 16 bits";
  let description = [{
    `#qnn.int<8, signed = true, symmetric = true, narrow = true>` is what weights
    use: -127..127. `narrow` drops the least value. Widths without a storage type
    are stored in the next wider one. Constraint: [QNN-FMT-1].
  }];
  let parameters = (ins "unsigned":$bits, "bool":$isSigned, "bool":$symmetric, "bool":$narrow);
  let assemblyFormat = "`<` $bits `,` `signed` `=` $isSigned `,` `symmetric` `=` $symmetric `,` `narrow` `=` $narrow `>`";
  let genVerifyDecl = 1;
}

def QNN_StatisticsAttr : QNN_Attr<"Statistics", "stats"> {
  let summary = "what an observer saw, and the range that its method chose";
  let description = [{
    `min`/`max` are the exact extremes over all samples; `lo`/`hi` the range that
    the observer method `method` chose; `count` the elements seen. Syntax:
    `#qnn.stats<min = -1.5, max = 2.0, lo = -1.5, hi = 1.75, count = 64, method = "mse">`.
    Constraints: [QNN-STAT-1] to [QNN-STAT-3].
  }];
  let parameters = (ins APFloatParameter<"f64">:$minValue, APFloatParameter<"f64">:$maxValue,
    APFloatParameter<"f64">:$loValue, APFloatParameter<"f64">:$hiValue, "int64_t":$count,
    StringRefParameter<"observer method">:$method);
  let builders = [AttrBuilder<(ins "double":$min, "double":$max, "double":$lo, "double":$hi,
      "int64_t":$count, "::llvm::StringRef":$method), [{
    return $_get($_ctxt, ::llvm::APFloat(min), ::llvm::APFloat(max), ::llvm::APFloat(lo),
                 ::llvm::APFloat(hi), count, method);
  }]>];
  let extraClassDeclaration = [{
    double getMin() const { return getMinValue().convertToDouble(); }
    double getMax() const { return getMaxValue().convertToDouble(); }
    double getLo() const { return getLoValue().convertToDouble(); }
    double getHi() const { return getHiValue().convertToDouble(); }
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

class QNN_Op<string mnemonic, list<Trait> traits = []> : Op<QNN_Dialect, mnemonic, traits>;
def QNN_FloatTensor : RankedTensorOf<[AnyFloat]>;
def QNN_IntTensor : RankedTensorOf<[SI<8>, UI<8>, SI<16>, UI<16>, SI<32>, SI<4>, UI<4>, SI<2>, UI<2>]>;

def QNN_ObserveOp : QNN_Op<"observe", [Pure, SameOperandsAndResultType]> {
  let summary = "marks a tensor whose range decides its representation";
  let description = [{
    The identity on values. `format` is what the tensor will be stored as;
    `statistics` is filled in by calibration, so that passes behind it need no
    data. `name` is the ONNX value's name.
  }];
  let arguments = (ins QNN_FloatTensor:$input, StrAttr:$name, QNN_FormatAttrInterface:$format,
    OptionalAttr<QNN_StatisticsAttr>:$statistics);
  let results = (outs QNN_FloatTensor:$result);
  let assemblyFormat = "$input `as` $name `:` type($result) `,` $format (`,` $statistics^)? attr-dict";
}

def QNN_QuantizeOp : QNN_Op<"quantize", [Pure]> {
  let summary = "clamp(round_half_even(x / scale) + zero_point)";
  let description = [{
    `scale` and `zero_point` are rank 0, or rank 1 along `axis`. The division is
    in f32, rounding is half to even and happens before the zero point is added;
    the clamp is the range of the result's element type, or with `bits` that of
    an integer of so many bits and the same sign. Source: ONNX QuantizeLinear.
    [NUM-QNT-1]. Constraints: [QNN-Q-1] to [QNN-Q-7].
  }];
  let arguments = (ins QNN_FloatTensor:$input, QNN_FloatTensor:$scale, QNN_IntTensor:$zero_point,
    DefaultValuedAttr<I64Attr, "0">:$axis, OptionalAttr<I64Attr>:$bits);
  let extraClassDeclaration = [{
    /// Bits of the codes: `bits`, or the width of the element type.
    unsigned getCodeBits();
    /// Least and greatest code.
    std::pair<int64_t, int64_t> getCodeRange();
  }];
  let results = (outs QNN_IntTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def QNN_DequantizeOp : QNN_Op<"dequantize", [Pure]> {
  let summary = "(x - zero_point) * scale";
  let description = [{
    The difference is exact, the product is in f32. Source: ONNX DequantizeLinear.
    [NUM-QNT-2]. Constraints: [QNN-Q-1] to [QNN-Q-6].
  }];
  let arguments = (ins QNN_IntTensor:$input, QNN_FloatTensor:$scale, QNN_IntTensor:$zero_point,
    DefaultValuedAttr<I64Attr, "0">:$axis);
  let results = (outs QNN_FloatTensor:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Weights of 4 bits in groups
//===----------------------------------------------------------------------===//

def QNN_GroupedLinearOp : QNN_Op<"grouped_linear", [Pure, AttrSizedOperandSegments, InferTypeOpAdaptor]> {
  let summary = "y = x W^T + b with W in packed codes of 4 bits and a scale for each group of inputs";
  let description = [{
    `input` is [..., K] and W is [N, K]: `codes` is [N, ceil(K / 2)], a byte holding
    an even k in its low half and the next in its high half, as two's complement
    where `format` is signed. Each `group` consecutive k of a row share an element of
    `scales` and `zero_points`, both [N, ceil(K / group)]; without zero points they
    are 0. `w = (code - zero_point) * scale`, rounded once.

    With `activation_bits = 16` the input stays float: the result is that of
    `nn.linear` on w, bit for bit [NUM-W4-1]. With b of 2 to 8, each row of the input is
    quantized as it comes, symmetric with scale absmax * activation_clip / (2^(b-1) - 1), and
    groups are summed in integers [NUM-W4-2] [NUM-W4-3]. A row has one scale, or with
    `activation_groups` one for each group [NUM-W4-4]. `activation_clip` is in (0, 1], 1
    where it is absent. Example:
    `qnn.grouped_linear %x, %codes, %scales zeros(%z) bias(%b) group 32 bits 16 of <4, signed = false, symmetric = false, narrow = false>`.
    Constraints: [QNN-GL-1] to [QNN-GL-8].
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, RankedTensorOf<[UI<8>]>:$codes, RankedTensorOf<[F32]>:$scales,
    Optional<RankedTensorOf<[SI<8>]>>:$zero_points, Optional<RankedTensorOf<[F32]>>:$bias, I64Attr:$group,
    I64Attr:$activation_bits, QNN_IntFormatAttr:$format, OptionalAttr<F32Attr>:$activation_clip,
    UnitAttr:$activation_groups);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let extraClassDeclaration = [{
    /// Part of a magnitude that the greatest code stands for.
    float getClip() { return getActivationClip() ? getActivationClip()->convertToFloat() : 1.0f; }
    /// Least and greatest code.
    std::pair<int64_t, int64_t> getCodeRange();
  }];
  let assemblyFormat = [{
    $input `,` $codes `,` $scales (`zeros` `(` $zero_points^ `)`)? (`bias` `(` $bias^ `)`)? `group` $group
    `bits` $activation_bits `of` $format attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Rotations
//===----------------------------------------------------------------------===//

def QNN_HadamardOp : QNN_Op<"hadamard", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<QuantizableOpInterface>, DeclareOpInterfaceMethods<ChannelAlgebraInterface>]> {
  let summary = "a Walsh-Hadamard rotation along the last axis";
  let description = [{
    The last axis is seen as [blocks][size][inner], and each vector of `size` elements
    becomes `y = x R`, `R = diag(signs) H / sqrt(size)`, with H of the plan for `size`
    (docs/Hadamard.md). With `inverse` it becomes `x R^T`. `sign_seed` draws a sign for
    each of the [blocks][size] channels; without it all are +1. `inner` > 1 mixes heads of
    `inner` elements. Rotates what a layer reads whose weight was rotated alike, so
    that the product is the one before. [NUM-HAD-3] [NUM-HAD-7] [NUM-HAD-8].
    Transforms of channels that it does not mix pass, but for a shift.
    Constraints: [QNN-HAD-1], [QNN-HAD-2]. Example:
    `qnn.hadamard %x {size = 768 : i64} : tensor<4x768xf32>`.
  }];
  let arguments = (ins QNN_FloatTensor:$input, I64Attr:$size, DefaultValuedAttr<I64Attr, "1">:$inner,
    OptionalAttr<I64Attr>:$sign_seed, UnitAttr:$inverse);
  let results = (outs QNN_FloatTensor:$result);
  let extraClassDeclaration = [{
    /// How the last axis is transformed, in all its blocks.
    ::quantc::numerics::HadamardPlan getPlan();
    /// One sign for each channel; empty without a seed.
    std::vector<int8_t> getSigns();
  }];
  let assemblyFormat = "$input attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Weights in number formats
//===----------------------------------------------------------------------===//

def QNN_NumberFormatAttr : QNN_Attr<"NumberFormat", "format"> {
  let summary = "a number format by its text";
  let description = [{
    `#qnn.format<"int4:g128:sym:f16">`, `#qnn.format<"mxfp4">`: any format of
    docs/Formats.md, [NUM-FMT-1] to [NUM-FMT-10]. The attribute holds the canonical
    text, so equal formats are equal attributes; the parser takes every spelling, and
    reports every fault of a text. Constraint: [QNN-FMT-2].
  }];
  let parameters = (ins StringRefParameter<"canonical text">:$text);
  let builders = [AttrBuilder<(ins "const ::quantc::numerics::NumberFormat &":$format), [{
    return $_get($_ctxt, ::llvm::StringRef(::quantc::numerics::printNumberFormat(format)));
  }]>];
  let extraClassDeclaration = [{
    /// The format itself, which does the work.
    ::quantc::numerics::NumberFormat getFormat() const;
    /// Bits of a code.
    unsigned getWidth() const;
    /// Element type of stored scales: a float, or ui8 for scales of 8 bits.
    ::mlir::Type getScaleType() const;
    /// Element type of stored zero points; null when there are none.
    ::mlir::Type getZeroPointType() const;
    /// Shape of what is stored for each block of a matrix of `rows` and `columns`: [] for one
    /// scale, [rows], or [rows, groups].
    ::llvm::SmallVector<int64_t, 2> getBlockShape(int64_t rows, int64_t columns) const;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def QNN_DecodeOp : QNN_Op<"decode", [Pure, AttrSizedOperandSegments]> {
  let summary = "the real values of a tensor stored in a number format";
  let description = [{
    The result is a matrix of its first axis and all others, [N, K]. `codes` holds
    the packed codes of each row in bytes [NUM-FMT-8], `scales` a stored scale for each
    block: of the format's float type, or bytes. `zeros` are codes in bytes, or floats
    like the scales; `second` the f32 numbers of scales in two levels; `tables` which
    table a block uses. Each is there exactly when the format has it. The values are
    those of `numerics::loadMatrix` [NUM-FMT-2] [NUM-FMT-7]. Example:
    `qnn.decode %codes, %scales as <"int4:g32:sym:f16"> : (tensor<8x32xui8>, tensor<8x2xf16>) -> tensor<8x64xf32>`.

    It never folds: a weight stays packed until a kernel takes it, or the conversion
    to kernels decodes it. Constraints: [QNN-DEC-1] to [QNN-DEC-6].
  }];
  let arguments = (ins RankedTensorOf<[UI<8>]>:$codes, RankedTensorOf<[F32, F16, BF16, UI<8>]>:$scales,
    Optional<RankedTensorOf<[UI<8>, SI<8>, F32, F16, BF16]>>:$zero_points,
    Optional<RankedTensorOf<[F32]>>:$second_level, Optional<RankedTensorOf<[UI<8>]>>:$selectors,
    QNN_NumberFormatAttr:$format);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let extraClassDeclaration = [{
    /// The result as a matrix.
    int64_t getRows();
    int64_t getColumns();
    /// The values that operands with these bytes stand for; nullopt with a reason when the format
    /// does not allow them [QNN-DEC-7].
    std::optional<std::vector<float>> evaluate(::llvm::ArrayRef<::llvm::ArrayRef<uint8_t>> operands,
                                               std::string &reason);
  }];
  let assemblyFormat = [{
    $codes `,` $scales (`zeros` `(` $zero_points^ `)`)? (`second` `(` $second_level^ `)`)?
    (`tables` `(` $selectors^ `)`)? `as` $format attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // QUANTC_DIALECT_QNN_IR_QNNOPS_TD
