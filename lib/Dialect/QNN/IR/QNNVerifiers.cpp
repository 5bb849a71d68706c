//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Constraints of the qnn ops. Labels [QNN-Q-*] are explained in docs/Dialects/QNN.md.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include <cmath>

using namespace mlir;
using namespace quantc::qnn;

static bool dimensionsAgree(int64_t a, int64_t b) {
  return ShapedType::isDynamic(a) || ShapedType::isDynamic(b) || a == b;
}

/// A constant scale must be a positive number; others are checked when the module runs. Resource
/// blobs are not read: scales are small and dense.
static LogicalResult verifyConstantScale(Operation *op, Value scale) {
  DenseFPElementsAttr values;
  if (!matchPattern(scale, m_Constant(&values)))
    return success();
  size_t distinct = values.isSplat() ? 1 : values.getNumElements();
  for (const APFloat &value :
       llvm::make_range(values.value_begin<APFloat>(), values.value_begin<APFloat>() + distinct))
    if (!value.isFinite() || value.isNegative() || value.isZero())
      return op->emitOpError("expected a positive finite scale, but found ")
             << value.convertToDouble() << " [QNN-Q-6]";
  return success();
}

/// Constraints shared by quantize and dequantize; `stored` is the integer tensor.
static LogicalResult verifyAffine(Operation *op, RankedTensorType real, RankedTensorType stored,
                                  Value scaleValue, RankedTensorType zeroPoint, int64_t axis) {
  if (failed(verifyCompatibleShape(real, stored)))
    return op->emitOpError("expected operand and result of one shape, but found ")
           << real << " and " << stored << " [QNN-Q-1]";
  auto scale = cast<RankedTensorType>(scaleValue.getType());
  if (!scale.getElementType().isF32())
    return op->emitOpError("expected a scale of type f32, but found ")
           << scale.getElementType() << " [QNN-Q-2]";
  if (zeroPoint.getElementType() != stored.getElementType())
    return op->emitOpError("expected a zero point of type ")
           << stored.getElementType() << ", but found " << zeroPoint.getElementType()
           << " [QNN-Q-3]";
  if (scale.getRank() > 1 || scale.getShape() != zeroPoint.getShape())
    return op->emitOpError("expected scale and zero point of one shape of rank 0 or 1, but found ")
           << scale << " and " << zeroPoint << " [QNN-Q-4]";
  if (scale.getRank() == 1) {
    if (axis < 0 || axis >= real.getRank())
      return op->emitOpError("expected an axis in [0, ")
             << real.getRank() << "), but found " << axis << " [QNN-Q-5]";
    if (!dimensionsAgree(scale.getDimSize(0), real.getDimSize(axis)))
      return op->emitOpError("expected ") << real.getDimSize(axis) << " scales along axis " << axis
                                          << ", but found " << scale.getDimSize(0) << " [QNN-Q-5]";
  }
  return verifyConstantScale(op, scaleValue);
}

unsigned QuantizeOp::getCodeBits() {
  if (std::optional<uint64_t> bits = getBits())
    return unsigned(*bits);
  return cast<IntegerType>(getResult().getType().getElementType()).getWidth();
}

std::pair<int64_t, int64_t> QuantizeOp::getCodeRange() {
  bool isSigned = !cast<IntegerType>(getResult().getType().getElementType()).isUnsigned();
  int64_t codes = int64_t(1) << getCodeBits(), lo = isSigned ? -codes / 2 : 0;
  return {lo, lo + codes - 1};
}

LogicalResult QuantizeOp::verify() {
  unsigned width = cast<IntegerType>(getResult().getType().getElementType()).getWidth();
  if (getBits() && (*getBits() < 1 || *getBits() > width))
    return emitOpError("expected bits in 1..")
           << width << ", but found " << *getBits() << " [QNN-Q-7]";
  return verifyAffine(*this, getInput().getType(), getResult().getType(), getScale(),
                      getZeroPoint().getType(), getAxis());
}

LogicalResult DequantizeOp::verify() {
  return verifyAffine(*this, getResult().getType(), getInput().getType(), getScale(),
                      getZeroPoint().getType(), getAxis());
}
