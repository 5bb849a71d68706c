//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verifiers of `kern`: memory safety of views, and the shapes that the kernels' contracts require.
//
//===----------------------------------------------------------------------===//

#include "KernCalls.h"
#include "quantc/Kernels/Packing.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::kern;

static MemRefType typeOf(Value value) { return cast<MemRefType>(value.getType()); }
static bool isBytes(Value value) { return typeOf(value).getElementType().isInteger(8); }
static bool isI32(Value value) { return typeOf(value).getElementType().isInteger(32); }
static bool isF32(Value value) { return typeOf(value).getElementType().isF32(); }

static bool isStatic(Value value) {
  for (int64_t stride : getStrides(value.getType()))
    if (ShapedType::isDynamic(stride))
      return false;
  return !ShapedType::isDynamic(getOffset(value.getType()));
}

static LogicalResult verifyRank(Operation *op, ArrayRef<Value> values, int64_t rank) {
  for (Value value : values) {
    if (!isStatic(value))
      return op->emitOpError("expected static strides, but found ") << value.getType();
    if (typeOf(value).getRank() != rank)
      return op->emitOpError("expected buffers of rank ")
             << rank << ", but found " << value.getType();
  }
  return success();
}

static LogicalResult verifyInnerDense(Operation *op, ArrayRef<Value> values) {
  for (Value value : values)
    if (typeOf(value).getShape().back() != 1 && getStrides(value.getType()).back() != 1)
      return op->emitOpError("expected a dense innermost axis, but found ") << value.getType();
  return success();
}

static LogicalResult verifyDense(Operation *op, ArrayRef<Value> values) {
  for (Value value : values)
    if (!isDense(value.getType()))
      return op->emitOpError("expected a dense buffer, but found ") << value.getType();
  return success();
}

static LogicalResult verifySameShape(Operation *op, Value a, Value b) {
  if (typeOf(a).getShape() == typeOf(b).getShape())
    return success();
  return op->emitOpError("expected equal shapes, but found ")
         << a.getType() << " and " << b.getType();
}

/// The packed multiplier's element type follows the epilogue.
static LogicalResult verifyMultiplier(Operation *op, Epilogue epilogue, Value multiplier) {
  Type element = typeOf(multiplier).getElementType();
  bool fits = epilogue == Epilogue::Raw || (epilogue == Epilogue::Fma32 && element.isF32()) ||
              (epilogue == Epilogue::Onnx && element.isF32()) ||
              (epilogue == Epilogue::Fma64 && element.isF64()) ||
              (epilogue == Epilogue::Integer && element.isInteger(32));
  if (fits)
    return success();
  return op->emitOpError("expected a multiplier of the type of epilogue ")
         << stringifyEpilogue(epilogue) << ", but found " << element;
}

/// Positions are products of these and of sizes of buffers, and fit into 64 bits.
constexpr int64_t mostWindowValue = int64_t(1) << 22;

