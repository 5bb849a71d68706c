//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// nn-rotate: rotations that the weights on both sides take up.
//
//===----------------------------------------------------------------------===//

#include "Values.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Analysis/TransformRegion.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/Transforms/Passes.h"
#include "quantc/Dialect/NN/Transforms/Rotations.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/RotationDecision.h"
#include "quantc/Interfaces/Weights.h"

namespace quantc::nn {
#define GEN_PASS_DEF_NNROTATE
#include "quantc/Dialect/NN/Transforms/Passes.h.inc"
} // namespace quantc::nn

using namespace mlir;
using namespace quantc;
using namespace quantc::nn;

namespace {
struct Rotate : quantc::nn::impl::NNRotateBase<Rotate> {
  using NNRotateBase::NNRotateBase;

  void runOnOperation() override;

private:
  /// R of `channels` channels, the learned one where there is one, and its description for the
  /// remark. Fails with an error at `op` where the learned one has another size.
  FailureOr<std::pair<ChannelTransform, std::string>>
  makeRotation(Operation *op, int64_t channels, int64_t number,
               const std::map<int64_t, std::vector<double>> &matrices) const;
  /// Rotates the region of a residual stream or says why not.
  LogicalResult rotateStream(RMSNormOp norm, const TransformRegion &region, int64_t number);
  /// Rotates the values of an attention along the head's channels, where everything takes it up.
  LogicalResult rotateHeads(MatMulOp product, const TransformRegion &region, int64_t number);

  RotationTable learned;
};
} // namespace

FailureOr<std::pair<ChannelTransform, std::string>>
Rotate::makeRotation(Operation *op, int64_t channels, int64_t number,
                     const std::map<int64_t, std::vector<double>> &matrices) const {
  ChannelTransform transform{TransformKind::Rotation, channels, {}, {}, {}, {}};
  auto matrix = matrices.find(number);
  if (matrix == matrices.end()) {
    std::string text;
    transform.rotation = fixedRotation(channels, seed + number, kind == "hadamard", text);
    return std::pair{std::move(transform), std::move(text)};
  }
  if (int64_t(matrix->second.size()) != channels * channels)
    return op->emitError() << "node '" << getNodeName(op) << "': expected a rotation of "
                           << channels << " channels in '" << rotations << "'";
  transform.rotation = matrix->second;
  return std::pair{std::move(transform), std::string("learned")};
}

LogicalResult Rotate::rotateStream(RMSNormOp norm, const TransformRegion &region, int64_t number) {
  ChannelSlot slot = lastAxis(norm.getInput());
  for (const TransformRegion::Refusal &refusal : region.refusals)
    if (!refusal.canBeExplicit || region.refusals.size() > maxExplicit) {
      remarkRotation(norm, RotationKind::Stream, slot.size(), false, refusal.reason)
          << "the stream that norm '" << getNodeName(norm)
          << "' reads is not rotated: " << refusal.reason;
      return success();
    }
  auto rotation = makeRotation(norm, slot.size(), number, learned.streams);
  if (failed(rotation))
    return failure();
  auto &[transform, text] = *rotation;
  std::string all = text;
  for (const TransformRegion::Refusal &refusal : region.refusals) {
    all += "; at run time where the graph refuses: " + refusal.reason;
    if (!makeExplicit(refusal, transform))
      return norm.emitError() << "no op rotates in front of " << refusal.reason;
    norm.emitRemark() << "the stream of norm '" << getNodeName(norm)
                      << "' is rotated at run time where the graph refuses: " << refusal.reason;
  }
  remarkRotation(norm, RotationKind::Stream, slot.size(), true, all)
      << "the stream of norm '" << getNodeName(norm) << "' is rotated: " << slot.size()
      << " channels, " << text << ", " << region.members.size() << " values, "
      << region.readers().size() << " linear maps read it";
  return applyTransformRegion(region, transform);
}

/// A norm that lets no rotation through keeps its stream as it is.
static void explainNorm(Operation *op) {
  if (!isa<RMSNormOp, LayerNormOp>(op))
    return;
  ChannelSlot slot = lastAxis(op->getOperand(0));
  Carry carry =
      cast<ChannelAlgebraInterface>(op).carry(TransformKind::Rotation, Port::operand(0), slot);
  if (carry.verdict == Carry::Refuse)
    remarkRotation(op, RotationKind::Stream, slot.size(), false, carry.reason)
        << "the stream that norm '" << getNodeName(op)
        << "' reads is not rotated: " << carry.reason;
}

LogicalResult Rotate::rotateHeads(MatMulOp product, const TransformRegion &region, int64_t number) {
  ChannelSlot slot = lastAxis(product.getResult());
  if (!region.isLegal()) {
    // Scores end at their softmax; of the means of values, which a shift passes, one can ask why.
    if (product.carry(TransformKind::Shift, Port::operand(1), lastAxis(product.getRhs())).verdict !=
        Carry::Refuse)
      remarkRotation(product, RotationKind::Heads, slot.size(), false,
                     region.refusals.front().reason)
          << "the heads of '" << getNodeName(product)
          << "' are not rotated: " << region.refusals.front().reason;
    return success();
  }
  if (region.readers().empty()) // no weight on either side takes it up
    return success();
  auto rotation = makeRotation(product, slot.size(), number, learned.heads);
  if (failed(rotation))
    return failure();
  auto &[transform, text] = *rotation;
  remarkRotation(product, RotationKind::Heads, slot.size(), true, text)
      << "the heads of '" << getNodeName(product) << "' are rotated: " << slot.size()
      << " channels, " << text;
  return applyTransformRegion(region, transform);
}

void Rotate::runOnOperation() {
  if (kind != "hadamard" && kind != "orthogonal") {
    emitError(getOperation().getLoc())
        << "nn-rotate: expected kind hadamard or orthogonal, but found '" << kind << "'";
    return signalPassFailure();
  }
  if (!rotations.empty()) {
    llvm::Expected<RotationTable> table = readRotations(rotations);
    if (!table) {
      emitError(getOperation().getLoc()) << "nn-rotate: " << llvm::toString(table.takeError());
      return signalPassFailure();
    }
    learned = std::move(*table);
  }
  if (residual)
    getOperation().walk(explainNorm);
  auto ofStream = [&](Operation *op, const TransformRegion &region, int64_t number) {
    return rotateStream(cast<RMSNormOp>(op), region, number);
  };
  auto ofHeads = [&](Operation *op, const TransformRegion &region, int64_t number) {
    return heads ? rotateHeads(cast<MatMulOp>(op), region, number) : success();
  };
  if (failed(visitRotated(getOperation(), residual, ofStream, ofHeads)))
    signalPassFailure();
}
