//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Streams, their order and types; see Lowering.h.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

using numerics::IntRange;

std::optional<Image> tohls::imageOf(ArrayRef<int64_t> shape) {
  if (llvm::any_of(shape, ShapedType::isDynamic))
    return std::nullopt;
  if (shape.empty())
    return Image();
  if (shape.size() == 1)
    return Image{shape[0], 1, 1};
  if (shape[0] != 1 || shape.size() > 4)
    return std::nullopt;
  Image image{shape[1], 1, 1};
  if (shape.size() == 3)
    image.width = shape[2];
  if (shape.size() == 4) {
    image.height = shape[2];
    image.width = shape[3];
  }
  return image;
}

Lowering::Lowering(func::FuncOp function, unsigned thresholdBits)
    : builder(function.getContext()), function(function), thresholdBits(thresholdBits),
      ranges(function) {}

LogicalResult Lowering::reject(Operation *op, const Twine &reason) {
  ok = false;
  return op->emitError("node '") << getNodeName(op) << "' (" << op->getName()
                                 << ") has no unit: " << reason;
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

static IntRange typeRange(Type tensor) {
  auto element = cast<IntegerType>(cast<RankedTensorType>(tensor).getElementType());
  return IntRange::ofType(!element.isUnsigned(), element.getWidth());
}

/// Tensors that hold copies of each other's elements have one type; padding is part of the tensor
/// that is padded.
void Lowering::join(Operation *op) {
  auto unite = [&](Value a, Value b) {
    copies.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  };
  if (auto semantics = dyn_cast<IntegerSemantics>(op))
    for (Value operand : semantics.getCopiedOperands())
      unite(operand, op->getResult(0));
}

void Lowering::planTypes() {
  SmallVector<std::pair<Value, IntRange>> known;
  auto note = [&](Value value) {
    copies.insert(value.getAsOpaquePointer());
    const ResultRange *range = ranges.lookup(value);
    known.emplace_back(value, range ? range->range : typeRange(value.getType()));
  };
  auto notePadding = [&](Value tensor, Value padding) {
    if (auto values = readIntegers(getConstantElements(padding)); values && values->size() == 1)
      known.emplace_back(tensor, IntRange::point(values->front()));
  };
  for (BlockArgument argument : function.getArguments())
    note(argument);
  function.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (isIntegerTensor(result.getType()))
        note(result);
    join(op);
    if (auto conv = dyn_cast<dyad::ConvOp>(op))
      notePadding(conv.getInput(), conv.getZeroPoint());
    if (auto pool = dyn_cast<dyad::SumPoolOp>(op))
      notePadding(pool.getInput(), pool.getZeroPoint());
    if (auto pad = dyn_cast<dyad::PadOp>(op))
      notePadding(pad.getResult(), pad.getValue());
  });
  for (auto [value, range] : known) {
    void *leader = *copies.findLeader(value.getAsOpaquePointer());
    auto [at, isNew] = hulls.try_emplace(leader, range);
    if (!isNew)
      at->second = at->second.unionWith(range);
  }
}

IntegerType Lowering::elementOf(Value tensor) {
  IntRange range = hulls.lookup(*copies.findLeader(tensor.getAsOpaquePointer()));
  MLIRContext *context = builder.getContext();
  bool accumulator = cast<RankedTensorType>(tensor.getType()).getElementType().isSignedInteger(32);
  if (range.lo < 0 || accumulator)
    return IntegerType::get(context, range.bitsNeeded(), IntegerType::Signed);
  unsigned bits = std::max(IntRange(0, range.hi).bitsNeeded() - 1, 1u);
  return IntegerType::get(context, bits, IntegerType::Unsigned);
}

