//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Graphs with their inputs, initializers and declarations; see GraphExport.h.
//
//===----------------------------------------------------------------------===//

#include "GraphExport.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

InFlightDiagnostic GraphExporter::fail(Location loc) {
  failed = true;
  return emitError(loc);
}

bool quantc::onnx::mergeExtra(StringAttr extra, google::protobuf::Message &message) {
  if (!extra)
    return true;
  std::unique_ptr<google::protobuf::Message> fields(message.New());
  if (!fields->ParsePartialFromArray(extra.data(), static_cast<int>(extra.size())))
    return false;
  message.MergeFrom(*fields);
  return true;
}

void quantc::onnx::addUnknownString(google::protobuf::Message &message, int number,
                                    StringRef value) {
  message.GetReflection()->MutableUnknownFields(&message)->AddLengthDelimited(number, value.str());
}

void quantc::onnx::exportOpsets(
    ArrayAttr opsets, google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &list) {
  for (Attribute attr : opsets)
    if (auto opset = dyn_cast<OpsetAttr>(attr)) {
      ::onnx::OperatorSetIdProto *entry = list.Add();
      entry->set_version(opset.getVersion());
      if (opset.getDomain())
        entry->set_domain(opset.getDomain().str());
    }
}

void GraphExporter::declare(ValueInfoAttr info, ::onnx::ValueInfoProto &proto, Location loc) {
  if (!encodeValueInfo(info, proto))
    fail(loc) << "value '" << info.getName().getValue() << "' has type " << info.getType()
              << ", which ONNX does not have";
}

/// The declaration of an argument or result of the graph's function.
static ValueInfoAttr interfaceInfo(DictionaryAttr attrs, Type type, StringRef fallbackName) {
  Builder builder(type.getContext());
  auto get = [&](StringRef name) { return attrs ? attrs.get(name) : Attribute(); };
  auto name = dyn_cast_or_null<StringAttr>(get(nameAttr));
  if (!name)
    name = builder.getStringAttr(fallbackName);
  auto info = ValueInfoAttr::get(builder.getContext(), name, type,
                                 dyn_cast_or_null<ArrayAttr>(get(dimsAttr)),
                                 dyn_cast_or_null<StringAttr>(get(docAttr)), nullptr);
  auto declared = dyn_cast_or_null<ValueInfoAttr>(get(declaredAttr));
  bool holds = declared && declared.getName() == info.getName() && declared.getType() == type &&
               declared.getDims() == info.getDims() && declared.getDoc() == info.getDoc();
  return holds ? declared : info;
}

static SmallVector<StringRef> namesOf(ArrayRef<ValueInfoAttr> infos) {
  return llvm::map_to_vector(infos, [](ValueInfoAttr info) { return info.getName().getValue(); });
}

//===----------------------------------------------------------------------===//
// Parts of a graph
//===----------------------------------------------------------------------===//

void GraphExporter::exportInputs(const GraphFacts &facts, ::onnx::GraphProto &proto) {
  std::vector<ValueInfoAttr> inputs(facts.inputs.begin(), facts.inputs.end());
  for (ConstantOp op : facts.block->getOps<ConstantOp>())
    if (op.getIsInput())
      inputs.push_back(op.getInputInfo() ? op.getInputInfoAttr()
                                         : interfaceInfo({}, op.getType(), names.get(op)));
  if (facts.inputOrder) {
    llvm::StringMap<size_t> place;
    for (auto [index, name] : llvm::enumerate(facts.inputOrder.getAsRange<StringAttr>()))
      place[name] = index;
    auto placeOf = [&](ValueInfoAttr info) {
      auto it = place.find(info.getName());
      return it == place.end() ? place.size() : it->second;
    };
    llvm::stable_sort(inputs, [&](auto a, auto b) { return placeOf(a) < placeOf(b); });
  }
  for (ValueInfoAttr info : inputs)
    declare(info, *proto.add_input(), facts.block->getParentOp()->getLoc());
}

