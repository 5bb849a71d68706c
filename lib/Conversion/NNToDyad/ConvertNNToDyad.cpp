//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass `convert-nn-to-dyad`: applies the pattern families, reports what stays float and why,
// and gives the functions integer interfaces where that is asked for.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "quantc/Conversion/NNToDyad/NNToDyad.h"
#include "quantc/Support/Suggest.h"

namespace quantc {
#define GEN_PASS_DEF_CONVERTNNTODYAD
#include "quantc/Conversion/NNToDyad/Passes.h.inc"
} // namespace quantc

using namespace mlir;
using namespace quantc;
using namespace quantc::nntodyad;

/// The reason why an op with an integer form was not converted.
static std::string whyFloat(Operation *op, const State &state) {
  if (op->hasAttr(stayFloatAttr))
    return "it is excluded";
  auto quantizable = dyn_cast<QuantizableOpInterface>(op);
  if (!quantizable)
    return "the op has no integer form";
  for (auto [index, operand] : llvm::enumerate(op->getOperands()))
    if (quantizable.getOperandRole(index) == OperandRole::Activation && !quantizedSource(operand))
      return "operand " + std::to_string(index) + " is not quantized";
  if (auto found = state.reasons.find(op->getLoc()); found != state.reasons.end())
    return found->second;
  return "its result is not quantized";
}

static void reportFloats(ModuleOp module, const State &state) {
  module.walk([&](Operation *op) {
    bool computes =
        isa_and_nonnull<nn::NNDialect>(op->getDialect()) || isa<QuantizableOpInterface>(op);
    if (!computes || op->hasTrait<OpTrait::ConstantLike>())
      return;
    mlir::emitRemark(op->getLoc()) << "node '" << getLocationName(op->getLoc()) << "' ("
                                   << op->getName() << ") stays float: " << whyFloat(op, state);
  });
}

namespace {
struct ConvertNNToDyadPass : quantc::impl::ConvertNNToDyadBase<ConvertNNToDyadPass> {
  using ConvertNNToDyadBase::ConvertNNToDyadBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    constexpr StringRef types[] = {"float", "int8"};
    if (!llvm::is_contained(types, ioType.getValue())) {
      mlir::emitError(module.getLoc())
          << "expected io-type float or int8, but found '" << ioType.getValue() << "'"
          << didYouMean(ioType.getValue(), types);
      return signalPassFailure();
    }
    State state;
    state.quantizedInFile = module->hasAttr(qnn::quantizedInFileAttr);
    RewritePatternSet patterns(&getContext());
    populateContractions(patterns, state);
    populateElementwise(patterns, state);
    populatePooling(patterns, state);
    populateMovement(patterns, state);
    populateRotations(patterns, state);
    GreedyRewriteConfig config;
    config.enableConstantCSE(false); // weights are not compared
    if (failed(applyPatternsGreedily(module, std::move(patterns), config)) || state.failed)
      return signalPassFailure();
    reportFloats(module, state);
    if (ioType == "int8" && failed(convertInterfaces(module)))
      return signalPassFailure();
  }
};
} // namespace
