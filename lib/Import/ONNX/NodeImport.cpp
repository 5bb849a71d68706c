//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nodes: operands by name, attributes, results; see GraphImport.h.
//
//===----------------------------------------------------------------------===//

#include "GraphImport.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

/// Field number of NodeProto.overload (IR version 10).
constexpr int overloadField = 8;

void GraphImporter::importNodes(NodeList &nodes, Scope &scope) {
  for (int i = 0; i < nodes.size(); ++i)
    importNode(nodes[i], i, scope);
}

/// The node's name, or one made up from its place.
static std::string labelOf(const ::onnx::NodeProto &node, int index) {
  if (!node.name().empty())
    return node.name();
  std::string op = node.op_type().empty() ? "node" : node.op_type();
  return op + "_" + std::to_string(index);
}

std::string GraphImporter::explainMissing(StringRef name, int index, const Scope &scope) {
  std::string input = ("input '" + name + "' ").str();
  std::optional<int> producer = scope.order->producer(name);
  if (producer && *producer == index)
    return input + "is its own output (a cycle)";
  if (producer && scope.order->isInCycle(index) && scope.order->isInCycle(*producer))
    return input + "is part of a cycle";
  if (producer)
    return input + "is made by a later node: the nodes are not sorted";
  for (const Scope *outer = scope.parent; outer; outer = outer->parent)
    if (outer->order && outer->order->producer(name))
      return input + "is made later, outside of this subgraph: the nodes are not sorted";
  return input + "is not defined" + suggestValue(scope, name);
}

SmallVector<Value> GraphImporter::importOperands(const ::onnx::NodeProto &node, int index,
                                                 const Scope &scope, Location loc,
                                                 Reasons &reasons) {
  SmallVector<Value> operands;
  for (const std::string &name : node.input()) {
    Value value;
    if (!name.empty()) {
      value = lookup(scope, name);
      if (!value)
        reasons.push_back(explainMissing(name, index, scope));
    }
    if (!value)
      value = NoneOp::create(builder, loc);
    operands.push_back(value);
  }
  return operands;
}

Operation *GraphImporter::createNode(::onnx::NodeProto &node, Location loc, int64_t opset,
                                     ValueRange operands, ImportedAttributes &attributes,
                                     const Scope &scope) {
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  for (const std::string &name : node.output()) {
    Type declared = scope.types.lookup(name);
    if (name.empty())
      types.push_back(builder.getNoneType());
    else
      types.push_back(declared ? declared : UnknownType::get(builder.getContext()));
    names.push_back(builder.getStringAttr(name));
  }
  OperationState state(loc, NodeOp::getOperationName());
  state.addOperands(operands);
  state.addTypes(types);
  for (std::unique_ptr<Region> &region : attributes.regions)
    state.addRegion(std::move(region));
  auto &properties = state.getOrAddProperties<NodeOp::Properties>();
  properties.op_type = builder.getStringAttr(node.op_type());
  properties.domain = optionalString(builder, node.has_domain(), node.domain());
  if (std::optional<std::string> overload = takeUnknownString(node, overloadField))
    properties.overload = builder.getStringAttr(*overload);
  properties.opset = builder.getI64IntegerAttr(opset);
  properties.node_name = optionalString(builder, node.has_name(), node.name());
  properties.onnx_attrs = attributes.values;
  properties.attribute_order = attributes.order;
  properties.attribute_info = infoOf(attributes, builder.getContext());
  properties.result_names = builder.getArrayAttr(names);
  properties.doc = optionalString(builder, node.has_doc_string(), node.doc_string());
  return builder.create(state);
}

static void clearKnownFields(::onnx::NodeProto &node) {
  node.clear_input();
  node.clear_output();
  node.clear_name();
  node.clear_op_type();
  node.clear_domain();
  node.clear_attribute();
  node.clear_doc_string();
}

void GraphImporter::defineResults(::onnx::NodeProto &node, Operation *op, Scope &scope,
                                  Reasons &reasons) {
  for (auto [name, value] : llvm::zip_equal(node.output(), op->getResults()))
    if (!name.empty() && !scope.values.try_emplace(name, value).second)
      reasons.push_back("output '" + name + "' has the name of another value");
}

void GraphImporter::importNode(::onnx::NodeProto &node, int index, Scope &scope) {
  std::string label =
      labels.take(labelOf(node, index), node.output_size() > 0 ? node.output(0) : std::string());
  Location loc = nameLoc(builder, label);
  Reasons reasons;
  if (node.op_type().empty())
    reasons.push_back("the node has no op_type");
  StringRef domain = node.domain() == "ai.onnx" ? "" : StringRef(node.domain());
  auto opset = opsets->find(domain);
  if (opset == opsets->end())
    reasons.push_back(domain.empty() ? "no opset import for the default domain"
                                     : ("no opset import for domain '" + domain + "'").str());
  int64_t version = opset == opsets->end() ? 0 : opset->second;
  SmallVector<Value> operands = importOperands(node, index, scope, loc, reasons);
  ImportedAttributes attributes = importAttributes(*node.mutable_attribute(), scope, reasons);
  std::string description = describeNode(label, node.op_type(), node.domain(), version);
  Operation *op = createNode(node, loc, version, operands, attributes, scope);
  defineResults(node, op, scope, reasons);
  clearKnownFields(node);
  cast<NodeOp>(op).setExtraAttr(leftovers(builder, node));
  if (!reasons.empty())
    reporter.error(loc, description + ": " + llvm::join(reasons, "; "));
}
