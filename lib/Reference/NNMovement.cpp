//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// Data movement of any element type, and conversion of element types.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/NN/IR/NNShapes.h"
#include "quantc/Reference/ElementTypes.h"
#include "quantc/Support/TensorLoops.h"
#include <cmath>

using namespace mlir;

namespace quantc {

/// Runs `move(T())` with an integer T as wide as an element of `type`. Packed elements are refused.
template <typename Fn> static llvm::Error withElement(DType type, Fn move) {
  switch (elementBytes(type)) {
  case 1:
    return move(uint8_t());
  case 2:
    return move(uint16_t());
  case 4:
    return move(uint32_t());
  case 8:
    return move(uint64_t());
  default:
    return makeError("expected elements of 1, 2, 4 or 8 bytes, but found " + dtypeName(type));
  }
}

static llvm::Error evaluateReshape(OpCall &call) {
  auto type = cast<RankedTensorType>(call.op->getResult(0).getType());
  std::vector<int64_t> shape = type.getShape().vec();
  int64_t known = 1, total = call.operands[0]->numElements();
  for (int64_t size : shape)
    known *= ShapedType::isDynamic(size) ? 1 : size;
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size))
      size = known == 0 ? 0 : total / known;
  if (numElements(shape) != total)
    return makeError("expected a shape of " + Twine(total) + " elements, but found " +
                     describeType(type));
  call.results.push_back(call.host(0).reshaped(shape));
  return llvm::Error::success();
}

static llvm::Error evaluateTranspose(OpCall &call) {
  ArrayRef<int64_t> permutation = cast<nn::TransposeOp>(call.op).getPermutation();
  auto shape = resolveShape(
      [&](nn::ReasonFn reason) { return nn::transposeShape(call.shape(0), permutation, reason); });
  if (!shape)
    return shape.takeError();
  llvm::Expected<HostTensor> out = HostTensor::create(call.operands[0]->dtype(), *shape);
  if (!out)
    return out.takeError();
  Dims own = rowMajorStrides(call.shape(0)), strides;
  for (int64_t axis : permutation)
    strides.push_back(own[axis]);
  llvm::Error error = withElement(out->dtype(), [&](auto zero) {
    using T = decltype(zero);
    gather(out->mutableValues<T>().data(), call.host(0).values<T>().data(), *shape, strides);
    return llvm::Error::success();
  });
  if (error)
    return error;
  call.results.push_back(std::move(*out));
  return llvm::Error::success();
}

static llvm::Error evaluateConcat(OpCall &call) {
  int64_t axis = cast<nn::ConcatOp>(call.op).getAxis();
  std::vector<ArrayRef<int64_t>> shapes;
  for (unsigned i = 0; i < call.operands.size(); ++i)
    shapes.push_back(call.shape(i));
  auto shape =
      resolveShape([&](nn::ReasonFn reason) { return nn::concatShape(shapes, axis, reason); });
  if (!shape)
    return shape.takeError();
  llvm::Expected<HostTensor> out = HostTensor::create(call.operands[0]->dtype(), *shape);
  if (!out)
    return out.takeError();
  Dims strides = rowMajorStrides(*shape);
  llvm::Error error = withElement(out->dtype(), [&](auto zero) {
    using T = decltype(zero);
    T *target = out->mutableValues<T>().data();
    for (unsigned i = 0; i < call.operands.size(); ++i) {
      scatter(target, call.host(i).values<T>().data(), shapes[i], strides);
      target += shapes[i][axis] * strides[axis];
    }
    return llvm::Error::success();
  });
  if (error)
    return error;
  call.results.push_back(std::move(*out));
  return llvm::Error::success();
}

static llvm::Error evaluatePad(OpCall &call) {
  auto op = cast<nn::PadOp>(call.op);
  ArrayRef<int64_t> pads = op.getPads();
  auto shape =
      resolveShape([&](nn::ReasonFn reason) { return nn::padShape(call.shape(0), pads, reason); });
  if (!shape)
    return shape.takeError();
  auto out = call.floatResult(*shape);
  if (!out)
    return out.takeError();
  std::fill(out->begin(), out->end(), op.getValue().convertToFloat());
  Dims strides = rowMajorStrides(*shape);
  float *target = out->data();
  for (size_t i = 0; i < strides.size(); ++i)
    target += pads[i] * strides[i];
  scatter(target, call.floats(0).data(), call.shape(0), strides);
  return llvm::Error::success();
}

/// Copies the elements of `source` at `offset` with `strides` (0 where an axis repeats).
static llvm::Error copyBox(OpCall &call, int64_t offset, const Dims &strides) {
  auto type = cast<RankedTensorType>(call.op->getResult(0).getType());
  if (!type.hasStaticShape())
    return makeError("expected a result of static shape, but found " + describeType(type));
  llvm::Expected<HostTensor> out = HostTensor::create(call.operands[0]->dtype(), type.getShape());
  if (!out)
    return out.takeError();
  llvm::Error error = withElement(out->dtype(), [&](auto zero) {
    using T = decltype(zero);
    gather(out->mutableValues<T>().data(), call.host(0).values<T>().data() + offset,
           type.getShape(), strides);
    return llvm::Error::success();
  });
  if (error)
    return error;
  call.results.push_back(std::move(*out));
  return llvm::Error::success();
}

