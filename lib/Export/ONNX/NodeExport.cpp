//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Nodes and attributes; see GraphExport.h.
//
//===----------------------------------------------------------------------===//

#include "GraphExport.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using ::onnx::AttributeProto;

//===----------------------------------------------------------------------===//
// Values by kind
//===----------------------------------------------------------------------===//

static bool has(DictionaryAttr info, StringRef key) { return info && info.contains(key); }

static StringAttr stringIn(DictionaryAttr info, StringRef key) {
  return info ? info.getAs<StringAttr>(key) : StringAttr();
}

bool GraphExporter::exportTensor(TensorAttr tensor, Operation *op, ::onnx::TensorProto &proto) {
  llvm::Error error = tensors.exportTensor(tensor.getValue(), tensor.getInfo(), proto);
  if (!error)
    return true;
  fail(op->getLoc()) << "tensor attribute: " << llvm::toString(std::move(error));
  return true; // reported
}

bool GraphExporter::exportSubgraph(GraphAttr graph, MutableArrayRef<Region> graphs,
                                   const ValueNames::Scope &scope, ::onnx::GraphProto &proto) {
  if (graph.getRegion() >= graphs.size() || !graphs[graph.getRegion()].hasOneBlock())
    return false;
  GraphFacts facts;
  facts.block = &graphs[graph.getRegion()].front();
  auto terminator = dyn_cast<ReturnOp>(facts.block->back());
  auto inputs = llvm::to_vector(graph.getInputs().getAsRange<ValueInfoAttr>());
  auto outputs = llvm::to_vector(graph.getOutputs().getAsRange<ValueInfoAttr>());
  if (!terminator || inputs.size() != facts.block->getNumArguments() ||
      outputs.size() != terminator.getNumOperands())
    return false;
  facts.results = terminator.getOperands();
  facts.inputs.assign(inputs.begin(), inputs.end());
  facts.outputs.assign(outputs.begin(), outputs.end());
  DictionaryAttr info = graph.getInfo();
  facts.name = stringIn(info, "name");
  facts.doc = stringIn(info, "doc");
  facts.extra = stringIn(info, "extra");
  facts.valueInfo = info ? info.getAs<ArrayAttr>("value_info") : ArrayAttr();
  facts.inputOrder = info ? info.getAs<ArrayAttr>("input_order") : ArrayAttr();
  ValueNames::Scope inner;
  inner.parent = &scope;
  exportGraph(facts, inner, proto);
  return true;
}

bool GraphExporter::exportList(ListAttr list, MutableArrayRef<Region> graphs,
                               const ValueNames::Scope &scope, Operation *op,
                               AttributeProto &proto) {
  for (Attribute element : list.getElements()) {
    bool ok = false;
    if (auto tensor = dyn_cast<TensorAttr>(element);
        tensor && list.getKind() == AttributeKind::Tensors)
      ok = exportTensor(tensor, op, *proto.add_tensors());
    else if (auto graph = dyn_cast<GraphAttr>(element);
             graph && list.getKind() == AttributeKind::Graphs)
      ok = exportSubgraph(graph, graphs, scope, *proto.add_graphs());
    else if (auto bytes = dyn_cast<ProtoAttr>(element)) {
      int size = static_cast<int>(bytes.getBytes().size());
      if (list.getKind() == AttributeKind::SparseTensors)
        ok = proto.add_sparse_tensors()->ParsePartialFromArray(bytes.getBytes().data(), size);
      else if (list.getKind() == AttributeKind::TypeProtos)
        ok = proto.add_type_protos()->ParsePartialFromArray(bytes.getBytes().data(), size);
    }
    if (!ok)
      return false;
  }
  return true;
}

static bool exportBytes(ProtoAttr bytes, AttributeProto &proto) {
  int size = static_cast<int>(bytes.getBytes().size());
  if (bytes.getKind() == AttributeKind::SparseTensor)
    return proto.mutable_sparse_tensor()->ParsePartialFromArray(bytes.getBytes().data(), size);
  if (bytes.getKind() == AttributeKind::TypeProto)
    return proto.mutable_tp()->ParsePartialFromArray(bytes.getBytes().data(), size);
  return false;
}

