//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Buffers, views and constants of convert-to-kern; see Lowering.h.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "quantc/Analysis/ExactnessAnalysis.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tokern;

namespace quantc::tokern {

/// Only what kernels compute with has another order than ONNX's.
bool isImage(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  Type element = tensor.getElementType();
  return tensor.getRank() == 4 &&
         (element.isF32() || element.isInteger(8) || element.isInteger(32));
}

bool isSignedByte(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType().isSignedInteger(8);
}

SmallVector<int64_t> physicalShape(Type tensor) {
  ArrayRef<int64_t> s = cast<RankedTensorType>(tensor).getShape();
  if (isImage(tensor))
    return {s[0], s[2], s[3], s[1]};
  return SmallVector<int64_t>(s);
}

Type storageType(Type element) {
  if (element.isF32() || element.isF64())
    return element;
  unsigned width = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (width == 8 || width == 16 || width == 32 || width == 64 || element.isInteger(1))
    return IntegerType::get(element.getContext(), std::max(width, 8u));
  return {};
}

std::array<int64_t, 2> spatial(ArrayRef<int64_t> values) { return {values[0], values[1]}; }

static SmallVector<int64_t> denseStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t i = int64_t(shape.size()) - 2; i >= 0; --i)
    strides[i] = strides[i + 1] * shape[i + 1];
  return strides;
}

//===----------------------------------------------------------------------===//
// Making buffers and views
//===----------------------------------------------------------------------===//

Value Lowering::buffer(ArrayRef<int64_t> shape, Type element) {
  return kern::BufferOp::create(builder, function.getLoc(), MemRefType::get(shape, element),
                                IntegerAttr());
}

Value Lowering::view(Value source, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                     int64_t offset) {
  auto layout = StridedLayoutAttr::get(builder.getContext(), offset, strides);
  auto type = MemRefType::get(shape, cast<MemRefType>(source.getType()).getElementType(), layout);
  return kern::ViewOp::create(builder, source.getLoc(), type, source);
}

Value Lowering::reshape(Value source, ArrayRef<int64_t> shape) {
  return view(source, shape, denseStrides(shape));
}

Value Lowering::transposed(Value source, ArrayRef<int64_t> permutation) {
  auto type = cast<MemRefType>(source.getType());
  SmallVector<int64_t> strides = kern::getStrides(type), shape, permuted;
  for (int64_t axis : permutation) {
    shape.push_back(type.getDimSize(axis));
    permuted.push_back(strides[axis]);
  }
  return view(source, shape, permuted);
}

void Lowering::copy(Value to, Value from) {
  kern::CopyOp::create(builder, builder.getUnknownLoc(), to, from, kern::PartitionAttr());
}

Value Lowering::copyToBuffer(Value tensor) {
  Value source = places[tensor].view;
  auto type = cast<MemRefType>(source.getType());
  Value target = buffer(type.getShape(), type.getElementType());
  kern::CopyOp::create(builder, tensor.getLoc(), target, source, kern::PartitionAttr());
  return target;
}

//===----------------------------------------------------------------------===//
// Reading and writing tensors
//===----------------------------------------------------------------------===//

Value Lowering::stridedInput(Value tensor) {
  auto found = places.find(tensor);
  if (found != places.end())
    return found->second.view;
  // A constant used as an activation: placed in physical order once.
  ElementsAttr value = constantOf(tensor);
  if (!value)
    return {};
  std::optional<std::vector<char>> bytes = readBytes(value);
  Type element = storageType(value.getShapedType().getElementType());
  if (!bytes || !element)
    return {};
  if (value.getShapedType().getElementType().isSignedInteger(8))
    for (char &byte : *bytes)
      byte = char(uint8_t(byte) ^ 0x80);
  auto type = cast<RankedTensorType>(tensor.getType());
  Value memory = constantBytes(type.getShape(), element, *bytes);
  Value placed = isImage(type) ? transposed(memory, {0, 2, 3, 1}) : memory;
  places[tensor] = {placed, nullptr, {}};
  return placed;
}

Value Lowering::input(Value tensor) {
  Value source = stridedInput(tensor);
  if (!source)
    return {};
  Place &place = places[tensor];
  auto type = cast<MemRefType>(source.getType());
  bool innerDense =
      type.getRank() == 0 || type.getShape().back() == 1 || kern::getStrides(type).back() == 1;
  // The caller's memory has no slack that a kernel may read.
  if (innerDense && !isa<BlockArgument>(tensor))
    return source;
  Value copied = copyToBuffer(tensor);
  place = {copied, copied, {}};
  return copied;
}

Value Lowering::denseInput(Value tensor) {
  Value source = input(tensor);
  if (!source || kern::isDense(source.getType()))
    return source;
  return copyToBuffer(tensor);
}

