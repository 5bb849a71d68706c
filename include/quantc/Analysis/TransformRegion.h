//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How far a transform of channels reaches from one value: every value that must carry it, the ops
// that take it up, and the places where the graph refuses it (docs/ChannelAlgebra.md).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ANALYSIS_TRANSFORMREGION_H
#define QUANTC_ANALYSIS_TRANSFORMREGION_H

#include "mlir/IR/Operation.h"
#include "quantc/Interfaces/ChannelAlgebra.h"

namespace quantc {

struct TransformRegion {
  /// A value that carries the transform, or its inverse.
  struct Member {
    mlir::Value value;
    ChannelSlot slot;
    bool inverse;
  };
  /// A port whose op changes its parameters, if it has any.
  struct Application {
    mlir::Operation *op;
    Port port;
    ChannelSlot slot;
    bool inverse;
  };
  /// A constant operand that carries the transform: this use of it gets a copy.
  struct Constant {
    mlir::OpOperand *use;
    ChannelSlot slot;
    bool inverse;
  };
  /// A port that refuses. `use` is null where the value's producer (or the graph's border) does.
  struct Refusal {
    mlir::Value value;
    mlir::OpOperand *use;
    ChannelSlot slot;
    bool inverse;
    std::string reason; ///< names the op
    /// False where one value would need two transforms, or no op does them at run time.
    bool canBeExplicit = true;
  };

  /// A clamp that passes the transform though the algebra alone refuses it (`RegionOptions`).
  struct Clamp {
    mlir::Operation *op;
    ChannelSlot slot;
  };

  TransformKind kind;
  std::vector<Member> members;
  std::vector<Application> applications;
  std::vector<Constant> constants;
  std::vector<Refusal> refusals;
  /// With `aboveShift`, clamps whose operands have to be at least the shift; with `openClamps`,
  /// those that have to lose their upper bound.
  std::vector<Clamp> bounded, opened;

  bool isLegal() const { return refusals.empty(); }
  bool contains(mlir::Value value) const;
  /// Linear maps (LinearMapOpInterface) that read a member.
  llvm::SmallVector<mlir::Operation *> readers() const;
};

/// What is granted beyond the algebra, for who makes sure of it.
struct RegionOptions {
  /// A shift z >= 0 passes a ReLU: relu(x - z) = relu(x) - z for x >= z.
  bool aboveShift = false;
  /// A clamp to [0, hi] counts as a ReLU.
  bool openClamps = false;
};

/// The region of `seed`, whose channels lie in `slot`.
TransformRegion findTransformRegion(mlir::Value seed, const ChannelSlot &slot, TransformKind kind,
                                    const RegionOptions &options = {});

/// Changes the parameters and constants of a region. Refused ports stay as they are: the caller has
/// put explicit ops there (`makeExplicit`), or the region is legal. Fails with a diagnostic when a
/// constant's bytes are not there.
llvm::LogicalResult applyTransformRegion(const TransformRegion &region,
                                         const ChannelTransform &transform);

/// Puts an op in front of a refusing use, or behind a refusing producer, that undoes or does the
/// transform at run time: a linear map for a rotation, a product for a scale, a sum for a shift,
/// the difference to the mean for a centering. False when there is no such op, or the value does
/// not belong to the body of a function.
bool makeExplicit(const TransformRegion::Refusal &refusal, const ChannelTransform &transform);

} // namespace quantc

#endif // QUANTC_ANALYSIS_TRANSFORMREGION_H
