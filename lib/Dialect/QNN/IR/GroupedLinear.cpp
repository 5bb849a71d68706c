//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Type and constraints of qnn.grouped_linear. Labels [QNN-GL-*] are explained in
// docs/Dialects/QNN.md.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Matchers.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc::qnn;

/// Sums of a group of 8-bit products stay within 32 bits.
static constexpr int64_t mostGroup = int64_t(1) << 16;

static constexpr llvm::StringLiteral ranksExpected =
    "expected an input of rank 1 or more and codes of rank 2, but found ";
static bool ranksFit(RankedTensorType input, RankedTensorType codes) {
  return input.getRank() > 0 && codes.getRank() == 2;
}

LogicalResult GroupedLinearOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                                Adaptor adaptor,
                                                SmallVectorImpl<Type> &inferredTypes) {
  auto input = cast<RankedTensorType>(adaptor.getInput().getType());
  auto codes = cast<RankedTensorType>(adaptor.getCodes().getType());
  if (!ranksFit(input, codes))
    return emitOptionalError(location, ranksExpected, input, " and ", codes, " [QNN-GL-1]");
  SmallVector<int64_t> shape(input.getShape());
  shape.back() = codes.getDimSize(0);
  inferredTypes.push_back(RankedTensorType::get(shape, input.getElementType()));
  return success();
}

static LogicalResult verifyFormat(GroupedLinearOp op) {
  if (op.getFormat().getBits() != 4)
    return op.emitOpError("expected a format of 4 bits, but found ")
           << op.getFormat().getBits() << " [QNN-GL-2]";
  int64_t bits = op.getActivationBits();
  if ((bits < 2 || bits > 8) && bits != 16)
    return op.emitOpError("expected activations of 2 to 8 or 16 bits, but found ")
           << op.getActivationBits() << " [QNN-GL-3]";
  int64_t group = op.getGroup(), inputs = op.getInput().getType().getShape().back();
  if (group < 1 || (group % 8 != 0 && group < inputs))
    return op.emitOpError("expected a group of a multiple of 8 inputs, or of all ")
           << inputs << ", but found " << group << " [QNN-GL-4]";
  if (bits != 16 && std::min(group, inputs) > mostGroup)
    return op.emitOpError("expected groups of at most 65536 inputs for activations in integers, "
                          "but found ")
           << std::min(group, inputs) << " [QNN-GL-4]";
  if (bits == 16 && (op.getActivationClip() || op.getActivationGroups()))
    return op.emitOpError("expected float activations to have neither a clip nor scales of groups "
                          "[QNN-GL-8]");
  if (float clip = op.getClip(); !(clip > 0 && clip <= 1))
    return op.emitOpError("expected an activation clip in (0, 1], but found ")
           << op.getActivationClipAttr() << " [QNN-GL-8]";
  return success();
}

/// Constant zero points lie in the range of codes; others are checked when the op runs.
static LogicalResult verifyZeroPoints(GroupedLinearOp op) {
  DenseIntElementsAttr values;
  if (!op.getZeroPoints() || !matchPattern(op.getZeroPoints(), m_Constant(&values)))
    return success();
  auto [lo, hi] = op.getCodeRange();
  size_t distinct = values.isSplat() ? 1 : values.getNumElements();
  for (const APInt &value :
       llvm::make_range(values.value_begin<APInt>(), values.value_begin<APInt>() + distinct))
    if (value.getSExtValue() < lo || value.getSExtValue() > hi)
      return op.emitOpError("expected zero points in ")
             << lo << ".." << hi << ", but found " << value.getSExtValue() << " [QNN-GL-6]";
  return success();
}

std::pair<int64_t, int64_t> GroupedLinearOp::getCodeRange() {
  return getFormat().getIsSigned() ? std::pair<int64_t, int64_t>(-8, 7)
                                   : std::pair<int64_t, int64_t>(0, 15);
}

LogicalResult GroupedLinearOp::verify() {
  RankedTensorType input = getInput().getType(), codes = getCodes().getType();
  if (!ranksFit(input, codes))
    return emitOpError(ranksExpected) << input << " and " << codes << " [QNN-GL-1]";
  int64_t inputs = input.getShape().back(), outputs = codes.getDimSize(0);
  if (ShapedType::isDynamic(inputs) || inputs < 1 || !codes.hasStaticShape())
    return emitOpError("expected a static last axis and static codes, but found ")
           << input << " and " << codes << " [QNN-GL-1]";
  if (failed(verifyFormat(*this)))
    return failure();
  if (codes.getDimSize(1) != int64_t(llvm::divideCeil(inputs, 2)))
    return emitOpError("expected ") << llvm::divideCeil(inputs, 2) << " bytes of codes a row, but "
                                    << "found " << codes.getDimSize(1) << " [QNN-GL-1]";
  SmallVector<int64_t> groups = {outputs, int64_t(llvm::divideCeil(inputs, getGroup()))};
  auto fits = [&](Value value, StringRef what, ArrayRef<int64_t> shape, StringRef label) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getShape() == shape)
      return true;
    emitOpError("expected ") << what << " of shape "
                             << RankedTensorType::get(shape, type.getElementType())
                             << ", but found " << type << " [" << label << "]";
    return false;
  };
  if (!fits(getScales(), "scales", groups, "QNN-GL-5") ||
      (getZeroPoints() && !fits(getZeroPoints(), "zero points", groups, "QNN-GL-6")) ||
      (getBias() && !fits(getBias(), "a bias", {outputs}, "QNN-GL-7")))
    return failure();
  return verifyZeroPoints(*this);
}
