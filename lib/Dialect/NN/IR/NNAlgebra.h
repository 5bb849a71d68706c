//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the ops of nn share in their answers about transforms of channels.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_NN_IR_NNALGEBRA_H
#define QUANTC_DIALECT_NN_IR_NNALGEBRA_H

#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/ChannelAlgebra.h"

namespace quantc::nn::algebra {

using Kind = TransformKind;
using Others = llvm::SmallVector<Carry::Other, 2>;

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}
inline int64_t rankOf(mlir::Value value) { return static_cast<int64_t>(shapeOf(value).size()); }

/// The port at the other end of an op of one tensor in and one out.
inline Port across(Port port) { return port.isResult ? Port::operand(0) : Port::result(0); }

/// Whether all digits lie along `axis`.
inline bool liesAlong(const ChannelSlot &slot, int64_t axis) { return slot.singleAxis() == axis; }

/// The slot with every digit moved to `axis`, for slots that lie along one.
ChannelSlot onAxis(const ChannelSlot &slot, int64_t axis);

/// The op's other end carries the transform as well, in the same place.
Carry passAcross(Port port, const ChannelSlot &slot);
/// For functions of one element that are not linear: f(x_p(c)) = f(x)_p(c) and no more.
Carry carryPermutation(Kind kind, Port port, const ChannelSlot &slot);
/// For f with f(s x) = s f(x) for s > 0.
Carry carryHomogeneous(Kind kind, Port port, const ChannelSlot &slot);

/// Replaces a constant operand by its transformed copy; fails when its bytes are not there. Where
/// `view` is not empty, `slot` is one of the constant in that shape.
llvm::LogicalResult transformOperand(mlir::OpBuilder &builder, mlir::OpOperand &operand,
                                     const ChannelSlot &slot, const ChannelTransform &transform,
                                     bool dual, bool inverse, llvm::StringRef name,
                                     llvm::ArrayRef<int64_t> view = {});

} // namespace quantc::nn::algebra

#endif // QUANTC_DIALECT_NN_IR_NNALGEBRA_H
