//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls of the fp32 kernels (quantc/Kernels/FloatKernels.def) and of the kernels that convert and
// move data (quantc/Kernels/DataKernels.def).
//
//===----------------------------------------------------------------------===//

#include "KernCalls.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::kern;
using kernels::KernelId;

static MemRefType memrefType(Value value) { return cast<MemRefType>(value.getType()); }

/// The trailing clamp arguments of the fp32 convolutions.
template <typename Op> static void clampArguments(CallBuilder &call, Op op) {
  bool clamps = op.getClampLo() || op.getClampHi();
  call.ints({clamps ? 1 : 0})
      .real(op.getClampLo() ? op.getClampLo()->convertToFloat() : -INFINITY)
      .real(op.getClampHi() ? op.getClampHi()->convertToFloat() : INFINITY);
}

//===----------------------------------------------------------------------===//
// Linear maps
//===----------------------------------------------------------------------===//

KernelId ConvF32Op::getKernelId() { return KernelId::conv_f32; }
SmallVector<int64_t> ConvF32Op::getUnits() {
  Image out(getOut());
  return {out.batch * out.height,
          int64_t(getGroups()) * kernels::convPanelsPerGroup(out.channels / getGroups())};
}
int64_t ConvF32Op::getWork() {
  kernels::ConvShape shape = convShape(*this);
  return 4 * numElements(getOut()) * shape.groupC * shape.kernelH * shape.kernelW;
}
void ConvF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  kernels::ConvShape shape = convShape(*this);
  kernels::ConvPlan plan = kernels::planConv(shape);
  CallBuilder call(arguments);
  call.pointer(getOut())
      .pointer(getInput())
      .pointer(getWeight())
      .pointer(getBias())
      .range(0)
      .range(1)
      .ints({out.height, out.width, in.batchStride, plan.inRowStep, plan.inPixelStep})
      .ints({plan.segH, plan.segW, plan.segLen, plan.segStrideH, plan.segStrideW})
      .ints({shape.groups, shape.groupN, plan.inGroupStride})
      .ints({out.batchStride, out.rowStride, out.pixelStride});
  clampArguments(call, *this);
}

KernelId DepthwiseConvF32Op::getKernelId() { return KernelId::dwconv_f32; }
SmallVector<int64_t> DepthwiseConvF32Op::getUnits() {
  Image out(getOut());
  return {out.batch * out.height, ceilDiv(out.channels, 64)};
}
int64_t DepthwiseConvF32Op::getWork() {
  return 4 * numElements(getOut()) * getKernel()[0] * getKernel()[1];
}
void DepthwiseConvF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  CallBuilder call(arguments);
  call.pointer(getOut())
      .pointer(getInput())
      .pointer(getWeight())
      .pointer(getBias())
      .range(0)
      .range(1)
      .ints({out.height, out.width, out.channels, in.batchStride, in.rowStride, in.pixelStride})
      .ints({getKernel()[0], getKernel()[1], getStrides()[0], getStrides()[1]})
      .ints({getDilations()[0], getDilations()[1]})
      .ints({out.batchStride, out.rowStride, out.pixelStride});
  clampArguments(call, *this);
}

/// Sizes and strides that the kernels of two activations take, behind pointers and ranges.
template <typename Op> static void matMulShape(CallBuilder &call, Op op) {
  MemRefType out = memrefType(op.getOut());
  auto a = kern::getStrides(op.getLhs().getType()), b = kern::getStrides(op.getRhs().getType()),
       c = kern::getStrides(op.getOut().getType());
  call.ints({out.getDimSize(1), out.getDimSize(2), memrefType(op.getLhs()).getDimSize(2)})
      .ints({a[1], b[1], c[1], a[0], b[0], c[0]});
}

KernelId MatMulF32Op::getKernelId() { return KernelId::matmul_f32; }
SmallVector<int64_t> MatMulF32Op::getUnits() {
  MemRefType out = memrefType(getOut());
  return {out.getDimSize(0) * out.getDimSize(1), ceilDiv(out.getDimSize(2), 32)};
}
int64_t MatMulF32Op::getWork() {
  return 4 * numElements(getOut()) * memrefType(getLhs()).getDimSize(2);
}
void MatMulF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getLhs()).pointer(getRhs()).range(0).range(1);
  matMulShape(call, *this);
}

KernelId MatMulU8Op::getKernelId() { return KernelId::matmul_u8; }
SmallVector<int64_t> MatMulU8Op::getUnits() {
  MemRefType out = memrefType(getOut());
  return {out.getDimSize(0) * out.getDimSize(1)};
}
int64_t MatMulU8Op::getWork() {
  return 4 * numElements(getOut()) * memrefType(getLhs()).getDimSize(2);
}
void MatMulU8Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getLhs()).pointer(getRhs()).range(0);
  matMulShape(call, *this);
  call.ints({int64_t(getLhsZeroPoint()), int64_t(getRhsZeroPoint())});
}

