//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operands, attributes and results of a node, and the loops that many ops share.
//
//===----------------------------------------------------------------------===//

#include "NodeLowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinTypes.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::onnx;
using namespace quantc::toloops;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

std::optional<DType> quantc::toloops::dtypeOf(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    bool isUnsigned = integer.isUnsigned();
    switch (integer.getWidth()) {
    case 1:
      return DType::Bool;
    case 2:
      return isUnsigned ? DType::U2 : DType::I2;
    case 4:
      return isUnsigned ? DType::U4 : DType::I4;
    case 8:
      return isUnsigned ? DType::U8 : DType::I8;
    case 16:
      return isUnsigned ? DType::U16 : DType::I16;
    case 32:
      return isUnsigned ? DType::U32 : DType::I32;
    case 64:
      return isUnsigned ? DType::U64 : DType::I64;
    default:
      return std::nullopt;
    }
  }
  return llvm::TypeSwitch<Type, std::optional<DType>>(element)
      .Case<Float32Type>([](auto) { return DType::F32; })
      .Case<Float64Type>([](auto) { return DType::F64; })
      .Case<Float16Type>([](auto) { return DType::F16; })
      .Case<BFloat16Type>([](auto) { return DType::BF16; })
      .Case<Float8E4M3FNType>([](auto) { return DType::F8E4M3FN; })
      .Case<Float8E4M3FNUZType>([](auto) { return DType::F8E4M3FNUZ; })
      .Case<Float8E5M2Type>([](auto) { return DType::F8E5M2; })
      .Case<Float8E5M2FNUZType>([](auto) { return DType::F8E5M2FNUZ; })
      .Case<Float8E8M0FNUType>([](auto) { return DType::F8E8M0; })
      .Case<Float4E2M1FNType>([](auto) { return DType::F4E2M1; })
      .Default([](Type) { return std::nullopt; });
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

Tensor NodeLowering::in(unsigned index) {
  Value value = node.getOptionalInput(index);
  return value ? scope.tensors.lookup(value) : Tensor();
}

SmallVector<Tensor> NodeLowering::inputs() {
  SmallVector<Tensor> tensors;
  for (unsigned i = 0; i < numInputs(); ++i)
    if (has(i))
      tensors.push_back(in(i));
  return tensors;
}

std::optional<SmallVector<int64_t>> NodeLowering::knownInts(unsigned index) {
  Value value = node.getOptionalInput(index);
  auto known = value ? scope.constants.find(value) : scope.constants.end();
  if (known == scope.constants.end() || !known->second.getElementType().isInteger())
    return std::nullopt;
  auto elements = readIntegers(known->second);
  if (!elements)
    return std::nullopt;
  return SmallVector<int64_t>(elements->begin(), elements->end());
}

FailureOr<Indices> NodeLowering::ints(unsigned index, std::optional<int64_t> length) {
  if (auto known = knownInts(index))
    return Indices(known->begin(), known->end());
  Tensor tensor = in(index);
  if (!tensor)
    return refuse(Refusal::Operand, "expected input " + Twine(index) + ", but it is absent");
  if (!isInteger(tensor.type()) || tensor.rank() > 1)
    return refuse(Refusal::Operand, "expected input " + Twine(index) + " to list integers");
  if (tensor.rank() == 0)
    return Indices{e.toIndex(tensor.load({}))};
  if (std::optional<int64_t> known = tensor.dim(0).constant())
    length = known;
  else if (length)
    e.check(e.equal(tensor.dim(0), *length), "input " + Twine(index) + " has another length");
  if (!length)
    return refuse(Refusal::DynamicOperand,
                  "the number of elements of input " + Twine(index) + " is not known");
  constexpr int64_t most = 1 << 10; // each is read by an op of its own
  if (*length > most)
    return refuse(Refusal::Shape, "expected input " + Twine(index) + " to list at most " +
                                      Twine(most) + " integers, but found " + Twine(*length));
  Indices elements;
  for (int64_t i = 0; i < *length; ++i)
    elements.push_back(e.toIndex(tensor.load({i})));
  return elements;
}

FailureOr<Index> NodeLowering::integer(unsigned index) {
  if (auto known = knownInts(index); known && known->size() == 1)
    return Index(known->front());
  if (!in(index) || !isInteger(in(index).type()))
    return refuse(Refusal::Operand, "expected input " + Twine(index) + " to be one integer");
  return e.toIndex(scalar(index));
}

Scalar NodeLowering::scalar(unsigned index) {
  Tensor tensor = in(index).flat();
  e.check(e.less(0, tensor.dim(0)), "input " + Twine(index) + " is empty");
  return tensor.load({0});
}

