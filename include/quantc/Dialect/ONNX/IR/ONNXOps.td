//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Imported ONNX: one generic op per node, nothing normalised, nothing lost.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_IR_ONNXOPS_TD
#define QUANTC_DIALECT_ONNX_IR_ONNXOPS_TD

include "quantc/Dialect/ONNX/IR/ONNXAttrs.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class ONNX_Op<string mnemonic, list<Trait> traits = []> : Op<ONNX_Dialect, mnemonic, traits>;

def ONNX_ConstantOp : ONNX_Op<"constant", [Pure, ConstantLike, AllTypesMatch<["value", "result"]>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "an initializer";
  let description = [{
    `value` is dense up to 1 KiB and a `dense_resource` blob over the mapped file
    beyond. `name` is the initializer's name. `is_input` says that the model also
    lists it as a graph input (IR version 3); the declaration then stands in
    `input_info`. `info` is as in `#onnx.tensor`. Elements narrower than a byte
    take one byte each. Example:
    `%0 = onnx.constant "bias" dense<0.0> : tensor<4xf32>`.
  }];
  let arguments = (ins StrAttr:$name, ElementsAttr:$value, UnitAttr:$is_input,
    OptionalAttr<ONNX_ValueInfoAttr>:$input_info, OptionalAttr<DictionaryAttr>:$info);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name attr-dict $value";
  let hasFolder = 1;
}

def ONNX_SparseConstantOp : ONNX_Op<"sparse_constant", [Pure]> {
  let summary = "a sparse initializer, kept as it was";
  let description = "`proto` holds the SparseTensorProto; the result has its dense shape.";
  let arguments = (ins StrAttr:$name, StrAttr:$proto);
  let results = (outs AnyType:$result);
  let assemblyFormat = "$name $proto attr-dict `:` type($result)";
}

def ONNX_NoneOp : ONNX_Op<"none", [Pure]> {
  let summary = "an absent optional input";
  let results = (outs NoneType:$result);
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, $_builder.getNoneType()); }]>];
  let assemblyFormat = "attr-dict";
}

def ONNX_NodeOp : ONNX_Op<"node", [DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>]> {
  let summary = "one ONNX node";
  let description = [{
    `opset` is the version of the node's domain in force where it stands. Attribute
    kinds map to attributes as follows, so that each kind, and each empty list,
    comes back as it was:

    | ONNX | MLIR |
    |---|---|
    | FLOAT, INT, STRING | f32 float, si64 integer, string (bytes) |
    | FLOATS, INTS, STRINGS | `array<f32>`, `array<i64>`, array of strings |
    | TENSOR | `#onnx.tensor` |
    | GRAPH | `#onnx.graph`, whose body is a region of this op |
    | SPARSE_TENSOR, TYPE_PROTO | `#onnx.proto` |
    | other lists | `#onnx.list` |
    | reference to a function's attribute | `#onnx.ref` |

    An absent optional input is `onnx.none`; an absent output has type `none` and an
    empty name. A value of which nothing is known has type `!onnx.unknown`.
    `attribute_order` is set when the attributes were not sorted by name,
    `attribute_info` holds what an attribute says beside its value, and `extra`
    serialised fields of NodeProto without a place of their own. The node's name is
    also its location. Example:
    `%1 = onnx.node "Relu"(%0) {node_name = "r", opset = 13 : i64, result_names = ["y"]} : (tensor<4xf32>) -> tensor<4xf32>`.
  }];
  let arguments = (ins StrAttr:$op_type, Variadic<AnyType>:$inputs,
    OptionalAttr<StrAttr>:$domain, OptionalAttr<StrAttr>:$overload, I64Attr:$opset,
    OptionalAttr<StrAttr>:$node_name, OptionalAttr<DictionaryAttr>:$onnx_attrs,
    OptionalAttr<StrArrayAttr>:$result_names, OptionalAttr<StrAttr>:$doc,
    OptionalAttr<StrArrayAttr>:$attribute_order, OptionalAttr<DictionaryAttr>:$attribute_info,
    OptionalAttr<StrAttr>:$extra);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$bodies);
  let assemblyFormat = [{
    $op_type `(` $inputs `)` (`graphs` $bodies^)? attr-dict `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Domain with "ai.onnx" spelled as "".
    ::llvm::StringRef getNormalizedDomain();
    /// True for an op of the default domain with this type.
    bool isOp(::llvm::StringRef opType);
    /// The attribute, or null.
    ::mlir::Attribute getAttribute(::llvm::StringRef name);
    /// Values of attributes; nullopt (null) when absent or of another kind.
    std::optional<int64_t> getInt(::llvm::StringRef name);
    std::optional<float> getFloat(::llvm::StringRef name);
    std::optional<::llvm::StringRef> getString(::llvm::StringRef name);
    std::optional<::llvm::ArrayRef<int64_t>> getInts(::llvm::StringRef name);
    std::optional<::llvm::ArrayRef<float>> getFloats(::llvm::StringRef name);
    ::mlir::ElementsAttr getTensor(::llvm::StringRef name);
    /// The region that holds a graph attribute, or null.
    ::mlir::Region *getGraph(::llvm::StringRef name);
    /// Input `index`, or null when it is absent.
    ::mlir::Value getOptionalInput(unsigned index);
    /// ONNX name of output `index`, or "".
    ::llvm::StringRef getResultName(unsigned index);
  }];
}

def ONNX_FunctionOp : ONNX_Op<"function", [IsolatedFromAbove]> {
  let summary = "a model-local function";
  let description = [{
    The block arguments are the inputs, `onnx.return` gives the outputs.
    `parameters` lists attributes without a default, `defaults` those with one.
    A node calls it by (`domain`, `name`, `overload`).
  }];
  let arguments = (ins OptionalAttr<StrAttr>:$name, OptionalAttr<StrAttr>:$domain,
    OptionalAttr<StrAttr>:$overload, StrArrayAttr:$input_names, StrArrayAttr:$output_names,
    StrArrayAttr:$parameters, OptionalAttr<DictionaryAttr>:$defaults,
    OptionalAttr<StrArrayAttr>:$attribute_order, OptionalAttr<DictionaryAttr>:$attribute_info,
    TypedArrayAttrBase<ONNX_OpsetAttr, "opset imports">:$opset_imports,
    OptionalAttr<StrAttr>:$doc, OptionalAttr<TypedArrayAttrBase<ONNX_ValueInfoAttr, "value infos">>:$value_info,
    OptionalAttr<StrAttr>:$extra);
  let regions = (region MaxSizedRegion<1>:$body, VariadicRegion<AnyRegion>:$default_graphs);
  let assemblyFormat = "attr-dict-with-keyword $body (`graphs` $default_graphs^)?";
  let hasVerifier = 1;
}

def ONNX_ReturnOp : ONNX_Op<"return", [Pure, Terminator]> {
  let summary = "outputs of a subgraph or of a function";
  let arguments = (ins Variadic<AnyType>:$outputs);
  let assemblyFormat = "($outputs^ `:` type($outputs))? attr-dict";
}

#endif // QUANTC_DIALECT_ONNX_IR_ONNXOPS_TD
