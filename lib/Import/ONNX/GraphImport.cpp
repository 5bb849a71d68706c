//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Inputs, initializers, outputs and declarations of a graph; see GraphImport.h.
//
//===----------------------------------------------------------------------===//

#include "GraphImport.h"
#include "quantc/Support/DType.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

Value quantc::onnx::lookup(const Scope &scope, StringRef name) {
  for (const Scope *level = &scope; level; level = level->parent)
    if (auto it = level->values.find(name); it != level->values.end())
      return it->second;
  return {};
}

std::string quantc::onnx::suggestValue(const Scope &scope, StringRef name) {
  constexpr size_t manyNames = 2000; // beyond, a search per error takes too long
  std::vector<StringRef> names;
  for (const Scope *level = &scope; level; level = level->parent)
    for (const auto &entry : level->values)
      names.push_back(entry.getKey());
  if (names.size() > manyNames)
    return "";
  llvm::sort(names);
  return didYouMean(name, names);
}

Location quantc::onnx::nameLoc(Builder &builder, StringRef name) {
  if (name.empty())
    return builder.getUnknownLoc();
  return NameLoc::get(builder.getStringAttr(name));
}

StringAttr quantc::onnx::optionalString(Builder &builder, bool present, const std::string &value) {
  return present ? builder.getStringAttr(value) : StringAttr();
}

StringAttr quantc::onnx::leftovers(Builder &builder, const google::protobuf::Message &message) {
  std::string bytes = message.SerializePartialAsString();
  return bytes.empty() ? StringAttr() : builder.getStringAttr(bytes);
}

