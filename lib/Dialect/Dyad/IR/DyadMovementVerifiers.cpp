//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Constraints of the dyad ops that move data. Each carries its label from docs/Dialects/Dyad.md.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::dyad;

static LogicalResult expectResult(Operation *op, ArrayRef<int64_t> shape, Type elementType,
                                  RankedTensorType result, StringRef label) {
  if (shapesAgree(shape, result.getShape()) && elementType == result.getElementType())
    return success();
  return op->emitOpError("expected a result of type ")
         << RankedTensorType::get(shape, elementType) << ", but found " << result << " " << label;
}

LogicalResult ConcatOp::verify() {
  if (getInputs().empty())
    return emitOpError("expected at least one operand, but found none [DYAD-CAT-1]");
  auto first = cast<RankedTensorType>(getInputs().front().getType());
  int64_t axis = getAxis();
  if (axis < 0 || axis >= first.getRank())
    return emitOpError("expected an axis in [0, ")
           << first.getRank() << "), but found " << axis << " [DYAD-CAT-1]";
  Dims expected(first.getShape());
  for (Value input : getInputs().drop_front()) {
    auto type = cast<RankedTensorType>(input.getType());
    Dims shape(type.getShape());
    if (shape.size() == expected.size())
      shape[axis] = expected[axis];
    if (!shapesAgree(shape, expected) || type.getElementType() != first.getElementType())
      return emitOpError("expected operands that differ along axis ")
             << axis << " only, but found " << first << " and " << type << " [DYAD-CAT-2]";
    bool dynamic = type.isDynamicDim(axis) || ShapedType::isDynamic(expected[axis]);
    if (dynamic)
      expected[axis] = ShapedType::kDynamic;
    else if (llvm::AddOverflow(expected[axis], type.getDimSize(axis), expected[axis]))
      return emitOpError("expected sizes along axis ")
             << axis << " whose sum fits into 64 bits [DYAD-CAT-2]";
  }
  return expectResult(*this, expected, first.getElementType(), getResult().getType(),
                      "[DYAD-CAT-2]");
}

LogicalResult ReshapeOp::verify() {
  RankedTensorType input = getInput().getType(), result = getResult().getType();
  bool sameCount = true;
  if (input.hasStaticShape() && result.hasStaticShape())
    sameCount = input.getNumElements() == result.getNumElements();
  if (input.getElementType() == result.getElementType() && sameCount &&
      result.getNumDynamicDims() <= 1)
    return success();
  return emitOpError("expected a result with the elements of ")
         << input << " and at most one dynamic dimension, but found " << result << " [DYAD-RSH-1]";
}

LogicalResult TransposeOp::verify() {
  RankedTensorType input = getInput().getType();
  ArrayRef<int64_t> permutation = getPermutation();
  Dims sorted(permutation), shape;
  llvm::sort(sorted);
  bool valid = static_cast<int64_t>(permutation.size()) == input.getRank();
  for (size_t i = 0; i < sorted.size() && valid; ++i)
    valid = sorted[i] == static_cast<int64_t>(i);
  if (!valid)
    return emitOpError("expected a permutation of the ")
           << input.getRank() << " axes, but found [" << permutation << "] [DYAD-TRN-1]";
  for (int64_t axis : permutation)
    shape.push_back(input.getDimSize(axis));
  return expectResult(*this, shape, input.getElementType(), getResult().getType(), "[DYAD-TRN-1]");
}

LogicalResult PadOp::verify() {
  RankedTensorType input = getInput().getType();
  int64_t rank = input.getRank();
  ArrayRef<int64_t> pads = getPads();
  if (static_cast<int64_t>(pads.size()) != 2 * rank ||
      llvm::any_of(pads, [](int64_t pad) { return pad < 0 || pad >= int64_t(1) << 24; }))
    return emitOpError("expected ")
           << 2 * rank << " pads in [0, 2^24), but found [" << pads << "] [DYAD-PAD-1]";
  Dims shape(input.getShape());
  for (int64_t i = 0; i < rank; ++i)
    if (!ShapedType::isDynamic(shape[i]) &&
        llvm::AddOverflow(shape[i], pads[i] + pads[rank + i], shape[i]))
      return emitOpError("expected a padded size that fits into 64 bits, but found ")
             << input << " [DYAD-PAD-2]";
  if (failed(verifyZeroPoint(*this, getValue().getType(), input, "a value")))
    return failure();
  return expectResult(*this, shape, input.getElementType(), getResult().getType(), "[DYAD-PAD-2]");
}