Value Lowering::rowMajorInput(Value tensor) {
  if (!isImage(tensor.getType()))
    return denseInput(tensor);
  Value source = stridedInput(tensor);
  if (!source)
    return {};
  Value logical = transposed(source, {0, 3, 1, 2});
  if (kern::isDense(logical.getType()) && !isa<BlockArgument>(tensor))
    return logical;
  auto type = cast<MemRefType>(logical.getType());
  Value target = buffer(type.getShape(), type.getElementType());
  kern::CopyOp::create(builder, tensor.getLoc(), target, logical, kern::PartitionAttr());
  return target;
}

Value Lowering::plainInput(Value tensor) {
  if (ElementsAttr value = constantOf(tensor); value && !places.contains(tensor)) {
    auto type = cast<RankedTensorType>(tensor.getType());
    std::optional<std::vector<char>> bytes = readBytes(value);
    Type element = storageType(type.getElementType()); // none: less than a byte takes one
    return bytes ? constantBytes(type.getShape(), element ? element : builder.getI8Type(), *bytes)
                 : Value();
  }
  Value memory = stridedInput(tensor);
  if (!memory)
    return {};
  if (isImage(tensor.getType()))
    memory = transposed(memory, {0, 3, 1, 2});
  if (!kern::isDense(memory.getType()) || isSignedByte(tensor)) {
    auto type = cast<MemRefType>(memory.getType());
    Value target = buffer(type.getShape(), type.getElementType());
    kern::CopyOp::create(builder, tensor.getLoc(), target, memory, kern::PartitionAttr());
    if (isSignedByte(tensor))
      flipSigns(target, target);
    memory = target;
  }
  return memory;
}

ModuleOp Lowering::nodesModule() {
  auto module = function->getParentOfType<ModuleOp>();
  if (auto nodes = module.lookupSymbol<ModuleOp>(kern::CallOp::nodesModule))
    return nodes;
  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  return ModuleOp::create(atEnd, module.getLoc(), StringRef(kern::CallOp::nodesModule));
}

/// A fresh buffer with a filled border; returns the whole buffer and the interior.
static std::pair<Value, Value> borderedBuffer(Lowering &lowering, Location loc,
                                              ArrayRef<int64_t> shape, Type element,
                                              const Border &border) {
  SmallVector<int64_t> padded = {shape[0], shape[1] + border.top + border.bottom,
                                 shape[2] + border.left + border.right, shape[3]};
  Value whole = lowering.buffer(padded, element);
  SmallVector<int64_t> strides = denseStrides(padded);
  if (border.empty())
    return {whole, whole};
  kern::FillBorderOp::create(
      lowering.builder, loc, whole,
      ArrayRef<int64_t>{border.top, border.left, border.bottom, border.right}, border.byte,
      kern::PartitionAttr());
  return {whole,
          lowering.view(whole, shape, strides, border.top * strides[1] + border.left * strides[2])};
}

Value Lowering::paddedInput(Value tensor, ArrayRef<int64_t> pads, int64_t byte) {
  Value source = input(tensor);
  if (!source || llvm::all_of(pads, [](int64_t p) { return p == 0; }))
    return source;
  Place place = places[tensor];
  ArrayRef<int64_t> shape = cast<MemRefType>(source.getType()).getShape();
  const Border &has = place.border;
  bool fits = place.buffer && has.byte == byte && has.top >= pads[0] && has.left >= pads[1] &&
              has.bottom >= pads[2] && has.right >= pads[3];
  if (!fits) {
    Border border{pads[0], pads[1], pads[2], pads[3], byte};
    auto [whole, interior] = borderedBuffer(
        *this, tensor.getLoc(), shape, cast<MemRefType>(source.getType()).getElementType(), border);
    kern::CopyOp::create(builder, tensor.getLoc(), interior, source, kern::PartitionAttr());
    return whole;
  }
  SmallVector<int64_t> strides = kern::getStrides(place.buffer.getType());
  SmallVector<int64_t> window = {shape[0], shape[1] + pads[0] + pads[2],
                                 shape[2] + pads[1] + pads[3], shape[3]};
  return view(place.buffer, window, strides,
              (has.top - pads[0]) * strides[1] + (has.left - pads[1]) * strides[2]);
}

Value Lowering::outputArgument(Value tensor) { return direct.lookup(tensor); }

Value Lowering::output(Value tensor) {
  if (Value argument = outputArgument(tensor); argument && !isImage(tensor.getType())) {
    places[tensor] = {argument, nullptr, {}};
    return argument;
  }
  SmallVector<int64_t> shape = physicalShape(tensor.getType());
  Type element = storageType(cast<RankedTensorType>(tensor.getType()).getElementType());
  Border border = wanted.lookup(tensor);
  if (!isImage(tensor.getType()) || border.empty()) {
    Value whole = buffer(shape, element);
    places[tensor] = {whole, whole, {}};
    return whole;
  }
  auto [whole, interior] = borderedBuffer(*this, tensor.getLoc(), shape, element, border);
  places[tensor] = {interior, whole, border};
  return interior;
}

