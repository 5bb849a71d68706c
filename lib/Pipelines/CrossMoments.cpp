//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moments of both models for rounding that aims at the float outputs: a copy is rounded by plain
// GPTQ and quantized as the recipe says, and runs beside the float graph.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/CrossMoments.h"
#include "RunPasses.h"
#include "quantc/Execution/JITExecutor.h"
#include "quantc/Interfaces/WeightScope.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Errors.h"

using namespace mlir;
using namespace quantc;

/// While `module` holds this, passes over it do not free the weights of `owner`.
static constexpr llvm::StringLiteral keptAttr = "quantc.kept_beside";

static void keepWeightsOf(ModuleOp owner, ModuleOp module) {
  SmallVector<Attribute> kept;
  owner.walk([&](Operation *op) {
    if (op->getNumResults() != 1)
      return;
    if (auto weights =
            dyn_cast_or_null<DenseResourceElementsAttr>(getConstantElements(op->getResult(0))))
      kept.push_back(weights);
  });
  module->setAttr(keptAttr, ArrayAttr::get(module.getContext(), kept));
}

llvm::Expected<CrossMomentTable> Compiler::collectCrossMoments(const MomentTable &moments,
                                                               qnn::RoundOptions roundOptions) {
  if (!dataSet)
    return makeError("weight-rounding gptaq: expected calibration data, but none was given");
  WeightScope scope(&context);
  OwningOpRef<ModuleOp> floats = ir->clone(), quantized = ir->clone();
  qnn::observeInputs(*floats);
  auto floatModel = JITExecutor::create(*floats, kernels::bestHostLevel(), options.threads);
  if (!floatModel)
    return floatModel.takeError();
  // Observers before codes: the packed layers that follow are no linear maps.
  qnn::observeInputs(*quantized);
  keepWeightsOf(*ir, *quantized);
  roundOptions.checkpoint = nullptr;
  if (failed(qnn::roundWeights(*quantized, moments, roundOptions)) ||
      failed(runPasses(*quantized, stagePipeline(Stage::Quantized, options.recipe))))
    return makeError("the model could not be quantized for its moments");
  (*quantized)->removeAttr(keptAttr);
  auto quantizedModel = JITExecutor::create(*quantized, kernels::bestHostLevel(), options.threads);
  if (!quantizedModel)
    return quantizedModel.takeError();
  MomentOptions momentOptions;
  momentOptions.memoryCap = options.calibrationMemory;
  momentOptions.threads = options.threads;
  momentOptions.progress = options.progress;
  return quantc::collectCrossMoments(*dataSet, **floatModel, **quantizedModel, momentOptions);
}
