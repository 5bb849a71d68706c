//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs, nodes and attributes of a model as ops of the `onnx` dialect.
//
// Messages are taken apart as they are read: what is left of a message when
// every known field has been cleared is what has no place in the IR, and is
// kept serialised. So nothing can be forgotten, not even fields that are newer
// than the schema.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_IMPORT_ONNX_GRAPHIMPORT_H
#define QUANTC_LIB_IMPORT_ONNX_GRAPHIMPORT_H

#include "Dimensions.h"
#include "NodeOrder.h"
#include "Reporter.h"
#include "TensorImport.h"
#include "mlir/IR/Builders.h"
#include "quantc/Dialect/ONNX/IR/UniqueLabels.h"

namespace quantc::onnx {

/// The names of one graph or function, on top of those around it.
struct Scope {
  const Scope *parent = nullptr;
  NodeOrder *order = nullptr;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<mlir::Type> types; ///< Declared ones.
};

/// Why an op cannot be imported; reported as one diagnostic.
using Reasons = std::vector<std::string>;

struct ImportedAttributes {
  mlir::DictionaryAttr values;
  mlir::ArrayAttr order;
  mlir::NamedAttrList info;
  std::vector<std::unique_ptr<mlir::Region>> regions;
};

/// The info of all attributes, or null.
inline mlir::DictionaryAttr infoOf(ImportedAttributes &attributes, mlir::MLIRContext *context) {
  return attributes.info.empty() ? mlir::DictionaryAttr() : attributes.info.getDictionary(context);
}

/// What a graph is beside its nodes.
struct ImportedGraph {
  llvm::SmallVector<ValueInfoAttr> inputs, outputs;
  llvm::SmallVector<mlir::Value> results;
  mlir::StringAttr name, doc, extra;
  mlir::ArrayAttr valueInfo, inputOrder;
};

/// Opset versions by domain; "ai.onnx" is "".
using Opsets = llvm::StringMap<int64_t>;

class GraphImporter {
public:
  GraphImporter(mlir::MLIRContext *context, TensorImporter &tensors, Reporter &reporter,
                const ImportOptions &options)
      : builder(context), tensors(tensors), reporter(reporter), options(options) {}

  /// Appends `func.func @main` to the module of the builder's insertion point. Consumes `graph`.
  void importMain(::onnx::GraphProto &graph, const Opsets &opsets, mlir::ModuleOp module);

  /// Appends an `onnx.function`. Consumes `function`.
  void importFunction(::onnx::FunctionProto &function, mlir::ModuleOp module);

private:
  // GraphImport.cpp
  void importGraph(::onnx::GraphProto &graph, Scope &scope, mlir::Block &block,
                   ImportedGraph &result, bool isMain);
  void importInputs(::onnx::GraphProto &graph, Scope &scope, mlir::Block &block,
                    ImportedGraph &result, bool isMain);
  void importInitializers(::onnx::GraphProto &graph, Scope &scope,
                          const llvm::StringMap<ValueInfoAttr> &alsoInputs);
  void importSparseInitializers(::onnx::GraphProto &graph, Scope &scope);
  void importOutputs(::onnx::GraphProto &graph, Scope &scope, ImportedGraph &result);
  void declareTypes(::onnx::GraphProto &graph, Scope &scope, ImportedGraph &result);
  ValueInfoAttr importValueInfo(const ::onnx::ValueInfoProto &proto, llvm::StringRef what,
                                bool isInput = false);
  void define(Scope &scope, llvm::StringRef name, mlir::Value value, llvm::StringRef what,
              mlir::Location loc);
  mlir::ArrayAttr orderOfInputs(::onnx::GraphProto &graph, const ImportedGraph &result,
                                const llvm::StringMap<ValueInfoAttr> &alsoInputs);

  // FunctionImport.cpp
  void setInterface(mlir::Operation *function, const ImportedGraph &graph);
  void importFunctionBody(::onnx::FunctionProto &proto, Scope &scope, mlir::Block &block,
                          mlir::Location loc, Reasons &reasons);
  void importFunctionFields(::onnx::FunctionProto &proto, FunctionOp::Properties &properties);

  // NodeImport.cpp
  void importNodes(NodeList &nodes, Scope &scope);
  void importNode(::onnx::NodeProto &node, int index, Scope &scope);
  llvm::SmallVector<mlir::Value> importOperands(const ::onnx::NodeProto &node, int index,
                                                const Scope &scope, mlir::Location loc,
                                                Reasons &reasons);
  std::string explainMissing(llvm::StringRef name, int index, const Scope &scope);
  mlir::Operation *createNode(::onnx::NodeProto &node, mlir::Location loc, int64_t opset,
                              mlir::ValueRange operands, ImportedAttributes &attributes,
                              const Scope &scope);
  void defineResults(::onnx::NodeProto &node, mlir::Operation *op, Scope &scope, Reasons &reasons);

  // AttributeImport.cpp
  ImportedAttributes
  importAttributes(google::protobuf::RepeatedPtrField<::onnx::AttributeProto> &attributes,
                   const Scope &scope, Reasons &reasons);
  mlir::Attribute importAttribute(::onnx::AttributeProto &attribute, const Scope &scope,
                                  ImportedAttributes &result, Reasons &reasons);
  mlir::Attribute importValue(::onnx::AttributeProto &attribute, AttributeKind kind,
                              const Scope &scope, ImportedAttributes &result, bool &implicit,
                              Reasons &reasons);
  mlir::Attribute importLists(::onnx::AttributeProto &attribute, AttributeKind kind,
                              const Scope &scope, ImportedAttributes &result, Reasons &reasons);
  mlir::Attribute importTensor(const ::onnx::TensorProto &tensor, llvm::StringRef label,
                               Reasons &reasons);
  mlir::Attribute importSubgraph(::onnx::GraphProto &graph, const Scope &scope,
                                 ImportedAttributes &result);

  mlir::OpBuilder builder;
  TensorImporter &tensors;
  Reporter &reporter;
  const ImportOptions &options;
  const Opsets *opsets = nullptr; ///< In force where the importer is.
  bool inFunction = false;
  onnx::UniqueLabels labels; ///< of the nodes so far
  std::optional<Dimensions> dimensions;
};

/// The value that `name` means, or null.
mlir::Value lookup(const Scope &scope, llvm::StringRef name);

/// "; did you mean 'x'?" over the names in sight.
std::string suggestValue(const Scope &scope, llvm::StringRef name);

/// A location that carries a name.
mlir::Location nameLoc(mlir::Builder &builder, llvm::StringRef name);

/// The string, or null when the field is absent.
mlir::StringAttr optionalString(mlir::Builder &builder, bool present, const std::string &value);

/// What is left of a message, or null.
mlir::StringAttr leftovers(mlir::Builder &builder, const google::protobuf::Message &message);

/// Takes a string field out of the unknown fields; nullopt when there is none.
std::optional<std::string> takeUnknownString(google::protobuf::Message &message, int number);

} // namespace quantc::onnx

#endif // QUANTC_LIB_IMPORT_ONNX_GRAPHIMPORT_H
