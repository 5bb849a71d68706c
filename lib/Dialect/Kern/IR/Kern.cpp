//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `kern` dialect, and queries on static memref layouts.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/Kern/IR/Kern.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc::kern;

#include "quantc/Dialect/Kern/IR/KernDialect.cpp.inc"
#include "quantc/Dialect/Kern/IR/KernEnums.cpp.inc"
#include "quantc/Dialect/Kern/IR/KernelOpInterface.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/Kern/IR/KernAttrs.cpp.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/Kern/IR/KernOps.cpp.inc"

void KernDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "quantc/Dialect/Kern/IR/KernAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "quantc/Dialect/Kern/IR/KernOps.cpp.inc"
      >();
}

namespace quantc::kern {

SmallVector<int64_t> getStrides(Type memref) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (failed(cast<MemRefType>(memref).getStridesAndOffset(strides, offset)))
    strides.assign(cast<MemRefType>(memref).getRank(), ShapedType::kDynamic);
  return strides;
}

int64_t getOffset(Type memref) {
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (failed(cast<MemRefType>(memref).getStridesAndOffset(strides, offset)))
    return ShapedType::kDynamic;
  return offset;
}

Image::Image(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides = getStrides(type);
  batch = type.getDimSize(0);
  height = type.getDimSize(1);
  width = type.getDimSize(2);
  channels = type.getDimSize(3);
  batchStride = strides[0];
  rowStride = strides[1];
  pixelStride = strides[2];
  channelStride = strides[3];
}

bool isAddressable(Type memref) {
  constexpr int64_t most = int64_t(1) << 40;
  auto type = cast<MemRefType>(memref);
  SmallVector<int64_t> strides = getStrides(type);
  strides.push_back(getOffset(type)); // as of an axis of extent 2
  SmallVector<int64_t> sizes(type.getShape());
  sizes.push_back(2);
  int64_t elements = 1, last = 0, step = 0;
  for (auto [size, stride] : llvm::zip_equal(sizes, strides)) {
    if (size > most || llvm::MulOverflow(elements, std::max<int64_t>(size, 1), elements) ||
        elements > 2 * most)
      return false;
    if (ShapedType::isDynamic(stride) || size < 2)
      continue;
    if (stride < 0 || llvm::MulOverflow(size - 1, stride, step) || step > most - last)
      return false;
    last += step;
  }
  return true;
}

bool isDense(Type memref) {
  auto type = cast<MemRefType>(memref);
  SmallVector<int64_t> strides = getStrides(type);
  int64_t expected = 1;
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    if (type.getDimSize(axis) == 1)
      continue;
    if (strides[axis] != expected)
      return false;
    expected *= type.getDimSize(axis);
  }
  return true;
}

int64_t getExtentBytes(Type memref) {
  auto type = cast<MemRefType>(memref);
  SmallVector<int64_t> strides = getStrides(type);
  int64_t last = 0;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (type.getDimSize(axis) == 0)
      return 0;
    last += (type.getDimSize(axis) - 1) * strides[axis];
  }
  return (last + 1) * (type.getElementTypeBitWidth() / 8);
}

int64_t constantBytes(Operation *op) {
  int64_t bytes = 0;
  for (Value operand : op->getOperands())
    if (auto constant = operand.getDefiningOp<ConstantOp>())
      bytes += getExtentBytes(constant.getType());
  return bytes;
}

} // namespace quantc::kern