hls::StreamType Lowering::streamType(IntegerType element, int64_t elements) {
  return hls::StreamType::get(builder.getContext(), element, 1, elements);
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

FailureOr<std::vector<int64_t>> Lowering::integers(Operation *op, Value value) {
  if (std::optional<std::vector<int64_t>> values = readIntegers(getConstantElements(value)))
    return std::move(*values);
  return reject(op, "expected constant parameters, but found computed or missing ones");
}

FailureOr<int64_t> Lowering::scalar(Operation *op, Value value) {
  FailureOr<std::vector<int64_t>> values = integers(op, value);
  if (failed(values))
    return failure();
  if (values->size() != 1)
    return reject(op, "expected one zero point, but found " + Twine(values->size()));
  return values->front();
}

ElementsAttr Lowering::rom(ArrayRef<int64_t> shape, ArrayRef<int64_t> values, unsigned bits) {
  auto type = RankedTensorType::get(
      shape, IntegerType::get(builder.getContext(), bits, IntegerType::Signed));
  return makeIntegerWeights(type, values, "hls_rom");
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

FailureOr<Place> Lowering::place(Value tensor) {
  auto found = places.find(tensor);
  if (found != places.end())
    return found->second;
  if (Operation *producer = tensor.getDefiningOp();
      producer && producer->hasTrait<OpTrait::ConstantLike>())
    return reject(producer, "expected a computed operand, but found a constant");
  return failure(); // its producer was rejected
}

FailureOr<Place> Lowering::ordered(Operation *user, Value tensor) {
  FailureOr<Place> found = place(tensor);
  if (failed(found))
    return failure();
  Image own = *imageOf(cast<RankedTensorType>(tensor.getType()).getShape());
  if (found->image == own)
    return found;
  // A flattened image: rows, columns, channels become channels, rows, columns.
  Value stream = found->stream;
  Image &image = found->image;
  if (image.pixels() > 1 && image.channels > 1)
    stream =
        transpose(user->getLoc(), stream, {image.height, image.width, image.channels}, {2, 0, 1});
  return Place{stream, own};
}

void Lowering::set(Value tensor, Value stream, Image image) {
  places[tensor] = Place{stream, image};
}

//===----------------------------------------------------------------------===//
// Units that several families need
//===----------------------------------------------------------------------===//

bool Lowering::WindowShape::isIdentity(const Image &in) const {
  auto all = [](ArrayRef<int64_t> values, int64_t v) {
    return llvm::all_of(values, [v](int64_t x) { return x == v; });
  };
  return all(kernel, 1) && all(strides, 1) && all(pads, 0) && out[0] == in.height &&
         out[1] == in.width;
}

Lowering::WindowShape Lowering::windowShape(ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                            ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                                            Image out) {
  auto two = [](ArrayRef<int64_t> values, int64_t missing) {
    SmallVector<int64_t> result(values);
    if (result.size() == 1)
      result.insert(result.begin(), missing);
    return result;
  };
  WindowShape shape{two(kernel, 1),
                    two(strides, 1),
                    two(dilations, 1),
                    two(pads.take_front(kernel.size()), 0),
                    {out.height, out.width}};
  return shape;
}

Value Lowering::window(Location loc, Place in, const WindowShape &shape, int64_t groups,
                       int64_t padValue) {
  int64_t taps = shape.kernel[0] * shape.kernel[1];
  auto element = cast<hls::StreamType>(in.stream.getType()).getElement();
  auto type = streamType(element, shape.out[0] * shape.out[1] * taps * in.image.channels);
  return hls::WindowOp::create(builder, loc, type, in.stream, in.image.height, in.image.width,
                               in.image.channels, 1, shape.kernel, shape.strides, shape.dilations,
                               shape.pads, shape.out, groups, false, padValue, DenseI64ArrayAttr());
}

Value Lowering::transpose(Location loc, Value stream, ArrayRef<int64_t> shape,
                          ArrayRef<int64_t> permutation) {
  return hls::TransposeOp::create(builder, loc, stream.getType(), stream, shape, permutation,
                                  DenseI64ArrayAttr());
}
