//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folded dataflow: units of the template library qhls joined by streams.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_IR_HLSOPS_TD
#define QUANTC_DIALECT_HLS_IR_HLSOPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "quantc/Dialect/HLS/IR/HLSInterfaces.td"

def HLS_Dialect : Dialect {
  let name = "hls";
  let cppNamespace = "::quantc::hls";
  let summary = "Folded dataflow for FPGAs";
  let description = [{
    An `hls.design` holds units (processes of the template library qhls) joined by
    streams. Every stream has one writer and one reader; folding (`simd`, `pe`,
    `lanes`) is an attribute of the unit, and the stream types follow from it. Sizes
    are those of one frame. Constants lie in ROM, in logical order: the emitter puts
    them into the order of the folding.

    Labels such as [HLS-PORT-1] name the constraints that verifiers check
    (docs/Dialects/HLS.md). The units themselves: docs/HLS.md.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

def HLS_StreamType : TypeDef<HLS_Dialect, "Stream"> {
  let mnemonic = "stream";
  let summary = "`beats` words a frame, each of `lanes` integers";
  let description = [{
    `!hls.stream<ui8, lanes = 4, beats = 196>`; elements are si1 to si32 or ui1 to
    ui16 [HLS-STR-1]. Pixels follow each other row by row, channels within a pixel.
  }];
  let parameters = (ins "::mlir::IntegerType":$element, "int64_t":$lanes, "int64_t":$beats);
  let assemblyFormat = "`<` $element `,` `lanes` `=` $lanes `,` `beats` `=` $beats `>`";
  let genVerifyDecl = 1;
}

def HLS_Rounding : I32EnumAttr<"Rounding", "rounding of a dyadic rescaling", [
    I32EnumAttrCase<"HalfUp", 0, "half_up">, I32EnumAttrCase<"HalfEven", 1, "half_even">,
    I32EnumAttrCase<"HalfAway", 2, "half_away">, I32EnumAttrCase<"TowardZero", 3, "toward_zero">,
    I32EnumAttrCase<"Floor", 4, "floor">]> {
  let cppNamespace = "::quantc::hls";
  let genSpecializedAttr = 0;
}
def HLS_RoundingAttr : EnumAttr<HLS_Dialect, HLS_Rounding, "rounding">;

def HLS_Multiplier : I64EnumAttr<"Multiplier", "what multiplies", [
    I64EnumAttrCase<"Auto", 0, "auto">, I64EnumAttrCase<"DSP", 1, "dsp">, I64EnumAttrCase<"Fabric", 2, "fabric">]> {
  let cppNamespace = "::quantc::hls";
}

class HLS_EpilogueAttr<string name, string attrMnemonic> : AttrDef<HLS_Dialect, name,
    [DeclareAttrInterfaceMethods<HLS_EpilogueAttrInterface>]> {
  let mnemonic = attrMnemonic;
}

def HLS_RequantizeAttr : HLS_EpilogueAttr<"Requantize", "requantize"> {
  let summary = "clamp(round((acc + bias) * multiplier / 2^shift) + zero_point, lo, hi)";
  let description = [{
    `bias`, `multiplier` and `shift` have one element, one per channel, or with
    `by_pixel` one per output pixel. acc + bias wraps in `acc` bits. [NUM-REQ-4]
  }];
  let parameters = (ins "int64_t":$acc, "::mlir::ElementsAttr":$bias, "::mlir::ElementsAttr":$multiplier,
    "::mlir::ElementsAttr":$shift, "int64_t":$zeroPoint, "int64_t":$lo, "int64_t":$hi,
    EnumParameter<HLS_Rounding>:$rounding, "bool":$byPixel);
  let assemblyFormat = [{ `<` `acc` `=` $acc `,` `bias` `=` $bias `,` `multiplier` `=` $multiplier `,` `shift` `=` $shift `,`
    `zero_point` `=` $zeroPoint `,` `lo` `=` $lo `,` `hi` `=` $hi `,` `rounding` `=` $rounding `,` `by_pixel` `=` $byPixel `>` }];
}
def HLS_ThresholdsAttr : HLS_EpilogueAttr<"Thresholds", "thresholds"> {
  let summary = "base + number of thresholds <= acc + bias";
  let description = "`threshold` is [channels, N] (or [1, N]) and increases along N; `bias` as in requantize. [NUM-STEP-1]";
  let parameters = (ins "int64_t":$acc, "::mlir::ElementsAttr":$bias, "::mlir::ElementsAttr":$threshold, "int64_t":$base);
  let assemblyFormat = "`<` `acc` `=` $acc `,` `bias` `=` $bias `,` `threshold` `=` $threshold `,` `base` `=` $base `>`";
}
def HLS_AddBiasAttr : HLS_EpilogueAttr<"AddBias", "add_bias"> {
  let summary = "acc + bias: the accumulator itself";
  let parameters = (ins "int64_t":$acc, "::mlir::ElementsAttr":$bias);
  let assemblyFormat = "`<` `acc` `=` $acc `,` `bias` `=` $bias `>`";
}
def HLS_TableAttr : HLS_EpilogueAttr<"Table", "table"> {
  let summary = "a function of one code as a table, least code first";
  let parameters = (ins "::mlir::ElementsAttr":$entry);
  let assemblyFormat = "`<` $entry `>`";
}

//===----------------------------------------------------------------------===//
// Design
//===----------------------------------------------------------------------===//

/// A 64-bit integer attribute whose accessor is signed.
def HLS_Int : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer">;

def HLS_DesignOp : Op<HLS_Dialect, "design", [Symbol, IsolatedFromAbove, NoTerminator, SingleBlock, NoRegionArguments]> {
  let summary = "one top function: units joined by streams";
  let description = [{
    `hls.input` ops are the top function's inputs, `hls.output` ops its outputs, in
    order. `part` names the device that the design is folded for
    (quantc/Dialect/HLS/IR/Parts.def), `utilization` the percent of it that may be
    used (100 when absent) [HLS-PART-1]. Every stream has one reader [HLS-STR-2].

    ```mlir
    hls.design @model attributes {part = "xc7z020"} {
      %0 = hls.input {name = "x", shape = array<i64: 1, 64>, scale = 0.1 : f32, zero_point = 0 : i64}
        : !hls.stream<ui8, lanes = 1, beats = 64>
      %1 = hls.pointwise %0 {pixels = 1 : i64, channels = 64 : i64, lanes = 1 : i64,
        epilogue = #hls.table<dense<0> : tensor<256xui8>>} : (...) -> !hls.stream<ui8, lanes = 1, beats = 64>
      hls.output %1 {name = "y", shape = array<i64: 1, 64>} : ...
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$part, OptionalAttr<HLS_Int>:$utilization);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$sym_name, "::mlir::StringAttr":$part),
    "build($_builder, $_state, sym_name, part, nullptr);">];
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasVerifier = 1;
}

class HLS_Op<string mnemonic, list<Trait> traits = []> : Op<HLS_Dialect, mnemonic, traits>;

def HLS_InputOp : HLS_Op<"input", [HasParent<"DesignOp">]> {
  let summary = "a stream that comes into the design";
  let description = [{
    `name`, `shape` and the scale are the ONNX tensor's: host code quantizes with
    them. `scale` and `zero_point` are absent for a tensor that is an integer one.
  }];
  let arguments = (ins StrAttr:$name, DenseI64ArrayAttr:$shape, OptionalAttr<F32Attr>:$scale,
    DefaultValuedAttr<HLS_Int, "0">:$zero_point, OptionalAttr<DenseI64ArrayAttr>:$depths);
  let results = (outs HLS_StreamType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
  let hasVerifier = 1;
}
def HLS_OutputOp : HLS_Op<"output", [HasParent<"DesignOp">]> {
  let summary = "a stream that leaves the design";
  let description = "`scales` has one element, or one per element of `axis`; it is absent for an integer tensor.";
  let arguments = (ins HLS_StreamType:$input, StrAttr:$name, DenseI64ArrayAttr:$shape,
    OptionalAttr<DenseF32ArrayAttr>:$scales, DefaultValuedAttr<HLS_Int, "0">:$axis,
    DefaultValuedAttr<HLS_Int, "0">:$zero_point);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// `depths` holds one depth in beats per result; absent before hls-size-fifos.
class HLS_Unit<string mnemonic, list<string> methods = []> : HLS_Op<mnemonic, [HasParent<"DesignOp">,
    DeclareOpInterfaceMethods<HLS_UnitOpInterface, methods>]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}
defvar Depths = (ins OptionalAttr<DenseI64ArrayAttr>:$depths);
class UnitArgs<dag own> { dag all = !con(own, Depths); }

def HLS_WindowOp : HLS_Unit<"window"> {
  let summary = "the taps of a sliding window, pixel by pixel";
  let description = [{
    `groups` is 0 for a channelwise reader (depthwise, pools): as many groups as
    folds. `parallel` gives all taps of a pixel in one beat; it needs `lanes =
    channels` and one group. `out` holds the output's height and width; taps outside
    the input hold `pad_value`.
  }];
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$height, HLS_Int:$width, HLS_Int:$channels, HLS_Int:$lanes,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads,
    DenseI64ArrayAttr:$out, HLS_Int:$groups, BoolAttr:$parallel, HLS_Int:$pad_value)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_MvauOp : HLS_Unit<"mvau"> {
  let summary = "matrix-vector products with a fused epilogue: convolution and linear";
  let description = [{
    `weight` is [groups * outputs, inputs] in the order in which inputs arrive;
    `inputs` and `outputs` count per group. `acc_bits` holds the final sum.
  }];
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$groups, HLS_Int:$inputs, HLS_Int:$outputs,
    HLS_Int:$simd, HLS_Int:$pe, HLS_Int:$acc_bits, HLS_Int:$weight_bits, HLS_Multiplier:$multiplier, ElementsAttr:$weight,
    HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_DepthwiseOp : HLS_Unit<"depthwise", ["tiesOperand"]> {
  let summary = "one filter per channel, with a fused epilogue";
  let description = "`weight` is [channels, taps].";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes, HLS_Int:$taps,
    HLS_Int:$acc_bits, HLS_Int:$weight_bits, HLS_Multiplier:$multiplier, ElementsAttr:$weight,
    HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_PointwiseOp : HLS_Unit<"pointwise"> {
  let summary = "an epilogue on every element";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes,
    HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_AddOp : HLS_Unit<"add"> {
  let summary = "sum of two rescaled streams with one rounding";
  let description = "[NUM-ADD-1]; multipliers and shift as in `dyad.add`.";
  let arguments = UnitArgs<(ins HLS_StreamType:$lhs, HLS_StreamType:$rhs, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes,
    HLS_Int:$lhs_multiplier, HLS_Int:$rhs_multiplier, HLS_Int:$shift, HLS_Int:$lhs_zero_point, HLS_Int:$rhs_zero_point,
    HLS_Int:$zero_point, HLS_Int:$lo, HLS_Int:$hi)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_MulOp : HLS_Unit<"mul"> {
  let summary = "epilogue of (a - zero_a) * (b - zero_b)";
  let arguments = UnitArgs<(ins HLS_StreamType:$lhs, HLS_StreamType:$rhs, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes,
    HLS_Int:$lhs_zero_point, HLS_Int:$rhs_zero_point, HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_ReduceMaxOp : HLS_Unit<"reduce_max", ["tiesOperand"]> {
  let summary = "maximum over the taps of a window";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes, HLS_Int:$taps)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_ReduceSumOp : HLS_Unit<"reduce_sum", ["tiesOperand"]> {
  let summary = "sum of raw codes over the taps of a window, with an epilogue";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes, HLS_Int:$taps,
    HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_GlobalSumOp : HLS_Unit<"global_sum"> {
  let summary = "sum of raw codes over all pixels, with an epilogue";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes,
    HLS_EpilogueAttrInterface:$epilogue)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_WidthConverterOp : HLS_Unit<"width_converter"> {
  let summary = "the same elements in words of another width; one width divides the other";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$elements, HLS_Int:$from, HLS_Int:$to)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_DuplicateOp : HLS_Unit<"duplicate"> {
  let summary = "two to four copies of a stream";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes)>.all;
  let results = (outs Variadic<HLS_StreamType>:$results);
}
def HLS_ConcatOp : HLS_Unit<"concat"> {
  let summary = "`outer` times: `lhs_elements` of one stream, then `rhs_elements` of the other";
  let arguments = UnitArgs<(ins HLS_StreamType:$lhs, HLS_StreamType:$rhs, HLS_Int:$outer, HLS_Int:$lhs_elements,
    HLS_Int:$rhs_elements, HLS_Int:$lanes)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_PadOp : HLS_Unit<"pad"> {
  let summary = "a border around the image; `pads` is top, left, bottom, right";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$height, HLS_Int:$width, HLS_Int:$channels, HLS_Int:$lanes,
    DenseI64ArrayAttr:$pads, HLS_Int:$value)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_RepeatOp : HLS_Unit<"repeat"> {
  let summary = "one pixel, `times` times";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$times, HLS_Int:$channels, HLS_Int:$lanes)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_SpreadOp : HLS_Unit<"spread"> {
  let summary = "one channel for all channels of a pixel";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_ConstantOp : HLS_Unit<"constant"> {
  let summary = "a constant, `times` times a frame";
  let arguments = UnitArgs<(ins HLS_Int:$times, HLS_Int:$lanes, ElementsAttr:$value)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_TransposeOp : HLS_Unit<"transpose"> {
  let summary = "axes of [rows, columns, channels] in another order; buffers a frame";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, DenseI64ArrayAttr:$shape, DenseI64ArrayAttr:$permutation)>.all;
  let results = (outs HLS_StreamType:$result);
}
def HLS_DiscardOp : HLS_Unit<"discard"> {
  let summary = "reads what nobody uses";
  let arguments = UnitArgs<(ins HLS_StreamType:$input, HLS_Int:$pixels, HLS_Int:$channels, HLS_Int:$lanes)>.all;
  let results = (outs);
}

#endif // QUANTC_DIALECT_HLS_IR_HLSOPS_TD
