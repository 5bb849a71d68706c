//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the integer kernels (quantc/Kernels/IntegerKernels.def).
//
//===----------------------------------------------------------------------===//

#include "KernCalls.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::kern;
using kernels::KernelId;

Loop6::Loop6(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> memStrides = getStrides(type);
  int64_t lead = 6 - type.getRank();
  for (int64_t i = 0; i < 6; ++i) {
    sizes[i] = i < lead ? 1 : type.getDimSize(i - lead);
    strides[i] = i < lead || sizes[i] == 1 ? 0 : memStrides[i - lead];
  }
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

KernelId ConvOp::getKernelId() { return KernelId::conv_u8s8; }
SmallVector<int64_t> ConvOp::getUnits() {
  Image out(getOut());
  return {out.batch * out.height,
          int64_t(getGroups()) * kernels::convPanelsPerGroup(out.channels / getGroups())};
}
int64_t ConvOp::getWork() {
  kernels::ConvShape shape = convShape(*this);
  return numElements(getOut()) * shape.groupC * shape.kernelH * shape.kernelW;
}
void ConvOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  kernels::ConvShape shape = convShape(*this);
  kernels::ConvPlan plan = kernels::planConv(shape);
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .pointer(getWeight())
      .pointer(getBias())
      .pointer(getMultiplier())
      .pointer(getShift())
      .range(0)
      .range(1)
      .ints({out.height, out.width, in.batchStride, plan.inRowStep, plan.inPixelStep})
      .ints({plan.segH, plan.segW, plan.segLen, plan.segStrideH, plan.segStrideW})
      .ints({shape.groups, shape.groupN, plan.inGroupStride})
      .ints({out.batchStride, out.rowStride, out.pixelStride})
      .ints({int64_t(getEpilogue()), int64_t(getZeroPoint()), int64_t(getClampLo()),
             int64_t(getClampHi()), int64_t(getAccLo()), int64_t(getAccHi())});
}

KernelId DepthwiseConvOp::getKernelId() { return KernelId::dwconv_u8s8; }
SmallVector<int64_t> DepthwiseConvOp::getUnits() {
  Image out(getOut());
  return {out.batch * out.height, ceilDiv(out.channels, 64)};
}
int64_t DepthwiseConvOp::getUnitAlignment(unsigned axis) { return axis == 0 ? getRowAlign() : 1; }
int64_t DepthwiseConvOp::getWork() {
  return numElements(getOut()) * getKernel()[0] * getKernel()[1];
}
void DepthwiseConvOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  ArrayRef<int64_t> kernel = getKernel();
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .pointer(getWeight())
      .pointer(getBias())
      .pointer(getMultiplier())
      .pointer(getShift())
      .range(0)
      .range(1)
      .ints({out.height, out.width, out.channels, in.batchStride, in.rowStride, in.pixelStride})
      .ints({kernel[0], kernel[1], getStrides()[0], getStrides()[1]})
      .ints({getDilations()[0], getDilations()[1]})
      .ints({out.batchStride, out.rowStride, out.pixelStride})
      .ints({int64_t(getEpilogue()), int64_t(getZeroPoint()), int64_t(getClampLo()),
             int64_t(getClampHi()), int64_t(getAccLo()), int64_t(getAccHi())});
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// Dense buffers of one shape take the flat kernel; anything else the strided one.
static bool isFlat(Value out, Value lhs, Value rhs) {
  auto shape = [](Value v) { return cast<MemRefType>(v.getType()).getShape(); };
  return shape(out) == shape(lhs) && shape(out) == shape(rhs) && isDense(out.getType()) &&
         isDense(lhs.getType()) && isDense(rhs.getType());
}

static SmallVector<int64_t> binaryUnits(Value out, Value lhs, Value rhs) {
  return {isFlat(out, lhs, rhs) ? numElements(out) : Loop6(out).outerUnits()};
}

/// Strides of an operand along the output's axes: 0 where the operand has extent 1.
static void loopArguments(CallBuilder &call, Value out, Value lhs, Value rhs) {
  Loop6 o(out), a(lhs), b(rhs);
  call.ints(o.sizes).ints(o.strides).ints(a.strides).ints(b.strides);
}

KernelId AddOp::getKernelId() {
  return isFlat(getOut(), getLhs(), getRhs()) ? KernelId::add_u8 : KernelId::add_u8_nd;
}
SmallVector<int64_t> AddOp::getUnits() { return binaryUnits(getOut(), getLhs(), getRhs()); }
int64_t AddOp::getUnitAlignment(unsigned) { return getKernelId() == KernelId::add_u8 ? 64 : 1; }
int64_t AddOp::getWork() { return numElements(getOut()); }
void AddOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getLhs()).pointer(getRhs()).range(0);
  if (!isFlat(getOut(), getLhs(), getRhs()))
    loopArguments(call, getOut(), getLhs(), getRhs());
  call.ints({int64_t(getLhsMultiplier()), int64_t(getRhsMultiplier()), int64_t(getShift())})
      .ints({int64_t(getLhsZeroPoint()), int64_t(getRhsZeroPoint()), int64_t(getZeroPoint())})
      .ints({int64_t(getClampLo()), int64_t(getClampHi())});
}