/// Strings of a STRINGS attribute; false when other elements are among them.
static bool exportStrings(ArrayAttr list, AttributeProto &proto) {
  for (Attribute element : list) {
    auto text = dyn_cast<StringAttr>(element);
    if (!text)
      return false;
    proto.add_strings(text.str());
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

/// Numbers, strings and lists of them; sets `kind`. False for other attributes.
static bool exportPlainValue(Attribute value, AttributeProto &proto, AttributeKind &kind) {
  return TypeSwitch<Attribute, bool>(value)
      .Case([&](FloatAttr number) {
        kind = AttributeKind::Float;
        proto.set_f(number.getValue().convertToFloat());
        return number.getType().isF32();
      })
      .Case([&](IntegerAttr number) {
        kind = AttributeKind::Int;
        if (number.getValue().getBitWidth() > 64)
          return false;
        proto.set_i(number.getValue().getSExtValue());
        return true;
      })
      .Case([&](StringAttr text) {
        kind = AttributeKind::String;
        proto.set_s(text.str());
        return true;
      })
      .Case([&](DenseF32ArrayAttr numbers) {
        kind = AttributeKind::Floats;
        proto.mutable_floats()->Add(numbers.asArrayRef().begin(), numbers.asArrayRef().end());
        return true;
      })
      .Case([&](DenseI64ArrayAttr numbers) {
        kind = AttributeKind::Ints;
        proto.mutable_ints()->Add(numbers.asArrayRef().begin(), numbers.asArrayRef().end());
        return true;
      })
      .Case([&](ArrayAttr list) {
        kind = AttributeKind::Strings;
        return exportStrings(list, proto);
      })
      .Default(false);
}

bool GraphExporter::exportValue(Attribute value, MutableArrayRef<Region> graphs,
                                const ValueNames::Scope &scope, Operation *op,
                                AttributeProto &proto, AttributeKind &kind) {
  return TypeSwitch<Attribute, bool>(value)
      .Case([&](TensorAttr tensor) {
        kind = AttributeKind::Tensor;
        return exportTensor(tensor, op, *proto.mutable_t());
      })
      .Case([&](GraphAttr graph) {
        kind = AttributeKind::Graph;
        return exportSubgraph(graph, graphs, scope, *proto.mutable_g());
      })
      .Case([&](ProtoAttr bytes) {
        kind = bytes.getKind();
        return exportBytes(bytes, proto);
      })
      .Case([&](ListAttr list) {
        kind = list.getKind();
        return exportList(list, graphs, scope, op, proto);
      })
      .Case([&](RefAttr reference) {
        kind = reference.getKind();
        proto.set_ref_attr_name(reference.getName().str());
        return true;
      })
      .Default([&](Attribute other) { return exportPlainValue(other, proto, kind); });
}

void GraphExporter::exportAttribute(Attribute value, DictionaryAttr info,
                                    MutableArrayRef<Region> graphs, const ValueNames::Scope &scope,
                                    Operation *op, AttributeProto &proto) {
  AttributeKind kind = AttributeKind::Undefined;
  if (!exportValue(value, graphs, scope, op, proto, kind))
    fail(op->getLoc()) << "attribute '" << proto.name() << "' has no ONNX form: " << value;
  if (has(info, "implicit")) { // the default of a field that was not there
    proto.clear_f();
    proto.clear_i();
    proto.clear_s();
  }
  if (!has(info, "untyped"))
    proto.set_type(static_cast<::onnx::AttributeProto_AttributeType>(kind));
  if (StringAttr doc = stringIn(info, "doc"))
    proto.set_doc_string(doc.str());
  if (!mergeExtra(stringIn(info, "extra"), proto))
    fail(op->getLoc()) << "expected serialised fields of an attribute as extra";
}

void GraphExporter::exportAttributes(DictionaryAttr values, ArrayAttr order, DictionaryAttr info,
                                     MutableArrayRef<Region> graphs, const ValueNames::Scope &scope,
                                     Operation *op, AttributeList &list) {
  if (!values)
    return;
  SmallVector<NamedAttribute> attributes(values.begin(), values.end());
  if (order) {
    llvm::StringMap<size_t> place;
    for (auto [index, name] : llvm::enumerate(order.getAsRange<StringAttr>()))
      place[name] = index;
    auto placeOf = [&](NamedAttribute named) {
      auto it = place.find(named.getName());
      return it == place.end() ? place.size() : it->second;
    };
    llvm::stable_sort(attributes, [&](auto a, auto b) { return placeOf(a) < placeOf(b); });
  }
  for (NamedAttribute named : attributes) {
    AttributeProto *proto = list.Add();
    proto->set_name(named.getName().str());
    auto about = info ? info.getAs<DictionaryAttr>(named.getName()) : DictionaryAttr();
    exportAttribute(named.getValue(), about, graphs, scope, op, *proto);
  }
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

void GraphExporter::checkOpset(NodeOp op) {
  for (auto opset : opsets.getAsRange<OpsetAttr>()) {
    StringRef domain = opset.getDomain() ? opset.getDomain().getValue() : "";
    if ((domain == "ai.onnx" ? "" : domain) != op.getNormalizedDomain())
      continue;
    if (opset.getVersion() != static_cast<int64_t>(op.getOpset()))
      fail(op.getLoc()) << describeNode(op) << ": expected opset " << opset.getVersion()
                        << ", which the model imports";
    return;
  }
  fail(op.getLoc()) << describeNode(op) << ": the model does not import the opset of its domain";
}

void GraphExporter::exportNode(NodeOp op, const ValueNames::Scope &scope,
                               ::onnx::NodeProto &proto) {
  checkOpset(op);
  if (!mergeExtra(op.getExtraAttr(), proto))
    fail(op.getLoc()) << "expected serialised fields of a node as extra";
  for (Value input : op.getInputs())
    proto.add_input(names.get(input).str());
  for (Value output : op.getOutputs())
    proto.add_output(names.get(output).str());
  if (op.getNodeName())
    proto.set_name(op.getNodeName()->str());
  proto.set_op_type(op.getOpType().str());
  if (op.getDomain())
    proto.set_domain(op.getDomain()->str());
  if (op.getOverload())
    addUnknownString(proto, 8, *op.getOverload());
  if (op.getDoc())
    proto.set_doc_string(op.getDoc()->str());
  exportAttributes(op.getOnnxAttrsAttr(), op.getAttributeOrderAttr(), op.getAttributeInfoAttr(),
                   op.getBodies(), scope, op, *proto.mutable_attribute());
}
