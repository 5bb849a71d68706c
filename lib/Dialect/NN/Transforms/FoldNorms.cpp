//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-fold-norms and nn-layer-norm-to-rms: normalisations that commute with rotations.
//
//===----------------------------------------------------------------------===//

#include "Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/RotationDecision.h"
#include "quantc/Interfaces/Weights.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNFOLDNORMS
#define GEN_PASS_DEF_NNLAYERNORMTORMS
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// The transform of kind Scale or Shift that the constant [channels] says.
static std::optional<ChannelTransform> transformOf(TransformKind kind, Value parameter) {
  std::optional<std::vector<float>> values = readFloats(getConstantElements(parameter));
  if (!values)
    return std::nullopt;
  ChannelTransform transform{kind, static_cast<int64_t>(values->size()), {}, {}, {}, {}};
  std::vector<double> numbers(values->begin(), values->end());
  (kind == TransformKind::Scale ? transform.scale : transform.shift) = std::move(numbers);
  return transform;
}

/// Says what of the norm stands in the way of a rotation, and why it stays.
static void remarkOn(Operation *norm, const Twine &what, const Twine &reason) {
  remarkRotation(norm, RotationKind::Norm, 0, false, what + ": " + reason)
      << "norm '" << getNodeName(norm) << "' " << what << ": " << reason;
}

/// Moves the parameter out of the norm into the linear maps that read its result.
template <typename NormOp>
static bool foldParameter(NormOp norm, TransformKind kind, Value parameter) {
  if (!parameter)
    return true;
  TransformRegion region = findTransformRegion(norm.getResult(), lastAxis(norm.getResult()), kind);
  std::optional<ChannelTransform> transform = transformOf(kind, parameter);
  auto remark = [&](const Twine &reason) {
    remarkOn(norm, kind == TransformKind::Scale ? "keeps its gain" : "keeps its bias", reason);
    return false;
  };
  if (!transform)
    return remark("it is no constant");
  if (!region.isLegal())
    return remark(region.refusals.front().reason);
  if (region.members.size() != 1)
    return remark("others than linear maps read its result");
  // The norm's own side is done by dropping the parameter: a gain may be zero or negative.
  llvm::erase_if(region.applications, [&](const auto &a) { return a.op == norm; });
  return succeeded(applyTransformRegion(region, *transform));
}

namespace {
struct FoldNorms : quantc::nn::impl::NNFoldNormsBase<FoldNorms> {
  void runOnOperation() override {
    SmallVector<LayerNormOp> layerNorms;
    SmallVector<RMSNormOp> rmsNorms;
    getOperation().walk([&](LayerNormOp norm) { layerNorms.push_back(norm); });
    getOperation().walk([&](RMSNormOp norm) { rmsNorms.push_back(norm); });
    for (LayerNormOp norm : layerNorms) {
      // W (g n + b) = (W g) n + W b, with W as it was: the bias goes first.
      if (!foldParameter(norm, TransformKind::Shift, norm.getBias()))
        continue;
      norm.getBiasMutable().clear();
      if (foldParameter(norm, TransformKind::Scale, norm.getGain()))
        norm.getGainMutable().clear();
    }
    for (RMSNormOp norm : rmsNorms)
      if (foldParameter(norm, TransformKind::Scale, norm.getGain()))
        norm.getGainMutable().clear();
  }
};

struct LayerNormToRMS : quantc::nn::impl::NNLayerNormToRMSBase<LayerNormToRMS> {
  void runOnOperation() override {
    SmallVector<LayerNormOp> norms;
    getOperation().walk([&](LayerNormOp norm) { norms.push_back(norm); });
    llvm::DenseSet<Value> done;
    for (LayerNormOp norm : norms) {
      if (norm.getBias())
        remarkOn(norm, "stays a layer_norm", "it has a bias");
      else if (!done.contains(norm.getInput()) && failed(centerStream(norm, done)))
        return signalPassFailure();
    }
    for (LayerNormOp norm : norms) {
      if (!centered.contains(norm.getInput()) || norm.getBias())
        continue;
      OpBuilder builder(norm);
      Value rms = RMSNormOp::create(builder, norm.getLoc(), norm.getType(), norm.getInput(),
                                    norm.getGain(), norm.getEpsilon());
      norm.replaceAllUsesWith(rms);
      norm.erase();
    }
  }

  /// Removes the mean from everything that writes the stream which `norm` reads.
  LogicalResult centerStream(LayerNormOp norm, llvm::DenseSet<Value> &done) {
    TransformRegion region =
        findTransformRegion(norm.getInput(), lastAxis(norm.getInput()), TransformKind::Centering);
    for (const TransformRegion::Member &member : region.members)
      done.insert(member.value);
    for (const TransformRegion::Refusal &refusal : region.refusals)
      if (refusal.use || !refusal.canBeExplicit) {
        remarkOn(norm, "stays a layer_norm", refusal.reason);
        return success();
      }
    ChannelTransform center{
        TransformKind::Centering, lastAxis(norm.getInput()).size(), {}, {}, {}, {}};
    for (const TransformRegion::Refusal &refusal : region.refusals)
      if (!makeExplicit(refusal, center)) {
        remarkOn(norm, "stays a layer_norm", refusal.reason);
        return success();
      }
    if (failed(applyTransformRegion(region, center)))
      return failure();
    for (const TransformRegion::Member &member : region.members)
      centered.insert(member.value);
    // A producer that was made explicit has another value in front of the norms now.
    for (const TransformRegion::Application &application : region.applications)
      if (!application.port.isResult)
        centered.insert(application.op->getOperand(application.port.index));
    return success();
  }

  llvm::DenseSet<Value> centered;
};
} // namespace