/// Spatial extents of a valid convolution: the padded input holds every window.
static LogicalResult verifyWindows(Operation *op, Value in, Value out, ArrayRef<int64_t> kernel,
                                   ArrayRef<int64_t> strides, ArrayRef<int64_t> dilations) {
  if (kernel.size() != 2 || strides.size() != 2 || dilations.size() != 2)
    return op->emitOpError("expected two entries in kernel, strides and dilations");
  for (int i = 0; i < 2; ++i) {
    for (int64_t value : {kernel[i], strides[i], dilations[i]})
      if (value < 1 || value >= mostWindowValue)
        return op->emitOpError("expected positive kernel, strides and dilations below 2^22, but "
                               "found ")
               << value;
    int64_t outputs = std::max<int64_t>(typeOf(out).getDimSize(1 + i), 1);
    int64_t need = (outputs - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1;
    if (need > typeOf(in).getDimSize(1 + i))
      return op->emitOpError("expected an input of at least ")
             << need << " along axis " << 1 + i << ", but found " << in.getType();
  }
  if (typeOf(in).getDimSize(0) != typeOf(out).getDimSize(0))
    return op->emitOpError("expected equal batch sizes");
  return success();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

LogicalResult BufferOp::verify() {
  if (!isDense(getType()) || kern::getOffset(getType()) != 0)
    return emitOpError("expected a dense buffer, but found ") << getType();
  if (getOffset() && (*getOffset() < 0 || *getOffset() % 64 != 0))
    return emitOpError("expected an offset that is a multiple of 64, but found ") << *getOffset();
  return success();
}

LogicalResult ConstantOp::verify() {
  Type element = getValue().getElementType();
  if (getValue().getNumElements() != getType().getNumElements() || !element.isIntOrFloat() ||
      element.getIntOrFloatBitWidth() != getType().getElementTypeBitWidth())
    return emitOpError("expected as many elements of the same width as ") << getType();
  return verifyDense(*this, {getResult()});
}

LogicalResult ViewOp::verify() {
  if (!isStatic(getSource()) || !isStatic(getResult()))
    return emitOpError("expected static strides and offsets");
  int64_t width = getType().getElementTypeBitWidth() / 8;
  int64_t end = kern::getOffset(getType()) * width + getExtentBytes(getType());
  int64_t available = getExtentBytes(getSource().getType());
  if (kern::getOffset(getType()) < 0 || end > available)
    return emitOpError("expected a view inside ")
           << available << " bytes, but it ends at byte " << end;
  return success();
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

template <typename Op> static LogicalResult verifyConvGroups(Op op) {
  int64_t groups = op.getGroups(), in = typeOf(op.getInput()).getDimSize(3),
          out = typeOf(op.getOut()).getDimSize(3);
  if (groups < 1 || in % groups != 0 || out % groups != 0)
    return op.emitOpError("expected groups to divide the channels ") << in << " and " << out;
  int64_t channels = op.getNatural() ? out : kernels::convChannels(groups, out / groups);
  if (numElements(op.getBias()) < channels)
    return op.emitOpError("expected a bias of ") << channels << " elements";
  return success();
}

/// A convolution's weights in natural order, or packed, which takes no fewer: `packedSize` is asked
/// only where the natural ones fit, and its products with them.
template <typename Op>
static LogicalResult verifyWeights(Op op, size_t (*packedSize)(const kernels::ConvShape &)) {
  int64_t inputs = typeOf(op.getInput()).getDimSize(3) / int64_t(op.getGroups());
  uint64_t need = 1, found = numElements(op.getWeight());
  for (int64_t size :
       {typeOf(op.getOut()).getDimSize(3), op.getKernel()[0], op.getKernel()[1], inputs})
    need = llvm::SaturatingMultiply<uint64_t>(need, size);
  if (found >= need && !op.getNatural())
    need = packedSize(convShape(op));
  if (found >= need)
    return success();
  return op.emitOpError("expected ")
         << need << (op.getNatural() ? " weights in natural order" : " packed weights");
}

LogicalResult ConvOp::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getOut(), getInput()})) ||
      failed(
          verifyWindows(*this, getInput(), getOut(), getKernel(), getStrides(), getDilations())) ||
      failed(verifyConvGroups(*this)) ||
      failed(verifyMultiplier(*this, getEpilogue(), getMultiplier())))
    return failure();
  bool raw = getEpilogue() == Epilogue::Raw;
  if (!isBytes(getInput()) || (raw ? !isI32(getOut()) : !isBytes(getOut())))
    return emitOpError("expected bytes in, and bytes (or i32 for the raw epilogue) out");
  return verifyWeights(*this, kernels::packedConvU8S8Size);
}

LogicalResult DepthwiseConvOp::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getOut(), getInput()})) ||
      failed(
          verifyWindows(*this, getInput(), getOut(), getKernel(), getStrides(), getDilations())) ||
      failed(verifyMultiplier(*this, getEpilogue(), getMultiplier())))
    return failure();
  if (typeOf(getInput()).getDimSize(3) != typeOf(getOut()).getDimSize(3))
    return emitOpError("expected as many channels out as in");
  bool raw = getEpilogue() == Epilogue::Raw;
  if (!isBytes(getInput()) || (raw ? !isI32(getOut()) : !isBytes(getOut())))
    return emitOpError("expected bytes in, and bytes (or i32 for the raw epilogue) out");
  return success();
}

