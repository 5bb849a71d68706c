//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-weights-to-inputs: constants of linear maps become arguments of @main.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/Transforms/WeightsToInputs.h"
#include "Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/QuantizableOpInterface.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringSet.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNWEIGHTSTOINPUTS
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

namespace {

class Mover {
public:
  explicit Mover(func::FuncOp main) : main(main) {
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      if (auto name = main.getArgAttrOfType<StringAttr>(i, "onnx.name"))
        used.insert(name);
  }

  void move(LinearMapOpInterface op, OpOperand &operand, bool isBias) {
    ElementsAttr value = getConstantElements(operand.get());
    StringRef what = isBias ? "bias" : "weight";
    if (!value || !value.getElementType().isF32()) {
      op.emitRemark() << "the " << what << " of '" << getNodeName(op)
                      << "' stays: it is no constant of type f32";
      return;
    }
    WeightInput input;
    input.argument = main.getNumArguments();
    input.node = getNodeName(op);
    input.name = unique(input.node + ":" + what.str());
    input.isBias = isBias;
    input.outputAxis = isBias ? 0 : op.getWeightOutputAxis();
    input.value = value;
    Builder builder(main.getContext());
    DictionaryAttr attributes = builder.getDictionaryAttr(
        builder.getNamedAttr("onnx.name", builder.getStringAttr(input.name)));
    if (failed(main.insertArgument(input.argument, operand.get().getType(), attributes,
                                   operand.get().getLoc())))
      llvm_unreachable("an argument behind the last one is always possible");
    Operation *constant = operand.get().getDefiningOp();
    operand.set(main.getArgument(input.argument));
    if (isOpTriviallyDead(constant))
      constant->erase();
    moved.push_back(std::move(input));
  }

  std::vector<WeightInput> moved;

private:
  std::string unique(const std::string &name) {
    std::string result = name;
    for (int suffix = 2; !used.insert(result).second; ++suffix)
      result = name + "_" + std::to_string(suffix);
    return result;
  }

  func::FuncOp main;
  llvm::StringSet<> used;
};

} // namespace

FailureOr<std::vector<WeightInput>> quantc::nn::weightsToInputs(ModuleOp module,
                                                                const WeightInputOptions &options) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return module.emitError("expected a function '@main'");
  SmallVector<LinearMapOpInterface> maps;
  std::vector<std::string> names;
  main.walk([&](LinearMapOpInterface op) {
    maps.push_back(op);
    names.push_back(getNodeName(op));
  });
  llvm::StringSet<> chosen;
  for (const std::string &node : options.nodes) {
    if (!llvm::is_contained(names, node))
      return module.emitError("nn-weights-to-inputs: no linear map is called '")
             << node << "'" << didYouMean(node, names);
    chosen.insert(node);
  }
  Mover mover(main);
  for (auto [op, name] : llvm::zip_equal(maps, names)) {
    if (!chosen.empty() && !chosen.contains(name))
      continue;
    mover.move(op, op.getWeightOperand(), /*isBias=*/false);
    if (OpOperand *bias = options.biases ? biasOperand(op) : nullptr)
      mover.move(op, *bias, /*isBias=*/true);
  }
  return std::move(mover.moved);
}

namespace {
struct WeightsToInputs : quantc::nn::impl::NNWeightsToInputsBase<WeightsToInputs> {
  using NNWeightsToInputsBase::NNWeightsToInputsBase;

  void runOnOperation() override {
    WeightInputOptions options{std::vector<std::string>(nodes.begin(), nodes.end()), biases};
    if (failed(weightsToInputs(getOperation(), options)))
      signalPassFailure();
  }
};
} // namespace