/// [begin, end) ranges, sizes and strides of the kernels with grouped weights, behind pointers.
template <typename Op> static void groupedShape(CallBuilder &call, Op op, int64_t inputs) {
  call.range(0).range(1).ints({memrefType(op.getOut()).getDimSize(1), inputs,
                               int64_t(op.getGroup()), kern::getStrides(op.getInput().getType())[0],
                               kern::getStrides(op.getOut().getType())[0],
                               numElements(op.getZero()) == 1 ? 0 : 1});
}

/// Scales of a row for its groups; 0 where there is one for the row.
static int64_t scaleGroups(Value scales) {
  MemRefType type = memrefType(scales);
  return type.getRank() == 2 ? type.getDimSize(1) : 0;
}

KernelId GroupedLinearF32Op::getKernelId() { return KernelId::grouped_linear_f32; }
SmallVector<int64_t> GroupedLinearF32Op::getUnits() {
  MemRefType out = memrefType(getOut());
  return {out.getDimSize(0), kernels::groupedPanels(out.getDimSize(1))};
}
int64_t GroupedLinearF32Op::getWork() {
  return 4 * numElements(getOut()) * memrefType(getInput()).getDimSize(1);
}
void GroupedLinearF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  for (Value buffer : getOperands())
    call.pointer(buffer);
  groupedShape(call, *this, memrefType(getInput()).getDimSize(1));
}

KernelId GroupedLinearS8Op::getKernelId() { return KernelId::grouped_linear_s8; }
SmallVector<int64_t> GroupedLinearS8Op::getUnits() {
  MemRefType out = memrefType(getOut());
  return {out.getDimSize(0), kernels::groupedPanels(out.getDimSize(1))};
}
int64_t GroupedLinearS8Op::getWork() { return numElements(getOut()) * int64_t(getInputs()); }
void GroupedLinearS8Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  for (Value buffer : getOperands())
    call.pointer(buffer);
  groupedShape(call, *this, int64_t(getInputs()));
  call.ints({scaleGroups(getRowScale())});
}

KernelId QuantizeRowsOp::getKernelId() { return KernelId::quantize_rows; }
SmallVector<int64_t> QuantizeRowsOp::getUnits() { return {memrefType(getOut()).getDimSize(0)}; }
int64_t QuantizeRowsOp::getWork() { return 8 * numElements(getInput()); }
void QuantizeRowsOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  for (Value buffer : getOperands())
    call.pointer(buffer);
  call.range(0)
      .ints({memrefType(getInput()).getDimSize(1), int64_t(getGroup()),
             kern::getStrides(getInput().getType())[0], kern::getStrides(getOut().getType())[0],
             int64_t(getMost()), scaleGroups(getScale())})
      .real(getClip() ? getClip()->convertToFloat() : 1.0f);
}

//===----------------------------------------------------------------------===//
// Elementwise and reductions
//===----------------------------------------------------------------------===//

KernelId UnaryF32Op::getKernelId() { return KernelId::unary_f32; }
SmallVector<int64_t> UnaryF32Op::getUnits() { return {numElements(getOut())}; }
int64_t UnaryF32Op::getUnitAlignment(unsigned) { return 16; }
int64_t UnaryF32Op::getWork() { return 8 * numElements(getOut()); }
void UnaryF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .range(0)
      .ints({int64_t(getFunction())})
      .real(getAlpha().convertToFloat())
      .real(getBeta().convertToFloat());
}

static bool isFlat(BinaryF32Op op) {
  ArrayRef<int64_t> shape = memrefType(op.getOut()).getShape();
  return shape == memrefType(op.getLhs()).getShape() &&
         shape == memrefType(op.getRhs()).getShape() && isDense(op.getOut().getType()) &&
         isDense(op.getLhs().getType()) && isDense(op.getRhs().getType());
}
KernelId BinaryF32Op::getKernelId() {
  return isFlat(*this) ? KernelId::binary_f32 : KernelId::binary_f32_nd;
}
SmallVector<int64_t> BinaryF32Op::getUnits() {
  return {isFlat(*this) ? numElements(getOut()) : Loop6(getOut()).outerUnits()};
}
int64_t BinaryF32Op::getUnitAlignment(unsigned) { return isFlat(*this) ? 16 : 1; }
int64_t BinaryF32Op::getWork() { return 4 * numElements(getOut()); }
void BinaryF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder call(arguments);
  call.pointer(getOut()).pointer(getLhs()).pointer(getRhs()).range(0);
  if (!isFlat(*this)) {
    Loop6 o(getOut()), a(getLhs()), b(getRhs());
    call.ints(o.sizes).ints(o.strides).ints(a.strides).ints(b.strides);
  }
  call.ints({int64_t(getFunction())});
}

/// [outer, axis, inner] reductions share their arguments.
template <typename Op> static void axisArguments(SmallVectorImpl<KernelArg> &arguments, Op op) {
  MemRefType in = memrefType(op.getInput());
  CallBuilder(arguments)
      .pointer(op.getOut())
      .pointer(op.getInput())
      .range(0)
      .ints({in.getDimSize(1), in.getDimSize(2)});
}