void GraphExporter::exportValueInfo(const GraphFacts &facts, const ValueNames::Scope &scope,
                                    ::onnx::GraphProto &proto) {
  if (!facts.valueInfo)
    return;
  for (auto info : facts.valueInfo.getAsRange<ValueInfoAttr>()) {
    // A pass may know more about a value than the model said.
    Value value = scope.values.lookup(info.getName());
    bool isInner =
        value && value.getDefiningOp<NodeOp>() && !llvm::is_contained(facts.results, value);
    if (isInner && value.getType() != info.getType() && isa<RankedTensorType>(value.getType()))
      info = ValueInfoAttr::get(info.getContext(), info.getName(), value.getType(), info.getDims(),
                                info.getDoc(), nullptr);
    declare(info, *proto.add_value_info(), facts.block->getParentOp()->getLoc());
  }
}

void GraphExporter::exportConstant(ConstantOp op, ::onnx::GraphProto &proto) {
  ::onnx::TensorProto *tensor = proto.add_initializer();
  if (llvm::Error error = tensors.exportTensor(op.getValue(), op.getInfoAttr(), *tensor))
    fail(op.getLoc()) << "initializer '" << op.getName()
                      << "': " << llvm::toString(std::move(error));
  tensor->set_name(names.get(op).str());
}

void GraphExporter::exportOutputs(ValueRange results, ArrayRef<StringRef> outputs,
                                  const ValueNames::Scope &scope,
                                  google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
                                  Location loc) {
  llvm::StringSet<> copied;
  for (auto [value, name] : llvm::zip_equal(results, outputs)) {
    if (names.get(value) == name || !copied.insert(name).second)
      continue;
    if (isa<NoneType>(value.getType()) || scope.values.contains(name)) {
      fail(loc) << "output '" << name << "' cannot be expressed: "
                << (isa<NoneType>(value.getType()) ? "it has no value"
                                                   : "another value has its name");
      continue;
    }
    ::onnx::NodeProto *node = nodes.Add();
    node->set_op_type("Identity");
    node->set_name(names.makeName("Identity"));
    node->add_input(names.get(value).str());
    node->add_output(name.str());
  }
}

void GraphExporter::exportGraph(const GraphFacts &facts, ValueNames::Scope &scope,
                                ::onnx::GraphProto &proto) {
  Location loc = facts.block->getParentOp()->getLoc();
  scope.block = facts.block;
  SmallVector<StringRef> outputs = namesOf(facts.outputs);
  if (mlir::failed(names.assign(scope, namesOf(facts.inputs), facts.results, outputs))) {
    failed = true;
    return;
  }
  if (!mergeExtra(facts.extra, proto))
    fail(loc) << "expected serialised fields of a graph as extra";
  if (facts.name)
    proto.set_name(facts.name.str());
  if (facts.doc)
    proto.set_doc_string(facts.doc.str());
  exportInputs(facts, proto);
  for (ValueInfoAttr info : facts.outputs)
    declare(info, *proto.add_output(), loc);
  exportValueInfo(facts, scope, proto);
  for (Operation &op : *facts.block) {
    if (auto constant = dyn_cast<ConstantOp>(op))
      exportConstant(constant, proto);
    else if (auto node = dyn_cast<NodeOp>(op))
      exportNode(node, scope, *proto.add_node());
    else if (auto sparse = dyn_cast<SparseConstantOp>(op)) {
      if (!mergeExtra(sparse.getProtoAttr(), *proto.add_sparse_initializer()))
        fail(op.getLoc()) << "expected a serialised sparse tensor";
    } else if (!isa<NoneOp>(op) && !op.hasTrait<OpTrait::IsTerminator>())
      fail(op.getLoc()) << "op '" << op.getName() << "' has no ONNX form";
  }
  exportOutputs(facts.results, outputs, scope, *proto.mutable_node(), loc);
}

