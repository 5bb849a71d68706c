//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model's graph as `func.func @main`, and model-local functions.
//
//===----------------------------------------------------------------------===//

#include "GraphImport.h"
#include "ModelImport.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

/// The attributes of an argument or result of type `type`.
static DictionaryAttr interfaceAttrs(Builder &builder, ValueInfoAttr info, Type type) {
  NamedAttrList attrs;
  attrs.set(nameAttr, info.getName());
  if (info.getDims())
    attrs.set(dimsAttr, info.getDims());
  if (info.getDoc())
    attrs.set(docAttr, info.getDoc());
  StringAttr proto = info.getProto();
  if (!proto && info.getType() != type) {
    ::onnx::ValueInfoProto message;
    if (encodeValueInfo(info, message))
      proto = builder.getStringAttr(message.SerializePartialAsString());
  }
  if (proto)
    attrs.set(declaredAttr, ValueInfoAttr::get(builder.getContext(), info.getName(), type,
                                               info.getDims(), info.getDoc(), proto));
  return attrs.getDictionary(builder.getContext());
}

void GraphImporter::setInterface(Operation *op, const ImportedGraph &graph) {
  auto function = cast<func::FuncOp>(op);
  SmallVector<Attribute> arguments, results;
  for (auto [info, value] : llvm::zip_equal(graph.inputs, function.getArguments()))
    arguments.push_back(interfaceAttrs(builder, info, value.getType()));
  for (auto [info, value] : llvm::zip_equal(graph.outputs, graph.results))
    results.push_back(interfaceAttrs(builder, info, value.getType()));
  function.setArgAttrsAttr(builder.getArrayAttr(arguments));
  function.setResAttrsAttr(builder.getArrayAttr(results));
  auto set = [&](StringRef name, Attribute value) {
    if (value)
      function->setAttr(name, value);
  };
  set(graphNameAttr, graph.name);
  set(docAttr, graph.doc);
  set(valueInfoAttr, graph.valueInfo);
  set(inputOrderAttr, graph.inputOrder);
  set(extraAttr, graph.extra);
}

void GraphImporter::importMain(::onnx::GraphProto &proto, const Opsets &imports, ModuleOp module) {
  opsets = &imports;
  inFunction = false;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  Location loc = nameLoc(builder, proto.has_name() ? proto.name() : graphFunction.str());
  auto function =
      func::FuncOp::create(builder, loc, graphFunction, builder.getFunctionType({}, {}));
  Block &block = function.getBody().emplaceBlock();
  Scope scope;
  ImportedGraph graph;
  importGraph(proto, scope, block, graph, /*isMain=*/true);
  builder.setInsertionPointToEnd(&block);
  func::ReturnOp::create(builder, loc, graph.results);
  function.setFunctionType(
      builder.getFunctionType(block.getArgumentTypes(), ValueRange(graph.results).getTypes()));
  setInterface(function, graph);
}

//===----------------------------------------------------------------------===//
// Model-local functions
//===----------------------------------------------------------------------===//

