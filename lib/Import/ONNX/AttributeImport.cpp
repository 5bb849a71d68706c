//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attributes of nodes and functions; see GraphImport.h.
//
//===----------------------------------------------------------------------===//

#include "GraphImport.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using ::onnx::AttributeProto;

/// The kind of an attribute that does not say it, as old models do: that of its only value.
static AttributeKind inferKind(const AttributeProto &proto) {
  SmallVector<AttributeKind> kinds;
  auto consider = [&](bool present, AttributeKind kind) {
    if (present)
      kinds.push_back(kind);
  };
  consider(proto.has_f(), AttributeKind::Float);
  consider(proto.has_i(), AttributeKind::Int);
  consider(proto.has_s(), AttributeKind::String);
  consider(proto.has_t(), AttributeKind::Tensor);
  consider(proto.has_g(), AttributeKind::Graph);
  consider(proto.has_sparse_tensor(), AttributeKind::SparseTensor);
  consider(proto.has_tp(), AttributeKind::TypeProto);
  consider(proto.floats_size(), AttributeKind::Floats);
  consider(proto.ints_size(), AttributeKind::Ints);
  consider(proto.strings_size(), AttributeKind::Strings);
  consider(proto.tensors_size(), AttributeKind::Tensors);
  consider(proto.graphs_size(), AttributeKind::Graphs);
  consider(proto.sparse_tensors_size(), AttributeKind::SparseTensors);
  consider(proto.type_protos_size(), AttributeKind::TypeProtos);
  return kinds.size() == 1 ? kinds[0] : AttributeKind::Undefined;
}

//===----------------------------------------------------------------------===//
// Values by kind
//===----------------------------------------------------------------------===//

/// Scalars. `implicit` becomes true when the value is the default of an absent field.
static Attribute takeScalar(Builder &builder, AttributeProto &proto, AttributeKind kind,
                            bool &implicit) {
  Attribute result;
  if (kind == AttributeKind::Float) {
    implicit = !proto.has_f();
    result = builder.getF32FloatAttr(proto.f());
    proto.clear_f();
  } else if (kind == AttributeKind::Int) {
    implicit = !proto.has_i();
    Type type = builder.getIntegerType(64, /*isSigned=*/true);
    result = builder.getIntegerAttr(type, proto.i());
    proto.clear_i();
  } else if (kind == AttributeKind::String) {
    implicit = !proto.has_s();
    result = builder.getStringAttr(proto.s());
    proto.clear_s();
  }
  return result;
}

static Attribute takeList(Builder &builder, AttributeProto &proto, AttributeKind kind) {
  Attribute result;
  if (kind == AttributeKind::Floats) {
    result = builder.getDenseF32ArrayAttr(
        SmallVector<float>(proto.floats().begin(), proto.floats().end()));
    proto.clear_floats();
  } else if (kind == AttributeKind::Ints) {
    result = builder.getDenseI64ArrayAttr(
        SmallVector<int64_t>(proto.ints().begin(), proto.ints().end()));
    proto.clear_ints();
  } else if (kind == AttributeKind::Strings) {
    SmallVector<StringRef> strings(proto.strings().begin(), proto.strings().end());
    result = builder.getStrArrayAttr(strings);
    proto.clear_strings();
  }
  return result;
}

/// Sparse tensors and types stay serialised.
static Attribute takeMessages(Builder &builder, AttributeProto &proto, AttributeKind kind) {
  MLIRContext *context = builder.getContext();
  SmallVector<Attribute> elements;
  auto add = [&](const google::protobuf::Message &message, AttributeKind elementKind) {
    elements.push_back(ProtoAttr::get(context, elementKind, message.SerializePartialAsString()));
  };
  switch (kind) {
  case AttributeKind::SparseTensor:
    add(proto.sparse_tensor(), kind);
    proto.clear_sparse_tensor();
    return elements[0];
  case AttributeKind::TypeProto:
    add(proto.tp(), kind);
    proto.clear_tp();
    return elements[0];
  case AttributeKind::SparseTensors:
    for (const auto &element : proto.sparse_tensors())
      add(element, AttributeKind::SparseTensor);
    proto.clear_sparse_tensors();
    break;
  case AttributeKind::TypeProtos:
    for (const auto &element : proto.type_protos())
      add(element, AttributeKind::TypeProto);
    proto.clear_type_protos();
    break;
  default:
    return {};
  }
  return ListAttr::get(context, kind, builder.getArrayAttr(elements));
}

Attribute GraphImporter::importTensor(const ::onnx::TensorProto &proto, StringRef label,
                                      Reasons &reasons) {
  llvm::Expected<ImportedTensor> tensor = tensors.import(proto, label, /*withName=*/true);
  if (tensor)
    return TensorAttr::get(builder.getContext(), tensor->value, tensor->info);
  reasons.push_back(("attribute '" + label + "': ").str() + llvm::toString(tensor.takeError()));
  return builder.getUnitAttr();
}