Value Lowering::stridedOutput(Value tensor) {
  Value argument = outputArgument(tensor);
  if (!argument)
    return output(tensor);
  Value placed = isImage(tensor.getType()) ? transposed(argument, {0, 2, 3, 1}) : argument;
  places[tensor] = {placed, nullptr, {}};
  return placed;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value Lowering::constantBytes(ArrayRef<int64_t> shape, Type element, ArrayRef<char> bytes) {
  ElementsAttr value = makeWeights(RankedTensorType::get(shape, element), bytes, "packed");
  return kern::ConstantOp::create(builder, builder.getUnknownLoc(), MemRefType::get(shape, element),
                                  value);
}

ElementsAttr Lowering::constantOf(Value tensor) {
  if (ElementsAttr value = folded.lookup(tensor))
    return value;
  return getConstantElements(tensor);
}

FailureOr<std::vector<int64_t>> Lowering::integers(Operation *op, Value value) {
  std::optional<std::vector<int64_t>> values = readIntegers(constantOf(value));
  if (values)
    return *values;
  op->emitError("expected a constant integer operand of ") << op->getName();
  return failure();
}

FailureOr<std::vector<float>> Lowering::floats(Operation *op, Value value) {
  std::optional<std::vector<float>> values = readFloats(constantOf(value));
  if (values)
    return *values;
  op->emitError("expected a constant float operand of ") << op->getName();
  return failure();
}

FailureOr<int64_t> Lowering::scalar(Operation *op, Value value) {
  FailureOr<std::vector<int64_t>> values = integers(op, value);
  if (failed(values))
    return failure();
  if (values->size() != 1)
    return op->emitError("expected one value, but found ") << values->size();
  return values->front();
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

int64_t Lowering::stored(Type type, int64_t q) {
  return cast<RankedTensorType>(type).getElementType().isSignedInteger(8) ? q + 128 : q;
}

EpilogueData Lowering::chooseEpilogue(ArrayRef<numerics::IntRange> ranges,
                                      std::vector<numerics::Dyadic> dyadics, int64_t zp, int64_t lo,
                                      int64_t hi) const {
  using numerics::EpilogueForm;
  EpilogueData data;
  data.dyadics = std::move(dyadics);
  if (strict)
    return data;
  // Kernels finish rows with scalar code that multiplies and adds, whatever the level. A GPU's
  // 64-bit integers are cheaper than its fp64.
  SmallVector<EpilogueForm> forms;
  if (level.hasFma)
    forms.push_back(EpilogueForm::FmaF32);
  if (!natural)
    forms.push_back(EpilogueForm::MulAddF64);
  EpilogueChoice choice = quantc::chooseEpilogue(ranges, data.dyadics, zp, lo, hi, forms);
  if (choice.form == EpilogueForm::Int64)
    return data;
  data.kind = choice.form == EpilogueForm::FmaF32 ? kern::Epilogue::Fma32 : kern::Epilogue::Fma64;
  if (choice.clampAcc) {
    data.accLo = choice.accClamp.lo;
    data.accHi = choice.accClamp.hi;
  }
  return data;
}

std::pair<Value, Value> Lowering::epilogueBuffers(const EpilogueData &data, int64_t count,
                                                  llvm::function_ref<int64_t(int64_t)> channelAt) {
  if (data.kind == kern::Epilogue::Onnx) {
    std::vector<float> scales;
    for (int64_t p = 0; p < count; ++p) {
      int64_t channel = channelAt(p);
      scales.push_back(data.scales[data.scales.size() == 1 || channel < 0 ? 0 : channel]);
    }
    return {constant(builder.getF32Type(), scales),
            constant(builder.getI32Type(), std::vector<int32_t>{0})};
  }
  std::vector<float> f32;
  std::vector<double> f64;
  std::vector<int32_t> multipliers, shifts;
  for (int64_t p = 0; p < count; ++p) {
    int64_t channel = channelAt(p);
    numerics::Dyadic d = data.dyadics[data.dyadics.size() == 1 || channel < 0 ? 0 : channel];
    f32.push_back(numerics::scaleF32(d));
    f64.push_back(numerics::scaleF64(d));
    multipliers.push_back(d.multiplier);
    shifts.push_back(d.shift);
  }
  Value shift = data.kind == kern::Epilogue::Integer
                    ? constant(builder.getI32Type(), shifts)
                    : constant(builder.getI32Type(), std::vector<int32_t>{0});
  switch (data.kind) {
  case kern::Epilogue::Fma32:
    return {constant(builder.getF32Type(), f32), shift};
  case kern::Epilogue::Fma64:
    return {constant(builder.getF64Type(), f64), shift};
  case kern::Epilogue::Integer:
    return {constant(builder.getI32Type(), multipliers), shift};
  case kern::Epilogue::Raw:
  case kern::Epilogue::Onnx: // above
    break;
  }
  return {shift, shift};
}

} // namespace quantc::tokern