static llvm::Error evaluateSlice(OpCall &call) {
  Dims strides = rowMajorStrides(call.shape(0));
  int64_t offset = 0;
  for (auto [stride, begin] : llvm::zip_equal(strides, cast<nn::SliceOp>(call.op).getOffsets()))
    offset += stride * begin;
  return copyBox(call, offset, strides);
}

static llvm::Error evaluateExpand(OpCall &call) {
  auto type = cast<RankedTensorType>(call.op->getResult(0).getType());
  return copyBox(call, 0, broadcastStrides(call.shape(0), type.getShape()));
}

//===----------------------------------------------------------------------===//
// cast
//===----------------------------------------------------------------------===//

/// Truncates toward zero and saturates; NaN gives 0.
template <typename T> static T truncateTo(double value) {
  if (std::isnan(value))
    return 0;
  double lo = static_cast<double>(std::numeric_limits<T>::min());
  double hi = static_cast<double>(std::numeric_limits<T>::max());
  if (value <= lo)
    return std::numeric_limits<T>::min();
  if (value >= hi) // the limit of a 64-bit type is not a double, and rounds up
    return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

/// Fills `out` from tensor `in`, element by element through double or int64.
template <typename T> static void castTo(const HostTensor &in, llvm::MutableArrayRef<T> out) {
  bool fromFloat = isFloat(in.dtype());
  bool fromUnsigned64 = in.dtype() == DType::U64;
  for (size_t i = 0; i < out.size(); ++i) {
    auto index = static_cast<int64_t>(i);
    if constexpr (std::is_floating_point_v<T>)
      out[i] = fromFloat        ? static_cast<T>(in.asDouble(index))
               : fromUnsigned64 ? static_cast<T>(static_cast<uint64_t>(in.asInt(index)))
                                : static_cast<T>(in.asInt(index));
    else
      out[i] = fromFloat ? truncateTo<T>(in.asDouble(index)) : static_cast<T>(in.asInt(index));
  }
}

static llvm::Error castInto(const HostTensor &in, HostTensor &out) {
  switch (out.dtype()) {
  case DType::F32:
    castTo(in, out.mutableValues<float>());
    break;
  case DType::F64:
    castTo(in, out.mutableValues<double>());
    break;
  case DType::I8:
    castTo(in, out.mutableValues<int8_t>());
    break;
  case DType::U8:
    castTo(in, out.mutableValues<uint8_t>());
    break;
  case DType::I16:
    castTo(in, out.mutableValues<int16_t>());
    break;
  case DType::U16:
    castTo(in, out.mutableValues<uint16_t>());
    break;
  case DType::I32:
    castTo(in, out.mutableValues<int32_t>());
    break;
  case DType::U32:
    castTo(in, out.mutableValues<uint32_t>());
    break;
  case DType::I64:
    castTo(in, out.mutableValues<int64_t>());
    break;
  case DType::U64:
    castTo(in, out.mutableValues<uint64_t>());
    break;
  case DType::Bool: {
    llvm::MutableArrayRef<uint8_t> bits = out.mutableValues<uint8_t>();
    for (size_t i = 0; i < bits.size(); ++i)
      bits[i] = in.asDouble(static_cast<int64_t>(i)) != 0.0;
    break;
  }
  default:
    return makeError(
        "expected a cast to f32, f64, bool or an integer of at least 8 bits, but found " +
        dtypeName(out.dtype()));
  }
  return llvm::Error::success();
}

static llvm::Error evaluateCast(OpCall &call) {
  auto type = cast<RankedTensorType>(call.op->getResult(0).getType());
  std::optional<DType> element = hostType(type.getElementType());
  if (!element)
    return makeError("expected a result with a host type, but found " + describeType(type));
  llvm::Expected<HostTensor> out = HostTensor::create(*element, call.shape(0));
  if (!out)
    return out.takeError();
  if (llvm::Error error = castInto(call.host(0), *out))
    return error;
  call.results.push_back(std::move(*out));
  return llvm::Error::success();
}

void addMovementOps(OpTable &table) {
  table.add<nn::ReshapeOp>(evaluateReshape, TypeRule::Any);
  table.add<nn::TransposeOp>(evaluateTranspose, TypeRule::Any);
  table.add<nn::ConcatOp>(evaluateConcat, TypeRule::Any);
  table.add<nn::SliceOp>(evaluateSlice, TypeRule::Any);
  table.add<nn::ExpandOp>(evaluateExpand, TypeRule::Any);
  table.add<nn::CastOp>(evaluateCast, TypeRule::Any);
  table.add<nn::PadOp>(evaluatePad);
}

} // namespace quantc