Attribute GraphImporter::importSubgraph(::onnx::GraphProto &graph, const Scope &scope,
                                        ImportedAttributes &result) {
  unsigned index = result.regions.size();
  result.regions.push_back(std::make_unique<Region>());
  Block &block = result.regions.back()->emplaceBlock();
  Scope inner;
  inner.parent = &scope;
  ImportedGraph imported;
  importGraph(graph, inner, block, imported, /*isMain=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  ReturnOp::create(builder, builder.getUnknownLoc(), imported.results);

  NamedAttrList info;
  auto set = [&](StringRef name, Attribute value) {
    if (value)
      info.set(name, value);
  };
  set("name", imported.name);
  set("doc", imported.doc);
  set("value_info", imported.valueInfo);
  set("input_order", imported.inputOrder);
  set("extra", imported.extra);
  SmallVector<Attribute> inputs(imported.inputs.begin(), imported.inputs.end());
  SmallVector<Attribute> outputs(imported.outputs.begin(), imported.outputs.end());
  return GraphAttr::get(builder.getContext(), index, builder.getArrayAttr(inputs),
                        builder.getArrayAttr(outputs),
                        info.empty() ? DictionaryAttr() : info.getDictionary(builder.getContext()));
}

//===----------------------------------------------------------------------===//
// One attribute
//===----------------------------------------------------------------------===//

static bool holdsTensorsOrGraphs(const AttributeProto &proto) {
  return proto.has_t() || proto.has_g() || proto.tensors_size() || proto.graphs_size();
}

Attribute GraphImporter::importLists(AttributeProto &proto, AttributeKind kind, const Scope &scope,
                                     ImportedAttributes &result, Reasons &reasons) {
  SmallVector<Attribute> elements;
  for (const ::onnx::TensorProto &tensor : proto.tensors())
    elements.push_back(importTensor(tensor, proto.name(), reasons));
  for (::onnx::GraphProto &graph : *proto.mutable_graphs())
    elements.push_back(importSubgraph(graph, scope, result));
  if (proto.tensors_size() && proto.graphs_size())
    reasons.push_back("attribute '" + proto.name() + "' holds both tensors and graphs");
  proto.clear_tensors();
  proto.clear_graphs();
  return ListAttr::get(builder.getContext(), kind, builder.getArrayAttr(elements));
}

Attribute GraphImporter::importValue(AttributeProto &proto, AttributeKind kind, const Scope &scope,
                                     ImportedAttributes &result, bool &implicit, Reasons &reasons) {
  Attribute value;
  if (!proto.ref_attr_name().empty()) {
    if (!inFunction)
      reasons.push_back("attribute '" + proto.name() +
                        "' refers to an attribute of a function, but is in none");
    value = RefAttr::get(builder.getContext(), kind, proto.ref_attr_name());
    proto.clear_ref_attr_name();
  } else if (kind == AttributeKind::Tensor && proto.has_t()) {
    value = importTensor(proto.t(), proto.name(), reasons);
    proto.clear_t();
  } else if (kind == AttributeKind::Graph && proto.has_g()) {
    value = importSubgraph(*proto.mutable_g(), scope, result);
    proto.clear_g();
  } else if (kind == AttributeKind::Tensors || kind == AttributeKind::Graphs) {
    value = importLists(proto, kind, scope, result, reasons);
  } else if (!(value = takeScalar(builder, proto, kind, implicit)) &&
             !(value = takeList(builder, proto, kind))) {
    value = takeMessages(builder, proto, kind);
  }
  return value;
}

Attribute GraphImporter::importAttribute(AttributeProto &proto, const Scope &scope,
                                         ImportedAttributes &result, Reasons &reasons) {
  std::string context = "attribute '" + proto.name() + "' ";
  bool untyped = !proto.has_type(), implicit = false;
  AttributeKind kind = untyped ? inferKind(proto) : static_cast<AttributeKind>(proto.type());
  if (kind == AttributeKind::Undefined) {
    reasons.push_back(context + "has no kind");
    return {};
  }
  std::string kindName = stringifyAttributeKind(kind).str();
  Attribute value = importValue(proto, kind, scope, result, implicit, reasons);
  if (!value) {
    reasons.push_back(context + "has no value of its kind, " + kindName);
    return {};
  }
  if (holdsTensorsOrGraphs(proto)) {
    reasons.push_back(context + "has kind " + kindName + ", but also a tensor or graph");
    return {};
  }
  NamedAttrList info;
  if (untyped)
    info.set("untyped", builder.getUnitAttr());
  if (implicit)
    info.set("implicit", builder.getUnitAttr());
  if (proto.has_doc_string())
    info.set("doc", builder.getStringAttr(proto.doc_string()));
  std::string name = proto.name();
  proto.clear_name();
  proto.clear_type();
  proto.clear_doc_string();
  if (StringAttr extra = leftovers(builder, proto))
    info.set("extra", extra);
  proto.set_name(name);
  if (!info.empty())
    result.info.set(name, info.getDictionary(builder.getContext()));
  return value;
}

ImportedAttributes
GraphImporter::importAttributes(google::protobuf::RepeatedPtrField<AttributeProto> &attributes,
                                const Scope &scope, Reasons &reasons) {
  ImportedAttributes result;
  SmallVector<NamedAttribute> values;
  llvm::StringSet<> names;
  SmallVector<StringRef> order;
  for (AttributeProto &proto : attributes) {
    if (proto.name().empty()) {
      reasons.push_back("an attribute has no name");
      continue;
    }
    if (!names.insert(proto.name()).second) {
      reasons.push_back("attribute '" + proto.name() + "' is given twice");
      continue;
    }
    if (Attribute value = importAttribute(proto, scope, result, reasons)) {
      values.push_back(builder.getNamedAttr(proto.name(), value));
      order.push_back(proto.name());
    }
  }
  if (values.empty())
    return result;
  result.values = builder.getDictionaryAttr(values);
  for (auto [sorted, original] : llvm::zip_equal(result.values.getValue(), order))
    if (sorted.getName() != original) {
      result.order = builder.getStrArrayAttr(order);
      break;
    }
  return result;
}