KernelId MulOp::getKernelId() {
  return isFlat(getOut(), getLhs(), getRhs()) ? KernelId::mul_u8 : KernelId::mul_u8_nd;
}
SmallVector<int64_t> MulOp::getUnits() { return binaryUnits(getOut(), getLhs(), getRhs()); }
int64_t MulOp::getUnitAlignment(unsigned) { return getKernelId() == KernelId::mul_u8 ? 64 : 1; }
int64_t MulOp::getWork() { return numElements(getOut()); }
void MulOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getLhs()).pointer(getRhs()).range(0);
  if (!isFlat(getOut(), getLhs(), getRhs()))
    loopArguments(call, getOut(), getLhs(), getRhs());
  call.ints({int64_t(getMultiplier()), int64_t(getShift())})
      .ints({int64_t(getLhsZeroPoint()), int64_t(getRhsZeroPoint()), int64_t(getEpilogue())})
      .ints({int64_t(getZeroPoint()), int64_t(getClampLo()), int64_t(getClampHi())});
}

//===----------------------------------------------------------------------===//
// Rows of columns
//===----------------------------------------------------------------------===//

static int64_t rows(Value memref) { return cast<MemRefType>(memref.getType()).getDimSize(0); }
static int64_t columns(Value memref) { return cast<MemRefType>(memref.getType()).getDimSize(1); }
static int64_t rowStride(Value memref) { return getStrides(memref.getType())[0]; }

KernelId RequantizeU8Op::getKernelId() { return KernelId::requantize_u8; }
SmallVector<int64_t> RequantizeU8Op::getUnits() { return {rows(getOut())}; }
int64_t RequantizeU8Op::getWork() { return numElements(getOut()); }
void RequantizeU8Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .range(0)
      .ints({columns(getOut()), rowStride(getOut()), rowStride(getInput())})
      .ints({int64_t(getMultiplier()), int64_t(getShift()), int64_t(getInputZeroPoint())})
      .ints({int64_t(getEpilogue()), int64_t(getZeroPoint()), int64_t(getClampLo()),
             int64_t(getClampHi())});
}

KernelId RequantizeI32Op::getKernelId() { return KernelId::requantize_i32; }
SmallVector<int64_t> RequantizeI32Op::getUnits() { return {rows(getOut())}; }
int64_t RequantizeI32Op::getWork() { return numElements(getOut()); }
void RequantizeI32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .pointer(getMultiplier())
      .pointer(getShift())
      .range(0)
      .ints({columns(getOut()), rowStride(getOut()), rowStride(getInput())})
      .ints({numElements(getMultiplier()) == 1 ? 0 : 1, int64_t(getEpilogue())})
      .ints({int64_t(getZeroPoint()), int64_t(getClampLo()), int64_t(getClampHi())})
      .ints({int64_t(getAccLo()), int64_t(getAccHi())});
}

KernelId LookupOp::getKernelId() { return KernelId::lookup_u8; }
SmallVector<int64_t> LookupOp::getUnits() { return {rows(getOut())}; }
int64_t LookupOp::getWork() { return numElements(getOut()); }
void LookupOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .pointer(getTable())
      .range(0)
      .ints({columns(getOut()), rowStride(getOut()), rowStride(getInput())});
}

//===----------------------------------------------------------------------===//
// Pooling
//===----------------------------------------------------------------------===//

/// The window arguments that all pooling kernels share.
template <typename Op> static void windowArguments(CallBuilder &call, Op op) {
  Image in(op.getInput()), out(op.getOut());
  call.range(0)
      .ints({0, out.channels, out.height, out.width, in.height, in.width})
      .ints({in.batchStride, in.rowStride, in.pixelStride})
      .ints({op.getKernel()[0], op.getKernel()[1], op.getStrides()[0], op.getStrides()[1]})
      .ints({op.getDilations()[0], op.getDilations()[1]});
}
template <typename Op> static int64_t windowWork(Op op) {
  return numElements(op.getOut()) * op.getKernel()[0] * op.getKernel()[1];
}
static SmallVector<int64_t> imageRows(Value out) {
  Image image(out);
  return {image.batch * image.height};
}

KernelId MaxPoolOp::getKernelId() {
  bool isFloat = isa<FloatType>(cast<MemRefType>(getOut().getType()).getElementType());
  return isFloat ? KernelId::max_pool_f32 : KernelId::max_pool_u8;
}
SmallVector<int64_t> MaxPoolOp::getUnits() { return imageRows(getOut()); }
int64_t MaxPoolOp::getWork() { return windowWork(*this); }
void MaxPoolOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image out(getOut());
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getInput());
  windowArguments(call, *this);
  call.ints({getPads()[0], getPads()[1], out.batchStride, out.rowStride, out.pixelStride});
}

KernelId AvgPoolOp::getKernelId() { return KernelId::avg_pool_u8; }
SmallVector<int64_t> AvgPoolOp::getUnits() { return imageRows(getOut()); }
int64_t AvgPoolOp::getWork() { return windowWork(*this); }
void AvgPoolOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image out(getOut());
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getInput()).pointer(getMultiplier()).pointer(getShift());
  windowArguments(call, *this);
  call.ints({getPads()[0], getPads()[1], out.batchStride, out.rowStride, out.pixelStride})
      .ints({numElements(getMultiplier()) == 1 ? 0 : 1, int64_t(getInputZeroPoint())})
      .ints({int64_t(getEpilogue()), int64_t(getZeroPoint()), int64_t(getClampLo()),
             int64_t(getClampHi())});
}

KernelId AvgPoolF32Op::getKernelId() { return KernelId::avg_pool_f32; }
SmallVector<int64_t> AvgPoolF32Op::getUnits() { return imageRows(getOut()); }
int64_t AvgPoolF32Op::getWork() { return windowWork(*this); }
void AvgPoolF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image out(getOut());
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getInput());
  windowArguments(call, *this);
  call.ints({getPads()[0], getPads()[1], getPads()[2], getPads()[3]})
      .ints({out.batchStride, out.rowStride, out.pixelStride, getCountIncludePad() ? 1 : 0});
}
