//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accessors, verifiers and printing of the `onnx` ops.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Builders.h"
#include "quantc/Dialect/ONNX/IR/ONNX.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quantc::onnx;

#define GET_OP_CLASSES
#include "quantc/Dialect/ONNX/IR/ONNXOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Names in diagnostics
//===----------------------------------------------------------------------===//

std::string quantc::onnx::describeNode(StringRef name, StringRef opType, StringRef domain,
                                       int64_t opset) {
  std::string prefix = domain.empty() || domain == "ai.onnx" ? "" : domain.str() + ".";
  return llvm::formatv("node '{0}' ({1}{2}, opset {3})", name, prefix, opType, opset);
}

std::string quantc::onnx::describeNode(NodeOp node) {
  return describeNode(getNodeLabel(node), node.getOpType(), node.getDomain().value_or(""),
                      node.getOpset());
}

StringRef quantc::onnx::getNodeLabel(Operation *op) {
  if (auto loc = op->getLoc()->findInstanceOf<NameLoc>())
    return loc.getName();
  if (auto node = dyn_cast<NodeOp>(op))
    return node.getNodeName().value_or(node.getResultName(0));
  return "";
}

//===----------------------------------------------------------------------===//
// ConstantOp
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

void ConstantOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  if (!getName().empty())
    setName(getResult(), getName());
}

//===----------------------------------------------------------------------===//
// NodeOp
//===----------------------------------------------------------------------===//

StringRef NodeOp::getNormalizedDomain() {
  StringRef domain = getDomain().value_or("");
  return domain == "ai.onnx" ? "" : domain;
}

bool NodeOp::isOp(StringRef opType) {
  return getOpType() == opType && getNormalizedDomain().empty();
}

Attribute NodeOp::getAttribute(StringRef name) {
  DictionaryAttr attributes = getOnnxAttrsAttr();
  return attributes ? attributes.get(name) : Attribute();
}

std::optional<int64_t> NodeOp::getInt(StringRef name) {
  auto attr = dyn_cast_or_null<IntegerAttr>(getAttribute(name));
  if (!attr || !attr.getType().isSignedInteger(64))
    return std::nullopt;
  return attr.getSInt();
}

std::optional<float> NodeOp::getFloat(StringRef name) {
  auto attr = dyn_cast_or_null<FloatAttr>(getAttribute(name));
  if (!attr || !attr.getType().isF32())
    return std::nullopt;
  return attr.getValue().convertToFloat();
}

std::optional<StringRef> NodeOp::getString(StringRef name) {
  if (auto attr = dyn_cast_or_null<StringAttr>(getAttribute(name)))
    return attr.getValue();
  return std::nullopt;
}

std::optional<ArrayRef<int64_t>> NodeOp::getInts(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(getAttribute(name)))
    return attr.asArrayRef();
  return std::nullopt;
}

std::optional<ArrayRef<float>> NodeOp::getFloats(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseF32ArrayAttr>(getAttribute(name)))
    return attr.asArrayRef();
  return std::nullopt;
}

ElementsAttr NodeOp::getTensor(StringRef name) {
  if (auto attr = dyn_cast_or_null<TensorAttr>(getAttribute(name)))
    return attr.getValue();
  return {};
}

Region *NodeOp::getGraph(StringRef name) {
  auto attr = dyn_cast_or_null<GraphAttr>(getAttribute(name));
  if (!attr || attr.getRegion() >= getBodies().size())
    return nullptr;
  return &getBodies()[attr.getRegion()];
}

Value NodeOp::getOptionalInput(unsigned index) {
  if (index >= getInputs().size())
    return {};
  Value input = getInputs()[index];
  return isa<NoneType>(input.getType()) ? Value() : input;
}

StringRef NodeOp::getResultName(unsigned index) {
  std::optional<ArrayAttr> names = getResultNames();
  if (!names || index >= names->size())
    return "";
  return cast<StringAttr>((*names)[index]).getValue();
}

void NodeOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  for (OpResult result : getOutputs())
    if (StringRef name = getResultName(result.getResultNumber()); !name.empty())
      setName(result, name);
}

/// Ops whose result differs from run to run: neither merged nor hoisted nor dropped.
static bool isRandom(StringRef opType) {
  return llvm::StringSwitch<bool>(opType)
      .Cases({"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}, true)
      .Cases({"Bernoulli", "Multinomial"}, true)
      .Default(false);
}

void NodeOp::getEffects(SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  bool random = isRandom(getOpType());
  for (Region &body : getBodies())
    body.walk([&](NodeOp nested) { random |= isRandom(nested.getOpType()); });
  if (!random)
    return;
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

static LogicalResult verifyGraph(NodeOp op, StringRef name, GraphAttr graph) {
  if (graph.getRegion() >= op.getBodies().size())
    return op.emitOpError("expected a region for graph attribute '")
           << name << "', but found " << op.getBodies().size() << " regions";
  Region &region = op.getBodies()[graph.getRegion()];
  if (!region.hasOneBlock() || region.front().empty())
    return op.emitOpError("expected one block in graph '") << name << "'";
  Block &block = region.front();
  auto terminator = dyn_cast<ReturnOp>(block.back());
  if (!terminator)
    return op.emitOpError("expected graph '") << name << "' to end with onnx.return";
  if (graph.getInputs().size() != block.getNumArguments())
    return op.emitOpError("expected ") << graph.getInputs().size() << " arguments in graph '"
                                       << name << "', but found " << block.getNumArguments();
  if (graph.getOutputs().size() != terminator.getNumOperands())
    return op.emitOpError("expected ") << graph.getOutputs().size() << " outputs of graph '" << name
                                       << "', but found " << terminator.getNumOperands();
  return success();
}

LogicalResult NodeOp::verify() {
  if (std::optional<ArrayAttr> names = getResultNames())
    if (names->size() != getNumResults())
      return emitOpError("expected ")
             << getNumResults() << " result names, but found " << names->size();
  DictionaryAttr attributes = getOnnxAttrsAttr();
  if (!attributes)
    return success();
  for (NamedAttribute named : attributes) {
    if (auto graph = dyn_cast<GraphAttr>(named.getValue()))
      if (failed(verifyGraph(*this, named.getName(), graph)))
        return failure();
    if (auto list = dyn_cast<ListAttr>(named.getValue()))
      for (Attribute element : list.getElements())
        if (auto graph = dyn_cast<GraphAttr>(element))
          if (failed(verifyGraph(*this, named.getName(), graph)))
            return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// FunctionOp
//===----------------------------------------------------------------------===//

LogicalResult FunctionOp::verify() {
  if (!getBody().hasOneBlock() || getBody().front().empty())
    return emitOpError("expected a body of one block");
  Block &block = getBody().front();
  auto terminator = dyn_cast<ReturnOp>(block.back());
  if (!terminator)
    return emitOpError("expected the body to end with onnx.return");
  if (block.getNumArguments() != getInputNames().size())
    return emitOpError("expected ")
           << getInputNames().size() << " arguments, but found " << block.getNumArguments();
  if (terminator.getNumOperands() != getOutputNames().size())
    return emitOpError("expected ")
           << getOutputNames().size() << " outputs, but found " << terminator.getNumOperands();
  return success();
}