FailureOr<std::optional<Shape>> NodeLowering::axes(StringRef attribute, unsigned index,
                                                   int64_t rank) {
  SmallVector<int64_t> list;
  if (auto given = intsAttr(attribute)) {
    list = *given;
  } else if (has(index)) {
    if (auto known = knownInts(index))
      list = *known;
    else
      return refuse(Refusal::DynamicOperand, "axes that are computed at run time");
  } else {
    return std::optional<Shape>();
  }
  FailureOr<Shape> normal = reader.normalizeAxes(list, rank);
  if (mlir::failed(normal))
    return failure();
  return std::optional<Shape>(*normal);
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

int64_t NodeLowering::attr(StringRef name, int64_t absent) {
  FailureOr<int64_t> value = reader.intAttr(name, absent);
  return mlir::failed(value) ? absent : *value;
}

double NodeLowering::attr(StringRef name, double absent) {
  FailureOr<float> value = reader.floatAttr(name, float(absent));
  return mlir::failed(value) ? absent : double(*value);
}

std::string NodeLowering::attr(StringRef name, const char *absent) {
  FailureOr<StringRef> value = reader.stringAttr(name, absent);
  return mlir::failed(value) ? absent : value->str();
}

std::optional<SmallVector<int64_t>> NodeLowering::intsAttr(StringRef name) {
  FailureOr<std::optional<ShapeRef>> value = reader.intsAttr(name);
  if (mlir::failed(value) || !*value)
    return std::nullopt;
  return SmallVector<int64_t>(**value);
}

std::optional<SmallVector<float>> NodeLowering::floatsAttr(StringRef name) {
  std::optional<ArrayRef<float>> value = node.getFloats(name);
  return value ? std::optional(SmallVector<float>(*value)) : std::nullopt;
}

int64_t NodeLowering::axisAttr(StringRef name, int64_t absent, int64_t rank) {
  FailureOr<int64_t> axis = reader.normalizeAxis(attr(name, absent), rank);
  return mlir::failed(axis) ? 0 : *axis;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

bool NodeLowering::wants(unsigned index) {
  return index < node.getNumResults() && !isa<NoneType>(node.getResult(index).getType());
}

void NodeLowering::bind(unsigned index, Tensor tensor) {
  if (index < node.getNumResults())
    scope.tensors[node.getResult(index)] = tensor;
}

Tensor NodeLowering::result(unsigned index, IndexRef sizes, DType type) {
  Tensor tensor = e.allocate(sizes, type);
  bind(index, tensor);
  return tensor;
}

std::optional<DType> NodeLowering::declaredType(unsigned index) {
  auto type = wants(index) ? dyn_cast<ShapedType>(node.getResult(index).getType()) : ShapedType();
  return type ? dtypeOf(type.getElementType()) : std::nullopt;
}

std::optional<int64_t> NodeLowering::declaredRank(unsigned index) {
  auto type = wants(index) ? dyn_cast<RankedTensorType>(node.getResult(index).getType())
                           : RankedTensorType();
  return type ? std::optional(type.getRank()) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Shared loops
//===----------------------------------------------------------------------===//

static Index broadcastSize(Emitter &e, Index a, Index b) {
  if (a.is(1))
    return b;
  if (b.is(1))
    return a;
  if (a.constant() && !b.constant())
    std::swap(a, b);
  Scalar fits = e.equal(a, b) | e.equal(a, 1);
  if (!b.constant())
    fits = fits | e.equal(b, 1);
  e.check(fits, "sizes of operands do not fit each other");
  return b.constant() ? b : e.select(e.equal(a, 1), b, a);
}

Indices quantc::toloops::broadcast(Emitter &e, ArrayRef<IndexRef> shapes) {
  size_t rank = 0;
  for (IndexRef shape : shapes)
    rank = std::max(rank, shape.size());
  Indices result(rank, Index(1));
  for (IndexRef shape : shapes)
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      Index &size = result[rank - shape.size() + axis];
      size = broadcastSize(e, size, shape[axis]);
    }
  return result;
}

Index quantc::toloops::broadcastIndex(Emitter &e, Index size, Index place) {
  if (size.constant())
    return size.is(1) ? Index(0) : place;
  return e.select(e.equal(size, 1), 0, place);
}

Indices quantc::toloops::broadcastPosition(Emitter &e, const Tensor &tensor, IndexRef position,
                                           IndexRef sizes) {
  Indices own;
  size_t lead = position.size() - tensor.rank();
  for (int64_t axis = 0; axis < tensor.rank(); ++axis) {
    Index size = tensor.dim(axis), place = position[lead + axis];
    own.push_back(size.same(sizes[lead + axis]) ? place : broadcastIndex(e, size, place));
  }
  return own;
}

void quantc::toloops::mapBroadcast(Emitter &e, ArrayRef<Tensor> operands, const Tensor &out,
                                   llvm::function_ref<Scalar(ArrayRef<Scalar>)> body) {
  e.loops(out.dims(), [&](IndexRef position) {
    Scalars elements;
    for (const Tensor &operand : operands)
      elements.push_back(operand.load(broadcastPosition(e, operand, position, out.dims())));
    out.store(body(elements), position);
  });
}

void quantc::toloops::mapUnary(Emitter &e, const Tensor &in, const Tensor &out,
                               llvm::function_ref<Scalar(Scalar)> body) {
  Tensor from = in.flat(), to = out.flat();
  e.loop(from.count(), [&](Index i) { to.store(body(from.load({i})), {i}); });
}

Index quantc::toloops::wrapIndex(Emitter &e, Scalar index, Index size) {
  Scalar wide = convert(index, Compute::I64);
  Scalar wrapped = select(wide < 0, wide + e.toScalar(size), wide);
  Scalar inside = (wrapped >= 0) & (wrapped < e.toScalar(size));
  e.check(inside, "an index is out of range");
  return e.toIndex(wrapped);
}