std::optional<std::string> quantc::onnx::takeUnknownString(google::protobuf::Message &message,
                                                           int number) {
  const google::protobuf::Reflection *reflection = message.GetReflection();
  google::protobuf::UnknownFieldSet *fields = reflection->MutableUnknownFields(&message);
  std::optional<std::string> result;
  for (int i = 0; i < fields->field_count(); ++i)
    if (const google::protobuf::UnknownField &field = fields->field(i);
        field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      result = field.length_delimited();
  if (result)
    fields->DeleteByNumber(number);
  return result;
}

ValueInfoAttr GraphImporter::importValueInfo(const ::onnx::ValueInfoProto &proto, StringRef what,
                                             bool isInput) {
  Location loc = nameLoc(builder, proto.name());
  std::string context = (what + " '" + proto.name() + "'").str();
  for (const auto &dim : proto.type().tensor_type().shape().dim())
    if (dim.has_dim_value() && dim.dim_value() == -1) {
      reporter.warning(loc, context + " declares a dimension of -1, which is read as unknown");
      break;
    }
  Expected<ValueInfoAttr> info = decodeValueInfo(proto, builder.getContext());
  if (!info) {
    reporter.error(loc, context, info.takeError());
    return ValueInfoAttr::get(builder.getContext(), builder.getStringAttr(proto.name()),
                              UnknownType::get(builder.getContext()), {}, {}, {});
  }
  if (!dimensions)
    return *info;
  ValueInfoAttr specialised = dimensions->apply(*info, isInput);
  return specialised ? specialised : *info;
}

void GraphImporter::define(Scope &scope, StringRef name, Value value, StringRef what,
                           Location loc) {
  if (!scope.values.try_emplace(name, value).second)
    reporter.error(loc, what + " '" + name + "' has the name of another value");
}

/// Whether a value of type `actual` may stand where `declared` is said.
static bool compatible(Type declared, Type actual) {
  auto left = dyn_cast<TensorType>(declared), right = dyn_cast<TensorType>(actual);
  if (!left || !right)
    return isa<UnknownType>(declared) || isa<UnknownType>(actual) || declared == actual;
  if (left.getElementType() != right.getElementType())
    return false;
  return !left.hasRank() || !right.hasRank() ||
         succeeded(verifyCompatibleShape(left.getShape(), right.getShape()));
}

static std::string typeToString(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

//===----------------------------------------------------------------------===//
// Inputs and initializers
//===----------------------------------------------------------------------===//

ArrayAttr GraphImporter::orderOfInputs(::onnx::GraphProto &graph, const ImportedGraph &result,
                                       const llvm::StringMap<ValueInfoAttr> &alsoInputs) {
  if (alsoInputs.empty())
    return {};
  std::vector<std::string> order, usual;
  for (const ::onnx::ValueInfoProto &input : graph.input())
    order.push_back(input.name());
  for (ValueInfoAttr input : result.inputs)
    usual.push_back(input.getName().str());
  for (const ::onnx::TensorProto &tensor : graph.initializer())
    if (alsoInputs.contains(tensor.name()))
      usual.push_back(tensor.name());
  if (order == usual)
    return {};
  return builder.getStrArrayAttr(SmallVector<StringRef>(order.begin(), order.end()));
}

void GraphImporter::importInputs(::onnx::GraphProto &graph, Scope &scope, Block &block,
                                 ImportedGraph &result, bool isMain) {
  llvm::StringSet<> initializers;
  for (const ::onnx::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  if (isMain) { // the symbols of all inputs, before any input is made
    SmallVector<ValueInfoAttr> declared;
    for (const ::onnx::ValueInfoProto &input : graph.input())
      if (Expected<ValueInfoAttr> info = decodeValueInfo(input, builder.getContext()))
        declared.push_back(*info);
      else
        llvm::consumeError(info.takeError()); // reported below
    dimensions.emplace(options, declared, reporter);
  }
  llvm::StringMap<ValueInfoAttr> alsoInputs;
  llvm::StringSet<> names;
  for (const ::onnx::ValueInfoProto &input : graph.input()) {
    ValueInfoAttr info = importValueInfo(input, "input", isMain);
    Location loc = nameLoc(builder, input.name());
    if (input.name().empty())
      reporter.error("an input has no name");
    if (!names.insert(input.name()).second)
      reporter.error(loc, "input '" + input.name() + "' is declared twice");
    if (initializers.contains(input.name())) {
      alsoInputs[input.name()] = info;
      continue;
    }
    result.inputs.push_back(info);
    scope.values.try_emplace(input.name(), block.addArgument(info.getType(), loc));
  }
  result.inputOrder = orderOfInputs(graph, result, alsoInputs);
  importInitializers(graph, scope, alsoInputs);
  importSparseInitializers(graph, scope);
  graph.clear_input();
}

void GraphImporter::importInitializers(::onnx::GraphProto &graph, Scope &scope,
                                       const llvm::StringMap<ValueInfoAttr> &alsoInputs) {
  for (const ::onnx::TensorProto &proto : graph.initializer()) {
    Location loc = nameLoc(builder, proto.name());
    if (proto.name().empty())
      reporter.error("an initializer has no name");
    Expected<ImportedTensor> tensor = tensors.import(proto, proto.name(), /*withName=*/false);
    if (!tensor) {
      reporter.error(loc, "initializer '" + proto.name() + "'", tensor.takeError());
      define(scope, proto.name(), NoneOp::create(builder, loc), "initializer", loc);
      continue;
    }
    ValueInfoAttr info = alsoInputs.lookup(proto.name());
    Type type = tensor->value.getType();
    if (info && !compatible(info.getType(), type))
      reporter.error(loc, "initializer '" + proto.name() + "' has type " + typeToString(type) +
                              ", but the input of that name has " + typeToString(info.getType()));
    auto op =
        ConstantOp::create(builder, loc, type, builder.getStringAttr(proto.name()), tensor->value,
                           info ? builder.getUnitAttr() : UnitAttr(), info, tensor->info);
    define(scope, proto.name(), op, "initializer", loc);
  }
  graph.clear_initializer();
}

void GraphImporter::importSparseInitializers(::onnx::GraphProto &graph, Scope &scope) {
  for (const ::onnx::SparseTensorProto &proto : graph.sparse_initializer()) {
    const std::string &name = proto.values().name();
    Location loc = nameLoc(builder, name);
    SmallVector<int64_t> shape(proto.dims().begin(), proto.dims().end());
    Type elementType = elementTypeOf(proto.values().data_type(), builder.getContext());
    if (!elementType || !storageBytes(DType::Complex128, shape)) {
      reporter.error(loc, "sparse initializer '" + name + "' has a bad type or shape");
      continue;
    }
    auto op = SparseConstantOp::create(builder, loc, RankedTensorType::get(shape, elementType),
                                       builder.getStringAttr(name),
                                       builder.getStringAttr(proto.SerializePartialAsString()));
    define(scope, name, op, "sparse initializer", loc);
  }
  graph.clear_sparse_initializer();
}

//===----------------------------------------------------------------------===//
// Outputs and declarations
//===----------------------------------------------------------------------===//

void GraphImporter::declareTypes(::onnx::GraphProto &graph, Scope &scope, ImportedGraph &result) {
  SmallVector<Attribute> declared;
  for (const ::onnx::ValueInfoProto &proto : graph.output()) {
    ValueInfoAttr info = importValueInfo(proto, "output");
    result.outputs.push_back(info);
    scope.types.try_emplace(info.getName(), info.getType());
  }
  for (const ::onnx::ValueInfoProto &proto : graph.value_info()) {
    ValueInfoAttr info = importValueInfo(proto, "value");
    declared.push_back(info);
    scope.types.try_emplace(info.getName(), info.getType());
  }
  if (!declared.empty())
    result.valueInfo = builder.getArrayAttr(declared);
  graph.clear_value_info();
}

void GraphImporter::importOutputs(::onnx::GraphProto &graph, Scope &scope, ImportedGraph &result) {
  for (ValueInfoAttr info : result.outputs) {
    Value value = lookup(scope, info.getName());
    Location loc = nameLoc(builder, info.getName());
    if (!value) {
      reporter.error(loc, "output '" + info.getName().getValue() + "' is not defined" +
                              suggestValue(scope, info.getName()));
      value = NoneOp::create(builder, loc);
    } else if (!isa<NoneType>(value.getType()) && !compatible(info.getType(), value.getType())) {
      reporter.error(loc, "output '" + info.getName().getValue() + "' has type " +
                              typeToString(value.getType()) + ", but is declared as " +
                              typeToString(info.getType()));
    }
    result.results.push_back(value);
  }
  graph.clear_output();
}

void GraphImporter::importGraph(::onnx::GraphProto &graph, Scope &scope, Block &block,
                                ImportedGraph &result, bool isMain) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  importInputs(graph, scope, block, result, isMain);
  declareTypes(graph, scope, result);
  NodeOrder order(graph.node());
  scope.order = &order;
  importNodes(*graph.mutable_node(), scope);
  importOutputs(graph, scope, result);
  graph.clear_node();
  scope.order = nullptr;
  result.name = optionalString(builder, graph.has_name(), graph.name());
  result.doc = optionalString(builder, graph.has_doc_string(), graph.doc_string());
  graph.clear_name();
  graph.clear_doc_string();
  result.extra = leftovers(builder, graph);
}