LogicalResult ConvF32Op::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getOut(), getInput()})) ||
      failed(
          verifyWindows(*this, getInput(), getOut(), getKernel(), getStrides(), getDilations())) ||
      failed(verifyConvGroups(*this)))
    return failure();
  if (failed(verifyWeights(*this, kernels::packedConvF32Size)))
    return failure();
  return isF32(getInput()) && isF32(getOut()) ? success() : emitOpError("expected f32 buffers");
}

LogicalResult DepthwiseConvF32Op::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getOut(), getInput()})) ||
      failed(verifyWindows(*this, getInput(), getOut(), getKernel(), getStrides(), getDilations())))
    return failure();
  if (typeOf(getInput()).getDimSize(3) != typeOf(getOut()).getDimSize(3))
    return emitOpError("expected as many channels out as in");
  return isF32(getInput()) && isF32(getOut()) ? success() : emitOpError("expected f32 buffers");
}

template <typename Op> static LogicalResult verifyMatMul(Op op) {
  if (failed(verifyRank(op, {op.getOut(), op.getLhs(), op.getRhs()}, 3)))
    return failure();
  MemRefType out = typeOf(op.getOut()), lhs = typeOf(op.getLhs()), rhs = typeOf(op.getRhs());
  if (lhs.getDimSize(1) != out.getDimSize(1) || rhs.getDimSize(2) != out.getDimSize(2) ||
      lhs.getDimSize(2) != rhs.getDimSize(1) || lhs.getDimSize(0) != out.getDimSize(0) ||
      rhs.getDimSize(0) != out.getDimSize(0))
    return op.emitOpError("expected [batch, M, K] and [batch, K, N], but found ")
           << lhs << " and " << rhs;
  return verifyInnerDense(op, {op.getOut(), op.getLhs(), op.getRhs()});
}

LogicalResult MatMulF32Op::verify() { return verifyMatMul(*this); }
LogicalResult MatMulU8Op::verify() {
  if (!isI32(getOut()) || !isBytes(getLhs()) || !isBytes(getRhs()))
    return emitOpError("expected bytes in and 32-bit integers out");
  return verifyMatMul(*this);
}

//===----------------------------------------------------------------------===//
// Weights of 4 bits in groups
//===----------------------------------------------------------------------===//

static uint64_t groupsOf(int64_t inputs, int64_t group) {
  return llvm::divideCeil(uint64_t(inputs), uint64_t(group));
}

static LogicalResult verifyGroup(Operation *op, int64_t group, int64_t inputs) {
  if (group >= 1 && group <= int64_t(1) << 40 && (group % 8 == 0 || group >= inputs))
    return success();
  return op->emitOpError("expected a group of a multiple of 8 inputs, or of all ")
         << inputs << ", but found " << group;
}

/// The packed constants of a layer with `inputs` inputs. Sizes are at most 2^40.
template <typename Op> static LogicalResult verifyGroupedLinear(Op op, int64_t inputs) {
  if (failed(verifyRank(op, {op.getOut(), op.getInput()}, 2)) ||
      failed(verifyInnerDense(op, {op.getOut(), op.getInput()})) ||
      failed(verifyGroup(op, op.getGroup(), inputs)))
    return failure();
  if (typeOf(op.getInput()).getDimSize(0) != typeOf(op.getOut()).getDimSize(0))
    return op.emitOpError("expected as many rows out as in");
  uint64_t columns = 32 * uint64_t(kernels::groupedPanels(typeOf(op.getOut()).getDimSize(1)));
  uint64_t bytes = llvm::SaturatingMultiply<uint64_t>(columns, 4 * groupsOf(inputs, 8));
  uint64_t groups = llvm::SaturatingMultiply(columns, groupsOf(inputs, op.getGroup()));
  auto holds = [&](Value buffer, uint64_t count) {
    return isDense(buffer.getType()) && uint64_t(numElements(buffer)) >= count;
  };
  if (!isBytes(op.getWeight()) || !holds(op.getWeight(), bytes))
    return op.emitOpError("expected ") << bytes << " bytes of packed weights";
  if (!isF32(op.getScale()) || !holds(op.getScale(), groups))
    return op.emitOpError("expected ") << groups << " packed scales";
  if (!isBytes(op.getZero()) || (numElements(op.getZero()) != 1 && !holds(op.getZero(), groups)))
    return op.emitOpError("expected one zero point, or ") << groups << " packed ones";
  if (!isF32(op.getBias()) || !holds(op.getBias(), columns))
    return op.emitOpError("expected a bias of ") << columns << " elements";
  return isF32(op.getOut()) ? success() : op.emitOpError("expected an f32 result");
}

