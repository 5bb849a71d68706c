//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of what gradients are asked of; see Targets.h.
//
//===----------------------------------------------------------------------===//

#include "Targets.h"
#include "../Values.h"
#include "quantc/Interfaces/Differentiable.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

namespace {
class Names {
public:
  explicit Names(func::FuncOp main) : main(main) {
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (auto name = main.getArgAttrOfType<StringAttr>(i, "onnx.name")) {
        arguments.try_emplace(name, main.getArgument(i));
        known.push_back(name.str());
      }
    for (Operation &op : main.getBody().front().without_terminator()) {
      if (op.hasTrait<OpTrait::ConstantLike>() || op.getNumResults() == 0)
        continue;
      std::string name = getNodeName(&op);
      nodes[name].push_back(&op);
      known.push_back(name);
    }
  }

  FailureOr<Target> find(const std::string &name);
  FailureOr<Operation *> node(StringRef name, StringRef asked, bool linearMap);
  ArrayRef<Operation *> all(StringRef name) const {
    auto found = nodes.find(name);
    return found == nodes.end() ? ArrayRef<Operation *>() : ArrayRef(found->second);
  }
  InFlightDiagnostic unknown(StringRef name) {
    return main.emitError("nn-gradient: nothing is called '")
           << name << "'" << didYouMean(name.str(), known);
  }

private:
  func::FuncOp main;
  llvm::StringMap<Value> arguments;
  llvm::StringMap<SmallVector<Operation *, 1>> nodes;
  std::vector<std::string> known;
};
} // namespace

FailureOr<Operation *> Names::node(StringRef name, StringRef asked, bool linearMap) {
  SmallVector<Operation *> ops;
  for (Operation *op : all(name))
    if (!linearMap || isa<LinearMapOpInterface>(op))
      ops.push_back(op);
  if (ops.empty())
    return unknown(asked);
  if (ops.size() > 1)
    return main.emitError("nn-gradient: '")
           << asked << "': expected one node of this name, but found " << ops.size();
  return ops.front();
}

/// The operand that "weight", "bias" or a number means, or null.
static OpOperand *operandOf(Operation *op, StringRef which) {
  unsigned index = 0;
  if (!which.getAsInteger(10, index))
    return index < op->getNumOperands() ? &op->getOpOperand(index) : nullptr;
  auto map = cast<LinearMapOpInterface>(op);
  return which == "weight" ? &map.getWeightOperand() : biasOperand(map);
}

FailureOr<Target> Names::find(const std::string &name) {
  if (auto found = arguments.find(name); found != arguments.end())
    return Target{name, found->second, nullptr};
  auto [head, which] = StringRef(name).rsplit(':');
  unsigned index = 0;
  bool linearMap = which == "weight" || which == "bias";
  bool isOperand = linearMap || (!which.empty() && !which.getAsInteger(10, index));
  if (nodes.contains(name) || !isOperand) {
    FailureOr<Operation *> op = node(name, name, false);
    if (failed(op))
      return failure();
    if ((*op)->getNumResults() != 1)
      return main.emitError("nn-gradient: '")
             << name << "': expected a node with one result, but found " << (*op)->getNumResults();
    return Target{name, (*op)->getResult(0), nullptr};
  }
  FailureOr<Operation *> op = node(head, name, linearMap);
  if (failed(op))
    return failure();
  OpOperand *operand = operandOf(*op, which);
  auto differentiable = dyn_cast<DifferentiableOpInterface>(*op);
  if (!operand || !differentiable || !differentiable.carriesGradient(operand->getOperandNumber()))
    return (*op)->emitError("nn-gradient: '")
           << name << "': expected an operand of '" << (*op)->getName() << "' with a derivative";
  return Target{name, {}, operand};
}

FailureOr<std::vector<Target>> quantc::nn::findTargets(func::FuncOp main,
                                                       const GradientOptions &options) {
  Names names(main);
  std::vector<Target> targets;
  for (const std::string &name : options.wrt) {
    FailureOr<Target> target = names.find(name);
    if (failed(target))
      return failure();
    auto type = dyn_cast<RankedTensorType>(target->type());
    if (!type || !isa<FloatType>(type.getElementType()))
      return main.emitError("nn-gradient: '")
             << name << "': expected a tensor of floats, but found " << target->type();
    targets.push_back(std::move(*target));
  }
  return targets;
}

FailureOr<llvm::DenseSet<Operation *>> quantc::nn::findStops(func::FuncOp main,
                                                             const GradientOptions &options) {
  Names names(main);
  llvm::DenseSet<Operation *> stops;
  for (const std::string &name : options.stop) {
    ArrayRef<Operation *> ops = names.all(name);
    if (ops.empty())
      return names.unknown(name);
    stops.insert(ops.begin(), ops.end());
  }
  return stops;
}

FailureOr<unsigned> quantc::nn::findOutput(func::FuncOp main, const GradientOptions &options) {
  if (options.output.empty()) {
    for (auto [i, type] : llvm::enumerate(main.getResultTypes()))
      if (isa<FloatType>(getElementTypeOrSelf(type)))
        return static_cast<unsigned>(i);
    return main.emitError("nn-gradient: expected an output of floats");
  }
  std::vector<std::string> names;
  for (unsigned i = 0; i < main.getNumResults(); ++i) {
    auto name = main.getResultAttrOfType<StringAttr>(i, "onnx.name");
    if (name && name.getValue() == options.output)
      return i;
    if (name)
      names.push_back(name.str());
  }
  return main.emitError("nn-gradient: no output is called '")
         << options.output << "'" << didYouMean(options.output, names);
}