KernelId SoftmaxF32Op::getKernelId() { return KernelId::softmax_f32; }
SmallVector<int64_t> SoftmaxF32Op::getUnits() { return {memrefType(getInput()).getDimSize(0)}; }
int64_t SoftmaxF32Op::getWork() { return 16 * numElements(getInput()); }
void SoftmaxF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  axisArguments(arguments, *this);
}

KernelId ReduceMeanF32Op::getKernelId() { return KernelId::reduce_mean_f32; }
SmallVector<int64_t> ReduceMeanF32Op::getUnits() { return {memrefType(getInput()).getDimSize(0)}; }
int64_t ReduceMeanF32Op::getWork() { return 4 * numElements(getInput()); }
void ReduceMeanF32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  axisArguments(arguments, *this);
}

//===----------------------------------------------------------------------===//
// Conversion and movement
//===----------------------------------------------------------------------===//

KernelId QuantizeOp::getKernelId() { return KernelId::quantize_f32; }
SmallVector<int64_t> QuantizeOp::getUnits() {
  Image out(getOut());
  return {out.batch * out.height};
}
int64_t QuantizeOp::getWork() { return 8 * numElements(getOut()); }
void QuantizeOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .range(0)
      .ints({out.height, out.width, out.channels})
      .ints({in.batchStride, in.rowStride, in.pixelStride, in.channelStride})
      .ints({out.batchStride, out.rowStride, out.pixelStride})
      .real(getScale().convertToFloat())
      .ints({int64_t(getZeroPoint()), int64_t(getClampLo()), int64_t(getClampHi())});
}

KernelId DequantizeOp::getKernelId() { return KernelId::dequantize_u8; }
SmallVector<int64_t> DequantizeOp::getUnits() {
  Image out(getOut());
  return {out.batch * out.height};
}
int64_t DequantizeOp::getWork() { return 8 * numElements(getOut()); }
void DequantizeOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image in(getInput()), out(getOut());
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .range(0)
      .ints({out.height, out.width, out.channels})
      .ints({out.batchStride, out.rowStride, out.pixelStride, out.channelStride})
      .ints({in.batchStride, in.rowStride, in.pixelStride})
      .real(getScale().convertToFloat())
      .ints({int64_t(getZeroPoint())});
}

KernelId DequantizeI32Op::getKernelId() { return KernelId::dequantize_i32; }
SmallVector<int64_t> DequantizeI32Op::getUnits() { return {memrefType(getOut()).getDimSize(0)}; }
int64_t DequantizeI32Op::getWork() { return 4 * numElements(getOut()); }
void DequantizeI32Op::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .pointer(getScale())
      .range(0)
      .ints({memrefType(getOut()).getDimSize(1), kern::getStrides(getOut().getType())[0],
             kern::getStrides(getInput().getType())[0], numElements(getScale()) == 1 ? 0 : 1});
}

KernelId CopyOp::getKernelId() { return KernelId::copy_nd; }
SmallVector<int64_t> CopyOp::getUnits() { return {Loop6(getOut()).outerUnits()}; }
int64_t CopyOp::getWork() { return 2 * numElements(getOut()); }
void CopyOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Loop6 out(getOut()), in(getInput());
  CallBuilder(arguments)
      .pointer(getOut())
      .pointer(getInput())
      .ints({memrefType(getOut()).getElementTypeBitWidth() / 8})
      .range(0)
      .ints(out.sizes)
      .ints(out.strides)
      .ints(in.strides);
}

KernelId FillBorderOp::getKernelId() { return KernelId::fill_border; }
SmallVector<int64_t> FillBorderOp::getUnits() { return {}; }
int64_t FillBorderOp::getWork() {
  Image out(getOut());
  return out.batch * out.rowStride;
}
void FillBorderOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  Image out(getOut());
  int64_t size = memrefType(getOut()).getElementTypeBitWidth() / 8;
  ArrayRef<int64_t> border = getBorder();
  CallBuilder(arguments)
      .pointer(getOut())
      .ints({out.batch, out.batchStride * size, out.height - border[0] - border[2],
             out.width - border[1] - border[3], out.rowStride * size, out.pixelStride * size})
      .ints({border[0], border[1], border[2], border[3], int64_t(getValue())});
}

KernelId FillOp::getKernelId() { return KernelId::fill; }
SmallVector<int64_t> FillOp::getUnits() { return {getExtentBytes(getOut().getType())}; }
int64_t FillOp::getUnitAlignment(unsigned) { return 64; }
int64_t FillOp::getWork() { return numElements(getOut()) / 16; }
void FillOp::getArguments(SmallVectorImpl<KernelArg> &arguments) {
  CallBuilder(arguments).pointer(getOut()).range(0).ints({int64_t(getValue())});
}
