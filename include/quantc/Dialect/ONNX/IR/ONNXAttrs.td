//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect, its types, and the attributes for what builtin ones cannot say.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_ONNX_IR_ONNXATTRS_TD
#define QUANTC_DIALECT_ONNX_IR_ONNXATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::quantc::onnx";
  let summary = "ONNX models as they were imported";
  let description = [{
    A model is a module with the attributes `onnx.ir_version` (i64),
    `onnx.opset_imports` (array of `#onnx.opset`), `onnx.producer_name`,
    `onnx.producer_version`, `onnx.domain`, `onnx.model_version`, `onnx.doc`,
    `onnx.metadata` (array of pairs of strings) and `onnx.extra`. Its graph is
    `func.func @main` with `onnx.graph_name`, `onnx.doc`, `onnx.value_info` (array
    of `#onnx.value_info`), `onnx.input_order` (names, where initializers that are
    also inputs do not come last) and `onnx.extra`; each argument and result
    carries `onnx.name`, `onnx.dims` (a symbol or "" for each dimension) and
    `onnx.doc`. An absent attribute means an absent field. `extra` attributes hold
    serialised fields for which there is no place. `onnx.declared` is a
    `#onnx.value_info` with the serialised declaration, where name, type and dims
    do not say all of it; it holds as long as they are the ones it repeats.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

class ONNX_Type<string name, string typeMnemonic> : TypeDef<ONNX_Dialect, name> {
  let mnemonic = typeMnemonic;
}
def ONNX_UnknownType : ONNX_Type<"Unknown", "unknown"> {
  let summary = "a value of which nothing is known";
}
def ONNX_StringType : ONNX_Type<"String", "string"> {
  let summary = "element type of string tensors";
}
def ONNX_OpaqueType : ONNX_Type<"Opaque", "opaque"> {
  let summary = "a type other than a dense tensor: the serialised TypeProto";
  let parameters = (ins StringRefParameter<"TypeProto">:$proto);
  let assemblyFormat = "`<` $proto `>`";
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

// Values are AttributeProto.AttributeType codes.
def ONNX_AttributeKind : I32EnumAttr<"AttributeKind", "kind of a node attribute", [
    I32EnumAttrCase<"Undefined", 0, "undefined">, I32EnumAttrCase<"Float", 1, "float">,
    I32EnumAttrCase<"Int", 2, "int">, I32EnumAttrCase<"String", 3, "string">,
    I32EnumAttrCase<"Tensor", 4, "tensor">, I32EnumAttrCase<"Graph", 5, "graph">,
    I32EnumAttrCase<"Floats", 6, "floats">, I32EnumAttrCase<"Ints", 7, "ints">,
    I32EnumAttrCase<"Strings", 8, "strings">, I32EnumAttrCase<"Tensors", 9, "tensors">,
    I32EnumAttrCase<"Graphs", 10, "graphs">, I32EnumAttrCase<"SparseTensor", 11, "sparse_tensor">,
    I32EnumAttrCase<"SparseTensors", 12, "sparse_tensors">, I32EnumAttrCase<"TypeProto", 13, "type_proto">,
    I32EnumAttrCase<"TypeProtos", 14, "type_protos">]> {
  let cppNamespace = "::quantc::onnx";
}

class ONNX_Attr<string name, string attrMnemonic> : AttrDef<ONNX_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def ONNX_OpsetAttr : ONNX_Attr<"Opset", "opset"> {
  let summary = "an opset import: version and domain";
  let parameters = (ins "int64_t":$version, OptionalParameter<"::mlir::StringAttr">:$domain);
  let assemblyFormat = "`<` $version (`,` $domain^)? `>`";
}

def ONNX_ValueInfoAttr : ONNX_Attr<"ValueInfo", "value_info"> {
  let summary = "the declaration of a value: name, type, symbols of its dimensions";
  let description = [{
    `dims` holds a symbol or "" for each dimension, and is absent when no dimension
    has a symbol. `proto` holds the serialised ValueInfoProto where the others do
    not say all of it.
  }];
  let parameters = (ins "::mlir::StringAttr":$name, "::mlir::Type":$type,
    OptionalParameter<"::mlir::ArrayAttr">:$dims, OptionalParameter<"::mlir::StringAttr">:$doc,
    OptionalParameter<"::mlir::StringAttr">:$proto);
  let assemblyFormat = "`<` struct(params) `>`";
}

def ONNX_TensorAttr : ONNX_Attr<"Tensor", "tensor"> {
  let summary = "a tensor with what TensorProto says beside its elements";
  let description = [{
    `info` may hold `name`, `doc` (strings), `storage` ("raw" when absent, "typed",
    "external", "none": which field holds the elements), `external` (pairs of strings)
    and `extra` (other serialised fields).
  }];
  let parameters = (ins "::mlir::ElementsAttr":$value, OptionalParameter<"::mlir::DictionaryAttr">:$info);
  let assemblyFormat = "`<` $value (`,` $info^)? `>`";
}

def ONNX_GraphAttr : ONNX_Attr<"Graph", "graph"> {
  let summary = "a graph attribute: the index of its region in the op, and its declarations";
  let parameters = (ins "unsigned":$region, "::mlir::ArrayAttr":$inputs, "::mlir::ArrayAttr":$outputs,
    OptionalParameter<"::mlir::DictionaryAttr">:$info);
  let description = "`inputs` and `outputs` are arrays of `#onnx.value_info`; `info` may hold `name`, `doc`, `value_info` and `extra`.";
  let genVerifyDecl = 1;
  let assemblyFormat = "`<` $region `,` $inputs `->` $outputs (`,` $info^)? `>`";
}

def ONNX_ProtoAttr : ONNX_Attr<"Proto", "proto"> {
  let summary = "a serialised message: a sparse tensor or a type";
  let parameters = (ins EnumParameter<ONNX_AttributeKind>:$kind, StringRefParameter<"bytes">:$bytes);
  let assemblyFormat = "`<` $kind `,` $bytes `>`";
}

def ONNX_ListAttr : ONNX_Attr<"List", "list"> {
  let summary = "a list of tensors, graphs, sparse tensors or types";
  let parameters = (ins EnumParameter<ONNX_AttributeKind>:$kind, "::mlir::ArrayAttr":$elements);
  let assemblyFormat = "`<` $kind `,` $elements `>`";
}

def ONNX_RefAttr : ONNX_Attr<"Ref", "ref"> {
  let summary = "the value of an attribute of the enclosing function";
  let parameters = (ins EnumParameter<ONNX_AttributeKind>:$kind, StringRefParameter<"name">:$name);
  let assemblyFormat = "`<` $kind `,` $name `>`";
}

#endif // QUANTC_DIALECT_ONNX_IR_ONNXATTRS_TD
