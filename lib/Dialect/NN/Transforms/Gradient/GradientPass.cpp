//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The pass nn-gradient: options become those of buildGradient.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Gradient.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNGRADIENT
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

static std::optional<Loss> parseLoss(StringRef name) {
  if (name == "mse")
    return Loss::MeanSquare;
  if (name == "kl")
    return Loss::KL;
  if (name == "cross-entropy")
    return Loss::CrossEntropy;
  if (name == "output")
    return Loss::Cotangent;
  return std::nullopt;
}

namespace {
struct Gradient : quantc::nn::impl::NNGradientBase<Gradient> {
  using NNGradientBase::NNGradientBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    registerGradients(registry);
  }

  void runOnOperation() override {
    std::optional<Loss> parsed = parseLoss(loss);
    if (!parsed)
      return fail("loss mse, kl, cross-entropy or output", loss);
    if (recompute != "none" && recompute != "blocks")
      return fail("recompute none or blocks", recompute);
    GradientOptions options;
    options.loss = *parsed;
    options.output = output;
    options.wrt.assign(wrt.begin(), wrt.end());
    options.stop.assign(stop.begin(), stop.end());
    options.mean = mean;
    options.ignoreIndex = ignoreIndex;
    options.recompute = recompute == "blocks";
    options.keepOutputs = keepOutputs;
    FailureOr<GradientSignature> signature = buildGradient(getOperation(), options);
    if (failed(signature))
      return signalPassFailure();
    if (options.recompute && signature->blocks == 0)
      getOperation().emitRemark(
          "nn-gradient: nothing is computed again: no cut of the way saves memory");
  }

  void fail(StringRef expected, const std::string &found) {
    getOperation().emitError("nn-gradient: expected ")
        << expected << ", but found '" << found << "'";
    signalPassFailure();
  }
};
} // namespace