/// Messages in an unknown field: default attributes (11) and value infos (12) of functions.
template <typename MessageT>
static void takeUnknownMessages(::onnx::FunctionProto &function, int number,
                                google::protobuf::RepeatedPtrField<MessageT> &result,
                                Reasons &reasons) {
  google::protobuf::UnknownFieldSet *fields = function.mutable_unknown_fields();
  for (int i = 0; i < fields->field_count(); ++i)
    if (const google::protobuf::UnknownField &field = fields->field(i);
        field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      if (!parseMessage(field.length_delimited(), *result.Add()))
        reasons.push_back("field " + std::to_string(number) + " is damaged");
  fields->DeleteByNumber(number);
}

static ArrayAttr stringArray(Builder &builder,
                             const google::protobuf::RepeatedPtrField<std::string> &strings) {
  return builder.getStrArrayAttr(SmallVector<StringRef>(strings.begin(), strings.end()));
}

void GraphImporter::importFunctionFields(::onnx::FunctionProto &proto,
                                         FunctionOp::Properties &properties) {
  properties.name = optionalString(builder, proto.has_name(), proto.name());
  properties.domain = optionalString(builder, proto.has_domain(), proto.domain());
  if (std::optional<std::string> overload = takeUnknownString(proto, 13))
    properties.overload = builder.getStringAttr(*overload);
  properties.input_names = stringArray(builder, proto.input());
  properties.output_names = stringArray(builder, proto.output());
  properties.parameters = stringArray(builder, proto.attribute());
  properties.opset_imports = opsetAttrs(builder, proto.opset_import());
  properties.doc = optionalString(builder, proto.has_doc_string(), proto.doc_string());
  proto.clear_name();
  proto.clear_domain();
  proto.clear_input();
  proto.clear_output();
  proto.clear_attribute();
  proto.clear_node();
  proto.clear_doc_string();
  proto.clear_opset_import();
  properties.extra = leftovers(builder, proto);
}

void GraphImporter::importFunctionBody(::onnx::FunctionProto &proto, Scope &scope, Block &block,
                                       Location loc, Reasons &reasons) {
  builder.setInsertionPointToEnd(&block);
  Type unknown = UnknownType::get(builder.getContext());
  for (const std::string &name : proto.input())
    if (!scope.values.try_emplace(name, block.addArgument(unknown, nameLoc(builder, name))).second)
      reasons.push_back("input '" + name + "' is declared twice");
  NodeOrder order(proto.node());
  scope.order = &order;
  importNodes(*proto.mutable_node(), scope);
  scope.order = nullptr;
  SmallVector<Value> results;
  for (const std::string &name : proto.output()) {
    Value value = lookup(scope, name);
    if (!value) {
      reasons.push_back("output '" + name + "' is not defined" + suggestValue(scope, name));
      value = NoneOp::create(builder, loc);
    }
    results.push_back(value);
  }
  ReturnOp::create(builder, loc, results);
}

void GraphImporter::importFunction(::onnx::FunctionProto &proto, ModuleOp module) {
  Location loc = nameLoc(builder, proto.name());
  std::string context = "function '" + proto.name() + "'";
  Opsets imports = importOpsets(proto.opset_import(), context, loc, reporter);
  opsets = &imports;
  inFunction = true;
  OpBuilder::InsertionGuard guard(builder);

  Reasons reasons;
  Scope scope;
  google::protobuf::RepeatedPtrField<::onnx::AttributeProto> defaults;
  takeUnknownMessages(proto, 11, defaults, reasons);
  ImportedAttributes attributes = importAttributes(defaults, scope, reasons);
  google::protobuf::RepeatedPtrField<::onnx::ValueInfoProto> valueInfos;
  takeUnknownMessages(proto, 12, valueInfos, reasons);
  SmallVector<Attribute> declared;
  for (const ::onnx::ValueInfoProto &info : valueInfos)
    declared.push_back(importValueInfo(info, "value"));

  OperationState state(loc, FunctionOp::getOperationName());
  Region *body = state.addRegion();
  for (std::unique_ptr<Region> &region : attributes.regions)
    state.addRegion(std::move(region));
  importFunctionBody(proto, scope, body->emplaceBlock(), loc, reasons);
  auto &properties = state.getOrAddProperties<FunctionOp::Properties>();
  properties.defaults = attributes.values;
  properties.attribute_order = attributes.order;
  properties.attribute_info = infoOf(attributes, builder.getContext());
  if (!declared.empty())
    properties.value_info = builder.getArrayAttr(declared);
  importFunctionFields(proto, properties);
  if (!reasons.empty())
    reporter.error(loc, context + ": " + llvm::join(reasons, "; "));
  builder.setInsertionPointToEnd(module.getBody());
  builder.create(state);
}