/// Codes of rows, their scales and the sums of their groups.
static LogicalResult verifyCodedRows(Operation *op, Value codes, Value scale, Value sums,
                                     int64_t inputs, int64_t group) {
  if (failed(verifyRank(op, {codes, sums}, 2)) || failed(verifyInnerDense(op, {codes})) ||
      failed(verifyGroup(op, group, inputs)))
    return failure();
  MemRefType type = typeOf(codes);
  int64_t rows = type.getDimSize(0), width = 8 * int64_t(groupsOf(inputs, 8));
  if (!isBytes(codes) || inputs < 1 || type.getDimSize(1) != width)
    return op->emitOpError("expected codes of ") << width << " bytes a row, but found " << type;
  int64_t groups = groupsOf(inputs, group);
  ArrayRef<int64_t> scales = typeOf(scale).getShape();
  if (!isF32(scale) || !isI32(sums) || typeOf(sums).getShape() != ArrayRef({rows, groups}) ||
      (scales != ArrayRef({rows}) && scales != ArrayRef({rows, groups})))
    return op->emitOpError("expected a scale a row or a group and a sum a group, but found ")
           << scale.getType() << " and " << sums.getType();
  return verifyDense(op, {scale, sums});
}

LogicalResult GroupedLinearF32Op::verify() {
  if (failed(verifyRank(*this, {getInput()}, 2)))
    return failure();
  if (!isF32(getInput()) || typeOf(getInput()).getDimSize(1) < 1)
    return emitOpError("expected f32 rows, but found ") << getInput().getType();
  return verifyGroupedLinear(*this, typeOf(getInput()).getDimSize(1));
}
LogicalResult GroupedLinearS8Op::verify() {
  if (failed(
          verifyCodedRows(*this, getInput(), getRowScale(), getRowSums(), getInputs(), getGroup())))
    return failure();
  return verifyGroupedLinear(*this, getInputs());
}
LogicalResult QuantizeRowsOp::verify() {
  if (failed(verifyRank(*this, {getInput(), getOut()}, 2)) ||
      failed(verifyInnerDense(*this, {getInput()})))
    return failure();
  if (!isF32(getInput()) || typeOf(getInput()).getDimSize(0) != typeOf(getOut()).getDimSize(0))
    return emitOpError("expected f32 rows, but found ") << getInput().getType();
  if (float clip = getClip() ? getClip()->convertToFloat() : 1.0f; !(clip > 0 && clip <= 1))
    return emitOpError("expected a clip in (0, 1], but found ") << getClipAttr();
  if (getMost() < 1 || getMost() > 127)
    return emitOpError("expected a greatest code of 1 to 127, but found ") << getMost();
  return verifyCodedRows(*this, getOut(), getScale(), getSums(), typeOf(getInput()).getDimSize(1),
                         getGroup());
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

template <typename Op> static LogicalResult verifyBinary(Op op) {
  for (Value operand : {op.getLhs(), op.getRhs()}) {
    if (!isStatic(operand) || typeOf(operand).getRank() != typeOf(op.getOut()).getRank())
      return op.emitOpError("expected operands of the output's rank with static strides");
    for (auto [axis, size] : llvm::enumerate(typeOf(operand).getShape()))
      if (size != 1 && size != typeOf(op.getOut()).getDimSize(axis))
        return op.emitOpError("expected extent 1 or the output's along axis ") << axis;
  }
  if (typeOf(op.getOut()).getRank() > 6)
    return op.emitOpError("expected at most six dimensions");
  return success();
}
LogicalResult AddOp::verify() { return verifyBinary(*this); }
LogicalResult MulOp::verify() { return verifyBinary(*this); }
LogicalResult BinaryF32Op::verify() { return verifyBinary(*this); }

template <typename Op> static LogicalResult verifyRows(Op op) {
  if (failed(verifyRank(op, {op.getOut(), op.getInput()}, 2)) ||
      failed(verifyInnerDense(op, {op.getOut(), op.getInput()})))
    return failure();
  return verifySameShape(op, op.getOut(), op.getInput());
}
LogicalResult RequantizeU8Op::verify() { return verifyRows(*this); }
LogicalResult RequantizeI32Op::verify() {
  if (failed(verifyMultiplier(*this, getEpilogue(), getMultiplier())))
    return failure();
  return verifyRows(*this);
}
LogicalResult LookupOp::verify() {
  if (numElements(getTable()) != 256)
    return emitOpError("expected a table of 256 entries");
  return verifyRows(*this);
}
LogicalResult DequantizeI32Op::verify() { return verifyRows(*this); }

template <typename Op> static LogicalResult verifyPool(Op op) {
  if (failed(verifyRank(op, {op.getOut(), op.getInput()}, 4)) ||
      failed(verifyInnerDense(op, {op.getOut(), op.getInput()})))
    return failure();
  if (op.getKernel().size() != 2 || op.getStrides().size() != 2 || op.getDilations().size() != 2 ||
      op.getPads().size() != 4)
    return op.emitOpError("expected a window over two axes");
  return success();
}
LogicalResult MaxPoolOp::verify() { return verifyPool(*this); }
LogicalResult AvgPoolOp::verify() {
  if (failed(verifyMultiplier(*this, getEpilogue(), getMultiplier())))
    return failure();
  return verifyPool(*this);
}
LogicalResult AvgPoolF32Op::verify() { return verifyPool(*this); }

LogicalResult QuantizeOp::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getOut()})))
    return failure();
  return verifySameShape(*this, getOut(), getInput());
}
LogicalResult DequantizeOp::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 4)) ||
      failed(verifyInnerDense(*this, {getInput()})))
    return failure();
  return verifySameShape(*this, getOut(), getInput());
}
LogicalResult CopyOp::verify() {
  if (!isStatic(getOut()) || !isStatic(getInput()) || typeOf(getOut()).getRank() > 6)
    return emitOpError("expected static strides and at most six dimensions");
  if (typeOf(getOut()).getElementType() != typeOf(getInput()).getElementType())
    return emitOpError("expected one element type");
  return verifySameShape(*this, getOut(), getInput());
}
LogicalResult FillBorderOp::verify() {
  if (getBorder().size() != 4 || getValue() > 255)
    return emitOpError("expected four border widths and a byte value");
  return verifyRank(*this, {getOut()}, 4);
}
LogicalResult FillOp::verify() { return verifyDense(*this, {getOut()}); }
LogicalResult UnaryF32Op::verify() { return verifyDense(*this, {getOut(), getInput()}); }
LogicalResult SoftmaxF32Op::verify() {
  if (failed(verifyRank(*this, {getOut(), getInput()}, 3)))
    return failure();
  return verifyDense(*this, {getOut(), getInput()});
}
LogicalResult ReduceMeanF32Op::verify() {
  if (failed(verifyRank(*this, {getInput()}, 3)) || failed(verifyRank(*this, {getOut()}, 2)))
    return failure();
  return verifyDense(*this, {getOut(), getInput()});
}

LogicalResult CallOp::verify() {
  SmallVector<Value> buffers(getOuts());
  llvm::append_range(buffers, getIns());
  for (Value buffer : buffers)
    if (!isStatic(buffer))
      return emitOpError("expected static strides, but found ") << buffer.getType();
  return verifyDense(*this, buffers);
}