//===----------------------------------------------------------------------===//
// The graph and functions
//===----------------------------------------------------------------------===//

void GraphExporter::exportMain(func::FuncOp function, ArrayAttr imports,
                               ::onnx::GraphProto &proto) {
  opsets = imports;
  GraphFacts facts;
  facts.block = &function.getBody().front();
  facts.results = facts.block->getTerminator()->getOperands();
  for (BlockArgument argument : function.getArguments()) {
    unsigned index = argument.getArgNumber();
    facts.inputs.push_back(interfaceInfo(function.getArgAttrDict(index), argument.getType(),
                                         llvm::formatv("input_{0}", index).str()));
  }
  for (auto [index, type] : llvm::enumerate(function.getResultTypes()))
    facts.outputs.push_back(interfaceInfo(function.getResultAttrDict(index), type,
                                          llvm::formatv("output_{0}", index).str()));
  facts.name = function->getAttrOfType<StringAttr>(graphNameAttr);
  facts.doc = function->getAttrOfType<StringAttr>(docAttr);
  facts.extra = function->getAttrOfType<StringAttr>(extraAttr);
  facts.valueInfo = function->getAttrOfType<ArrayAttr>(valueInfoAttr);
  facts.inputOrder = function->getAttrOfType<ArrayAttr>(inputOrderAttr);
  ValueNames::Scope scope;
  exportGraph(facts, scope, proto);
}

static SmallVector<StringRef> strings(ArrayAttr attr) {
  return llvm::map_to_vector(attr.getAsRange<StringAttr>(),
                             [](StringAttr element) { return element.getValue(); });
}

void GraphExporter::exportFunction(FunctionOp op, ::onnx::FunctionProto &proto) {
  opsets = op.getOpsetImports();
  if (!mergeExtra(op.getExtraAttr(), proto))
    fail(op.getLoc()) << "expected serialised fields of a function as extra";
  if (op.getName())
    proto.set_name(op.getName()->str());
  if (op.getDomain())
    proto.set_domain(op.getDomain()->str());
  if (op.getOverload())
    addUnknownString(proto, 13, *op.getOverload());
  if (op.getDoc())
    proto.set_doc_string(op.getDoc()->str());
  for (StringRef name : strings(op.getInputNames()))
    proto.add_input(name.str());
  for (StringRef name : strings(op.getOutputNames()))
    proto.add_output(name.str());
  for (StringRef name : strings(op.getParameters()))
    proto.add_attribute(name.str());
  exportOpsets(opsets, *proto.mutable_opset_import());

  ValueNames::Scope scope;
  scope.block = &op.getBody().front();
  AttributeList defaults;
  exportAttributes(op.getDefaultsAttr(), op.getAttributeOrderAttr(), op.getAttributeInfoAttr(),
                   op.getDefaultGraphs(), scope, op, defaults);
  for (const ::onnx::AttributeProto &attribute : defaults)
    addUnknownString(proto, 11, attribute.SerializePartialAsString());
  if (ArrayAttr infos = op.getValueInfoAttr())
    for (auto info : infos.getAsRange<ValueInfoAttr>()) {
      ::onnx::ValueInfoProto message;
      declare(info, message, op.getLoc());
      addUnknownString(proto, 12, message.SerializePartialAsString());
    }

  ValueRange results = scope.block->getTerminator()->getOperands();
  SmallVector<StringRef> outputs = strings(op.getOutputNames());
  if (mlir::failed(names.assign(scope, strings(op.getInputNames()), results, outputs))) {
    failed = true;
    return;
  }
  for (Operation &inner : *scope.block) {
    if (auto node = dyn_cast<NodeOp>(inner))
      exportNode(node, scope, *proto.add_node());
    else if (!isa<NoneOp, ReturnOp>(inner))
      fail(inner.getLoc()) << "op '" << inner.getName() << "' has no ONNX form in a function";
  }
  exportOutputs(results, outputs, scope, *proto.mutable_node(), op.getLoc());
}
