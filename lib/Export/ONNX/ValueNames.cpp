//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Assignment of names; see ValueNames.h.
//
//===----------------------------------------------------------------------===//

#include "ValueNames.h"

using namespace mlir;
using namespace quantc::onnx;

/// The name a value would like to have.
static StringRef preferredName(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return "";
  if (auto node = dyn_cast<NodeOp>(result.getOwner()))
    return node.getResultName(result.getResultNumber());
  if (auto constant = dyn_cast<ConstantOp>(result.getOwner()))
    return constant.getName();
  if (auto constant = dyn_cast<SparseConstantOp>(result.getOwner()))
    return constant.getName();
  return "";
}

ValueNames::ValueNames(ModuleOp module) {
  auto takeAll = [&](ArrayAttr infos) {
    for (Attribute info : infos)
      if (auto valueInfo = dyn_cast<ValueInfoAttr>(info))
        taken.insert(valueInfo.getName());
  };
  module.walk([&](Operation *op) {
    for (Value result : op->getResults())
      taken.insert(preferredName(result));
    for (StringRef list : {"arg_attrs", "res_attrs"})
      if (auto attrs = op->getAttrOfType<ArrayAttr>(list))
        for (Attribute attr : attrs)
          if (auto name = cast<DictionaryAttr>(attr).getAs<StringAttr>(nameAttr))
            taken.insert(name);
    if (auto node = dyn_cast<NodeOp>(op); node && node.getOnnxAttrsAttr())
      for (NamedAttribute named : node.getOnnxAttrsAttr())
        named.getValue().walk([&](GraphAttr graph) {
          takeAll(graph.getInputs());
          takeAll(graph.getOutputs());
        });
  });
}

StringRef ValueNames::get(Value value) const {
  auto it = names.find(value);
  return it == names.end() ? StringRef() : StringRef(it->second);
}

std::string ValueNames::makeName(StringRef base) {
  std::string name;
  do
    name = ((base.empty() ? "value" : base) + "_" + Twine(counter++)).str();
  while (!taken.insert(name).second);
  return name;
}

/// Whether the block, or one inside it, uses `value`.
static bool usesInside(Block *block, Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    return block->findAncestorOpInBlock(*user) != nullptr;
  });
}

bool ValueNames::isFree(const Scope &scope, StringRef name) const {
  if (name.empty() || scope.values.contains(name))
    return false;
  for (const Scope *outer = scope.parent; outer; outer = outer->parent)
    if (Value value = outer->values.lookup(name); value && usesInside(scope.block, value))
      return false; // the inner value would hide one that is needed
  return true;
}

void ValueNames::give(Scope &scope, Value value, StringRef name) {
  names[value] = name.str();
  scope.values[name] = value;
}

LogicalResult ValueNames::assign(Scope &scope, ArrayRef<StringRef> inputs, ValueRange results,
                                 ArrayRef<StringRef> outputs) {
  for (auto [argument, name] : llvm::zip_equal(scope.block->getArguments(), inputs)) {
    if (scope.values.contains(name))
      return emitError(argument.getLoc()) << "two inputs are called '" << name << "'";
    give(scope, argument, name);
  }
  for (auto [value, name] : llvm::zip_equal(results, outputs)) {
    bool isNode = value.getDefiningOp<NodeOp>() && value.getParentBlock() == scope.block;
    if (isNode && !names.contains(value) && isFree(scope, name))
      give(scope, value, name);
  }
  // Outputs that will get an Identity node own their name from here on.
  llvm::StringSet<> reserved;
  for (auto [value, name] : llvm::zip_equal(results, outputs))
    if (get(value) != name && preferredName(value) != name)
      reserved.insert(name);
  for (Operation &op : *scope.block)
    for (Value result : op.getResults()) {
      if (isa<NoneType>(result.getType()) || names.contains(result))
        continue;
      StringRef name = preferredName(result);
      bool free = isFree(scope, name) && !reserved.contains(name);
      give(scope, result, free ? name.str() : makeName(name));
    }
  return success();
}
