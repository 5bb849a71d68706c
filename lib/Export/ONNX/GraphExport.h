//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops of the `onnx` dialect as graphs, nodes and attributes of a model.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_EXPORT_ONNX_GRAPHEXPORT_H
#define QUANTC_LIB_EXPORT_ONNX_GRAPHEXPORT_H

#include "TensorExport.h"
#include "ValueNames.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace quantc::onnx {

using AttributeList = google::protobuf::RepeatedPtrField<::onnx::AttributeProto>;

/// The declarations of a graph and its results, from wherever they stand in the IR.
struct GraphFacts {
  mlir::Block *block = nullptr;
  mlir::ValueRange results;
  llvm::SmallVector<ValueInfoAttr> inputs, outputs;
  mlir::StringAttr name, doc, extra;
  mlir::ArrayAttr valueInfo, inputOrder;
};

class GraphExporter {
public:
  GraphExporter(mlir::ModuleOp module, TensorExporter &tensors) : names(module), tensors(tensors) {}

  /// The graph of `function`, whose nodes stand under `opsets`.
  void exportMain(mlir::func::FuncOp function, mlir::ArrayAttr opsets, ::onnx::GraphProto &proto);
  void exportFunction(FunctionOp function, ::onnx::FunctionProto &proto);

  /// Whether anything could not be expressed; each such thing has had its diagnostic.
  bool hasFailed() const { return failed; }

private:
  // GraphExport.cpp
  void exportGraph(const GraphFacts &facts, ValueNames::Scope &scope, ::onnx::GraphProto &proto);
  void exportInputs(const GraphFacts &facts, ::onnx::GraphProto &proto);
  void exportValueInfo(const GraphFacts &facts, const ValueNames::Scope &scope,
                       ::onnx::GraphProto &proto);
  void exportConstant(ConstantOp op, ::onnx::GraphProto &proto);
  void exportOutputs(mlir::ValueRange results, llvm::ArrayRef<llvm::StringRef> outputs,
                     const ValueNames::Scope &scope,
                     google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
                     mlir::Location loc);
  void declare(ValueInfoAttr info, ::onnx::ValueInfoProto &proto, mlir::Location loc);

  // NodeExport.cpp
  void exportNode(NodeOp op, const ValueNames::Scope &scope, ::onnx::NodeProto &proto);
  void exportAttributes(mlir::DictionaryAttr values, mlir::ArrayAttr order,
                        mlir::DictionaryAttr info, mlir::MutableArrayRef<mlir::Region> graphs,
                        const ValueNames::Scope &scope, mlir::Operation *op, AttributeList &list);
  void exportAttribute(mlir::Attribute value, mlir::DictionaryAttr info,
                       mlir::MutableArrayRef<mlir::Region> graphs, const ValueNames::Scope &scope,
                       mlir::Operation *op, ::onnx::AttributeProto &proto);
  bool exportValue(mlir::Attribute value, mlir::MutableArrayRef<mlir::Region> graphs,
                   const ValueNames::Scope &scope, mlir::Operation *op,
                   ::onnx::AttributeProto &proto, AttributeKind &kind);
  bool exportList(ListAttr list, mlir::MutableArrayRef<mlir::Region> graphs,
                  const ValueNames::Scope &scope, mlir::Operation *op,
                  ::onnx::AttributeProto &proto);
  bool exportTensor(TensorAttr tensor, mlir::Operation *op, ::onnx::TensorProto &proto);
  bool exportSubgraph(GraphAttr graph, mlir::MutableArrayRef<mlir::Region> graphs,
                      const ValueNames::Scope &scope, ::onnx::GraphProto &proto);
  void checkOpset(NodeOp op);

  mlir::InFlightDiagnostic fail(mlir::Location loc);

  ValueNames names;
  TensorExporter &tensors;
  mlir::ArrayAttr opsets; ///< In force where the exporter is.
  bool failed = false;
};

/// Merges serialised fields into `message`; false when they are damaged.
bool mergeExtra(mlir::StringAttr extra, google::protobuf::Message &message);

/// Adds a string to the unknown fields, for fields newer than the schema.
void addUnknownString(google::protobuf::Message &message, int number, llvm::StringRef value);

/// The opset imports as messages.
void exportOpsets(mlir::ArrayAttr opsets,
                  google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &list);

} // namespace quantc::onnx

#endif // QUANTC_LIB_EXPORT_ONNX_GRAPHEXPORT_H
