//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-scale-rotated: scales of channels beside learned rotations.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/NN/Transforms/Rotations.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNSCALEROTATED
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

/// Scaled heads look like any others, and scaled norms change the numbers of streams.
static constexpr llvm::StringLiteral scaledAttr = "quantc.rotated_scales";

namespace {
struct ScaleRotated : quantc::nn::impl::NNScaleRotatedBase<ScaleRotated> {
  using NNScaleRotatedBase::NNScaleRotatedBase;

  LogicalResult scale(ArrayRef<Value> inputs, int64_t channels, int64_t number,
                      const ScaleTable &scales) {
    for (auto [i, input] : llvm::enumerate(inputs)) {
      auto found = scales.find({number, int64_t(i)});
      if (found == scales.end())
        continue;
      if (int64_t(found->second.size()) != channels)
        return emitError(input.getLoc())
               << "expected " << channels << " scales in '" << rotations << "'";
      TransformRegion region = findScaleRegion(input, channels);
      if (!region.isLegal())
        return emitError(input.getLoc())
               << "the scales in '" << rotations
               << "' are not taken up: " << region.refusals.front().reason;
      if (failed(applyTransformRegion(region,
                                      {TransformKind::Scale, channels, found->second, {}, {}, {}})))
        return failure();
      ++scaled;
      hasScaled = true;
    }
    return success();
  }

  bool hasScaled = false;

  void runOnOperation() override {
    hasScaled = false;
    if (getOperation()->hasAttr(scaledAttr))
      return;
    llvm::Expected<RotationTable> table = readRotations(rotations);
    if (!table) {
      emitError(getOperation().getLoc())
          << "nn-scale-rotated: " << llvm::toString(table.takeError());
      return signalPassFailure();
    }
    // A scaled norm has a gain, and would start no stream.
    std::vector<ResidualStream> streams = findResidualStreams(getOperation(), /*maxExplicit=*/0);
    std::vector<HeadValues> heads = findHeadValues(getOperation());
    for (const ResidualStream &stream : streams)
      if (failed(scale(stream.inputs, stream.channels, stream.number, table->streamScales)))
        return signalPassFailure();
    for (const HeadValues &values : heads)
      if (failed(scale(values.inputs, values.channels, values.number, table->headScales)))
        return signalPassFailure();
    if (hasScaled)
      getOperation()->setAttr(scaledAttr, UnitAttr::get(&getContext()));
  }
};
} // namespace
