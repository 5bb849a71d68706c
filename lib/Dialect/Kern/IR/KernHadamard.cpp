//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard transforms: constraints and calls of the kernels.
//
//===----------------------------------------------------------------------===//

#include "KernCalls.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::kern;
using kernels::KernelId;

static MemRefType memrefType(Value value) { return cast<MemRefType>(value.getType()); }

/// The kernel's scratch is for dense factors of at most this order.
constexpr int64_t mostOrder = 1024;

template <typename Op> static LogicalResult verifyHadamard(Op op) {
  MemRefType out = memrefType(op.getOut()), in = memrefType(op.getInput());
  if (out.getRank() != 2 || out.getShape() != in.getShape() || !isDense(out) || !isDense(in))
    return op.emitOpError("expected dense buffers of one shape of rank 2, but found ")
           << in << " and " << out;
  ArrayRef<int64_t> orders = op.getOrders();
  if (orders.size() != 3)
    return op.emitOpError("expected three orders, but found ") << orders.size();
  int64_t length = op.getLength(), inner = op.getInner(), size = 1, codes = 0;
  if (length < 1 || !llvm::isPowerOf2_64(length))
    return op.emitOpError("expected a length that is a power of two, but found ") << length;
  for (int64_t order : orders) {
    if (order < 1 || order > mostOrder || (order > 1 && order % 4 != 0))
      return op.emitOpError("expected orders that are 1 or multiples of 4 up to 1024, but found ")
             << order;
    size *= order;
    codes += order > 1 ? order * order / 4 : 0;
  }
  if (inner < 1 ||
      llvm::SaturatingMultiply<uint64_t>(llvm::SaturatingMultiply<uint64_t>(size, length), inner) !=
          uint64_t(out.getDimSize(1)))
    return op.emitOpError("expected rows of length * orders * inner elements, but found ")
           << out.getDimSize(1);
  if (!memrefType(op.getCodes()).getElementType().isInteger(8) ||
      !isDense(op.getCodes().getType()) || numElements(op.getCodes()) < codes)
    return op.emitOpError("expected ")
           << codes << " bytes of codes, but found " << op.getCodes().getType();
  return success();
}

template <typename Op> static int64_t work(Op op) {
  int64_t additions = llvm::Log2_64(op.getLength()) + 1;
  for (int64_t order : op.getOrders())
    additions += order / 4;
  return additions * numElements(op.getOut());
}

template <typename Op> static CallBuilder &shapeArguments(CallBuilder &call, Op op) {
  return call.pointer(op.getOut())
      .pointer(op.getInput())
      .pointer(op.getCodes())
      .range(0)
      .ints({int64_t(op.getLength())})
      .ints(op.getOrders())
      .ints({int64_t(op.getInner())});
}

KernelId HadamardF32Op::getKernelId() { return KernelId::hadamard_f32; }
SmallVector<int64_t> HadamardF32Op::getUnits() { return {memrefType(getOut()).getDimSize(0)}; }
int64_t HadamardF32Op::getWork() { return work(*this); }
void HadamardF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  shapeArguments(call, *this).real(getScale().convertToFloat());
}
LogicalResult HadamardF32Op::verify() {
  if (!memrefType(getOut()).getElementType().isF32() ||
      !memrefType(getInput()).getElementType().isF32())
    return emitOpError("expected f32 in and out");
  return verifyHadamard(*this);
}

KernelId HadamardU8Op::getKernelId() { return KernelId::hadamard_u8; }
SmallVector<int64_t> HadamardU8Op::getUnits() { return {memrefType(getOut()).getDimSize(0)}; }
int64_t HadamardU8Op::getWork() { return work(*this); }
void HadamardU8Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  shapeArguments(call, *this).ints({int64_t(getZeroPoint())});
}
LogicalResult HadamardU8Op::verify() {
  if (!memrefType(getOut()).getElementType().isInteger(32) ||
      !memrefType(getInput()).getElementType().isInteger(8))
    return emitOpError("expected bytes in and 32-bit integers out");
  return verifyHadamard(*this);
}
