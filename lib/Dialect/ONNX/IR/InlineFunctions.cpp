//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inlining of model-local functions; see Functions.h.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "quantc/Dialect/ONNX/IR/Functions.h"
#include "quantc/Dialect/ONNX/IR/UniqueLabels.h"

using namespace mlir;
using namespace quantc::onnx;

/// A function that calls another one twice, which calls another one twice, ... must not fill the
/// memory.
constexpr size_t mostNodes = 1000000;

namespace {

class Inliner {
public:
  explicit Inliner(ModuleOp module) : module(module), table(module), builder(module.getContext()) {}

  LogicalResult run();

private:
  LogicalResult inlineCall(NodeOp call, FunctionOp function);
  NodeOp resolve(NodeOp node, NodeOp call, FunctionOp function);
  void rename(NodeOp node, StringRef prefix, bool isInner);
  void replaceResults(NodeOp call, ValueRange results);
  Value fitType(Value value, Type type, Location loc);
  void importOpsets(FunctionOp function);
  void collectCalls(Operation *root);

  ModuleOp module;
  FunctionTable table;
  OpBuilder builder;
  SmallVector<NodeOp> calls; ///< Still to be inlined.
  UniqueLabels labels;       ///< Of nodes outside of functions.
  size_t nodes = 0;
};

} // namespace

/// The value that a reference stands for, or null, and the regions it may index.
static Attribute referenced(RefAttr reference, NodeOp call, FunctionOp function,
                            MutableArrayRef<Region> &regions) {
  if (Attribute value = call.getAttribute(reference.getName())) {
    regions = call.getBodies();
    return value;
  }
  regions = function.getDefaultGraphs();
  DictionaryAttr defaults = function.getDefaultsAttr();
  return defaults ? defaults.get(reference.getName()) : Attribute();
}

/// Replaces references in `node` by what the call says. A graph that is passed as an attribute
/// needs a region more, and so a new op.
NodeOp Inliner::resolve(NodeOp node, NodeOp call, FunctionOp function) {
  DictionaryAttr attributes = node.getOnnxAttrsAttr();
  auto isReference = [](NamedAttribute named) { return isa<RefAttr>(named.getValue()); };
  if (!attributes || llvm::none_of(attributes, isReference))
    return node;
  std::vector<std::unique_ptr<Region>> extra;
  auto adopt = [&](GraphAttr graph, MutableArrayRef<Region> regions) {
    extra.push_back(std::make_unique<Region>());
    IRMapping mapping;
    regions[graph.getRegion()].cloneInto(extra.back().get(), mapping);
    unsigned index = node.getBodies().size() + extra.size() - 1;
    return GraphAttr::get(node.getContext(), index, graph.getInputs(), graph.getOutputs(),
                          graph.getInfo());
  };
  NamedAttrList resolved;
  for (NamedAttribute named : attributes) {
    auto reference = dyn_cast<RefAttr>(named.getValue());
    if (!reference) {
      resolved.push_back(named);
      continue;
    }
    MutableArrayRef<Region> regions;
    Attribute value = referenced(reference, call, function, regions);
    if (auto graph = dyn_cast_or_null<GraphAttr>(value)) {
      value = adopt(graph, regions);
    } else if (auto list = dyn_cast_or_null<ListAttr>(value);
               list && list.getKind() == AttributeKind::Graphs) {
      SmallVector<Attribute> elements;
      for (auto graph : list.getElements().getAsRange<GraphAttr>())
        elements.push_back(adopt(graph, regions));
      value = ListAttr::get(node.getContext(), list.getKind(), builder.getArrayAttr(elements));
    }
    if (value)
      resolved.push_back(builder.getNamedAttr(named.getName(), value));
  }
  node.setOnnxAttrsAttr(resolved.getDictionary(node.getContext()));
  if (extra.empty())
    return node;
  OperationState state(node.getLoc(), node->getName());
  state.addOperands(node->getOperands());
  state.addTypes(node->getResultTypes());
  state.addAttributes(llvm::to_vector(node->getDiscardableAttrs()));
  state.getOrAddProperties<NodeOp::Properties>() = node.getProperties();
  for (Region &body : node.getBodies())
    state.addRegion()->takeBody(body);
  for (std::unique_ptr<Region> &region : extra)
    state.addRegion(std::move(region));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(node);
  Operation *fresh = builder.create(state);
  node->replaceAllUsesWith(fresh);
  node.erase();
  return cast<NodeOp>(fresh);
}

/// Values inside of subgraphs keep their names: they are not in sight of others.
void Inliner::rename(NodeOp node, StringRef prefix, bool isInner) {
  auto prefixed = [&](StringRef name) {
    return builder.getStringAttr(name.empty() ? name : prefix + "/" + name);
  };
  std::string label = labels.take((prefix + "/" + getNodeLabel(node)).str(),
                                  node->getNumResults() ? node.getResultName(0) : StringRef());
  node->setLoc(NameLoc::get(builder.getStringAttr(label)));
  if (node.getNodeName())
    node.setNodeNameAttr(prefixed(*node.getNodeName()));
  if (isInner || !node.getResultNamesAttr())
    return;
  SmallVector<Attribute> names;
  for (StringAttr name : node.getResultNamesAttr().getAsRange<StringAttr>())
    names.push_back(prefixed(name));
  node.setResultNamesAttr(builder.getArrayAttr(names));
}

