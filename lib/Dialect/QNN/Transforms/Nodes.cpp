//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of nodes and values, exclusions by name or type, and shared interface queries.
//
//===----------------------------------------------------------------------===//

#include "Nodes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The type of the ONNX node, where the import left it: the metadata of a fused location.
static StringRef onnxType(Location location) {
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    if (auto type = dyn_cast_or_null<StringAttr>(fused.getMetadata()))
      return type.getValue();
    for (Location part : fused.getLocations())
      if (StringRef type = onnxType(part); !type.empty())
        return type;
  }
  return {};
}

ValueNames::ValueNames(ModuleOp module) {
  module.walk([&](ObserveOp observe) { used.insert(observe.getName()); });
}

std::string ValueNames::next(Value value) {
  std::string name = getLocationName(value.getLoc()).str();
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    if (auto function = dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp()))
      if (auto attr = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "onnx.name"))
        name = attr.str();
    if (name.empty())
      name = "arg" + std::to_string(argument.getArgNumber());
  } else if (name.empty()) {
    name = value.getDefiningOp()->getName().stripDialect().str();
  }
  std::string unique = name;
  for (int suffix = 2; !used.insert(unique).second; ++suffix)
    unique = name + "_" + std::to_string(suffix);
  return unique;
}

//===----------------------------------------------------------------------===//
// Exclusions
//===----------------------------------------------------------------------===//

llvm::Expected<Exclusions> Exclusions::create(ArrayRef<std::string> texts) {
  Exclusions exclusions;
  for (const std::string &text : texts) {
    Pattern pattern{text, std::nullopt};
    if (StringRef expression = text; expression.consume_front("re:")) {
      pattern.regex.emplace(("^(" + expression + ")$").str());
      std::string reason;
      if (!pattern.regex->isValid(reason))
        return makeError("expected a regular expression behind 're:', but found '" + expression +
                         "': " + reason);
    }
    exclusions.patterns.push_back(std::move(pattern));
  }
  return exclusions;
}

bool Exclusions::matchesOne(Pattern &pattern, ArrayRef<StringRef> names) {
  return llvm::any_of(names, [&](StringRef name) {
    return !name.empty() && (pattern.regex ? pattern.regex->match(name) : name == pattern.text);
  });
}

bool Exclusions::matches(Operation *op) {
  if (patterns.empty())
    return false;
  StringRef names[] = {getLocationName(op->getLoc()), onnxType(op->getLoc()),
                       op->getName().getStringRef(), op->getName().stripDialect()};
  for (StringRef name : names)
    if (!name.empty() && !llvm::is_contained(known, name))
      known.push_back(name.str());
  bool any = false;
  for (Pattern &pattern : patterns)
    if (matchesOne(pattern, names))
      any = pattern.used = true;
  return any;
}

std::vector<std::string> Exclusions::unmatched() const {
  std::vector<std::string> faults;
  for (const Pattern &pattern : patterns)
    if (!pattern.used)
      faults.push_back("exclude: expected the name or type of a node, but found '" + pattern.text +
                       "'" + didYouMean(pattern.text, known));
  return faults;
}

//===----------------------------------------------------------------------===//
// Interface queries
//===----------------------------------------------------------------------===//

static bool isFloat32Tensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getElementType().isF32();
}

std::optional<Unquantizable> qnn::whyUnquantizable(Operation *op) {
  auto quantizable = dyn_cast_or_null<QuantizableOpInterface>(op);
  if (!quantizable || op->getNumResults() != 1)
    return Unquantizable::NoIntegerForm;
  if (op->hasAttr(stayFloatAttr))
    return Unquantizable::Excluded;
  if (!isFloat32Tensor(op->getResult(0).getType()))
    return Unquantizable::ElementType;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    OperandRole role = quantizable.getOperandRole(index);
    if (role == OperandRole::Other)
      continue;
    if (!isFloat32Tensor(operand.getType()))
      return Unquantizable::ElementType;
    if (role != OperandRole::Activation && !getConstantElements(operand))
      return Unquantizable::DynamicOperand;
  }
  return std::nullopt;
}

QuantizableOpInterface qnn::asQuantizable(Operation *op) {
  return whyUnquantizable(op) ? QuantizableOpInterface() : cast<QuantizableOpInterface>(op);
}

bool qnn::isPlainSum(Operation *op) {
  auto sum = dyn_cast_or_null<QuantizableOpInterface>(op);
  return sum && sum.isSum() && op->getOperand(0).getType() == op->getOperand(1).getType() &&
         op->getOperand(0).getType() == op->getResult(0).getType();
}

std::optional<ptq::PatchGeometry> qnn::convolutionPatches(Operation *op) {
  auto map = dyn_cast_or_null<LinearMapOpInterface>(op);
  if (!map || !asQuantizable(op) || map.getWeightOutputAxis() != 0)
    return std::nullopt;
  std::optional<ptq::PatchGeometry> patches = map.getPatches();
  return patches && !patches->channelsLast ? patches : std::nullopt;
}

bool qnn::isUnary(QuantizableOpInterface op) { return op.evaluateUnary(0.0).has_value(); }

bool qnn::movesValues(QuantizableOpInterface op) {
  return op.getScaleRelation() != ScaleRelation::Free;
}