/// `value` with the type that the users of the call's result were promised.
Value Inliner::fitType(Value value, Type type, Location loc) {
  if (value.getType() == type || isa<NoneType>(type))
    return value;
  if (isa<UnknownType>(value.getType()) && value.getDefiningOp<NodeOp>()) {
    value.setType(type);
    return value;
  }
  int64_t opset = 0;
  for (auto import : module->getAttrOfType<ArrayAttr>(opsetImportsAttr).getAsRange<OpsetAttr>())
    if (!import.getDomain() || import.getDomain().empty() ||
        import.getDomain().getValue() == "ai.onnx")
      opset = import.getVersion();
  OperationState state(loc, NodeOp::getOperationName());
  state.addOperands(value);
  state.addTypes(type);
  auto &properties = state.getOrAddProperties<NodeOp::Properties>();
  properties.op_type = builder.getStringAttr("Identity");
  properties.opset = builder.getI64IntegerAttr(opset);
  return builder.create(state)->getResult(0);
}

void Inliner::replaceResults(NodeOp call, ValueRange results) {
  for (auto [index, output] : llvm::enumerate(call.getOutputs())) {
    Value value = fitType(results[index], output.getType(), call.getLoc());
    // The inner value takes over the name by which the model knows it.
    auto node = value.getDefiningOp<NodeOp>();
    if (node && !call.getResultName(index).empty() &&
        !llvm::is_contained(call.getInputs(), value)) {
      SmallVector<StringRef> names;
      for (unsigned i = 0; i < node.getNumResults(); ++i)
        names.push_back(node.getResultName(i));
      names[cast<OpResult>(value).getResultNumber()] = call.getResultName(index);
      node.setResultNamesAttr(builder.getStrArrayAttr(names));
    }
    output.replaceAllUsesWith(value);
  }
}

void Inliner::importOpsets(FunctionOp function) {
  SmallVector<Attribute> imports =
      llvm::to_vector(module->getAttrOfType<ArrayAttr>(opsetImportsAttr).getValue());
  auto domainOf = [](Attribute attr) -> StringRef {
    auto opset = dyn_cast<OpsetAttr>(attr);
    StringRef domain = opset && opset.getDomain() ? opset.getDomain().getValue() : "";
    return domain == "ai.onnx" ? "" : domain;
  };
  for (Attribute import : function.getOpsetImports())
    if (llvm::none_of(imports,
                      [&](Attribute known) { return domainOf(known) == domainOf(import); }))
      imports.push_back(import);
  module->setAttr(opsetImportsAttr, builder.getArrayAttr(imports));
}

LogicalResult Inliner::inlineCall(NodeOp call, FunctionOp function) {
  builder.setInsertionPoint(call);
  importOpsets(function);
  Block &body = function.getBody().front();
  IRMapping mapping;
  for (BlockArgument argument : body.getArguments()) {
    Value input = argument.getArgNumber() < call.getInputs().size()
                      ? Value(call.getInputs()[argument.getArgNumber()])
                      : Value(NoneOp::create(builder, call.getLoc()));
    mapping.map(argument, input);
  }
  std::string prefix = getNodeLabel(call).str();
  for (Operation &op : body.without_terminator()) {
    Operation *clone = builder.clone(op, mapping);
    SmallVector<NodeOp> inner;
    clone->walk([&](NodeOp node) { inner.push_back(node); });
    for (NodeOp node : inner) { // nested ones come first
      bool isTop = node.getOperation() == clone;
      rename(node, prefix, !isTop);
      node = resolve(node, call, function);
      if (!isTop)
        continue;
      clone = node;
      for (auto [before, after] : llvm::zip_equal(op.getResults(), node.getOutputs()))
        mapping.map(before, after);
    }
    collectCalls(clone);
    if (nodes > mostNodes)
      return call.emitError() << describeNode(call) << ": expected at most " << mostNodes
                              << " nodes after inlining of functions";
  }
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(mapping.lookup(value));
  replaceResults(call, results);
  call.erase();
  return success();
}

/// Calls in the bodies of a call are left alone: where the function uses such a body, it is cloned,
/// and found then.
void Inliner::collectCalls(Operation *root) {
  root->walk([&](NodeOp) { ++nodes; });
  root->walk<WalkOrder::PreOrder>([&](NodeOp node) {
    if (!table.lookup(node))
      return WalkResult::advance();
    calls.push_back(node);
    return WalkResult::skip();
  });
}

LogicalResult Inliner::run() {
  for (Operation &op : *module.getBody())
    if (!isa<FunctionOp>(op)) {
      collectCalls(&op);
      op.walk([&](NodeOp node) { labels.take(getNodeLabel(node), ""); });
    }
  while (!calls.empty()) {
    NodeOp call = calls.pop_back_val();
    if (failed(inlineCall(call, table.lookup(call))))
      return failure();
  }
  for (FunctionOp function : llvm::make_early_inc_range(module.getOps<FunctionOp>()))
    function.erase();
  return success();
}

LogicalResult quantc::onnx::inlineFunctions(ModuleOp module) {
  if (failed(verifyFunctions(module)))
    return failure();
  return Inliner(module).run();
}
