//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise ops: rescaling, tables, sums, products, and the broadcast of their operands.
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"
#include "quantc/Interfaces/Weights.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::tohls;

using numerics::IntRange;

static IntRange rangeOf(IntegerType element) {
  return IntRange::ofType(!element.isUnsigned(), element.getWidth());
}
static IntegerType elementOf(Value stream) {
  return cast<hls::StreamType>(stream.getType()).getElement();
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// A constant's elements in stream order for `image`; empty when the shapes do not broadcast so.
static std::vector<int64_t> broadcast(ArrayRef<int64_t> values, Image from, Image to) {
  std::vector<int64_t> all;
  auto at = [](int64_t i, int64_t size) { return size == 1 ? 0 : i; };
  for (int64_t y = 0; y < to.height; ++y)
    for (int64_t x = 0; x < to.width; ++x)
      for (int64_t c = 0; c < to.channels; ++c)
        all.push_back(
            values[size_t((at(c, from.channels) * from.height + at(y, from.height)) * from.width +
                          at(x, from.width))]);
  return all;
}

/// The image of a tensor as an operand of a result of rank `rank`.
static std::optional<Image> alignedImage(Value tensor, int64_t rank) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tensor.getType()).getShape();
  SmallVector<int64_t> aligned(size_t(rank) - shape.size(), 1);
  llvm::append_range(aligned, shape);
  return imageOf(aligned);
}

FailureOr<Value> Lowering::operand(Operation *op, Value tensor, Image image) {
  Location loc = op->getLoc();
  int64_t rank = cast<RankedTensorType>(op->getResult(0).getType()).getRank();
  std::optional<Image> own = alignedImage(tensor, rank);
  auto fits = [](int64_t a, int64_t b) { return a == 1 || a == b; };
  if (!own || !fits(own->channels, image.channels) || !fits(own->height, image.height) ||
      !fits(own->width, image.width))
    return reject(op, "expected an operand that broadcasts over one batch");
  if (ElementsAttr constant = getConstantElements(tensor)) {
    FailureOr<std::vector<int64_t>> values = integers(op, tensor);
    if (failed(values))
      return failure();
    bool perPixel = own->pixels() > 1;
    Image part{image.channels, perPixel ? image.height : 1, perPixel ? image.width : 1};
    std::vector<int64_t> all = broadcast(*values, *own, part);
    ElementsAttr value = rom({int64_t(all.size())}, all, 32);
    return hls::ConstantOp::create(builder, loc, streamType(elementOf(tensor), image.elements()),
                                   image.elements() / part.elements(), 1, value,
                                   DenseI64ArrayAttr())
        .getResult();
  }
  FailureOr<Place> found = ordered(op, tensor);
  if (failed(found))
    return failure();
  Value stream = found->stream;
  IntegerType element = ::elementOf(stream);
  if (own->channels < image.channels)
    stream =
        hls::SpreadOp::create(builder, loc, streamType(element, own->pixels() * image.channels),
                              stream, own->pixels(), image.channels, 1, DenseI64ArrayAttr());
  if (own->pixels() < image.pixels()) {
    if (own->pixels() != 1)
      return reject(op, "expected an operand that broadcasts over all pixels or none");
    stream = hls::RepeatOp::create(builder, loc, streamType(element, image.elements()), stream,
                                   image.pixels(), image.channels, 1, DenseI64ArrayAttr());
  }
  return stream;
}

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

static void buildPointwise(Lowering &lowering, Operation *op, Place in,
                           hls::EpilogueAttrInterface epilogue) {
  IntegerType element = lowering.elementOf(op->getResult(0));
  Value result = hls::PointwiseOp::create(
      lowering.builder, op->getLoc(), lowering.streamType(element, in.image.elements()), in.stream,
      in.image.pixels(), in.image.channels, 1, epilogue, DenseI64ArrayAttr());
  lowering.set(op->getResult(0), result, in.image);
}

static LogicalResult lowerRequantize(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::RequantizeOp>(operation);
  if (lowering.isAbsorbed(op))
    return success();
  bool uniform = cast<RankedTensorType>(op.getMultiplier().getType()).getNumElements() == 1;
  FailureOr<Place> in =
      uniform ? lowering.place(op.getInput()) : lowering.ordered(op, op.getInput());
  FailureOr<int64_t> inputZeroPoint = lowering.scalar(op, op.getInputZeroPoint());
  if (failed(in) || failed(inputZeroPoint))
    return failure();
  IntRange codes = rangeOf(elementOf(in->stream));
  IntRange shifted = numerics::add(codes, -*inputZeroPoint);
  int64_t acc = std::max({codes.bitsNeeded(), shifted.bitsNeeded(), 2u});
  if (acc > 32)
    return lowering.reject(op, "expected an input that needs 32 bits without its zero point");
  FailureOr<hls::EpilogueAttrInterface> epilogue = lowering.requantization(op, acc, {0}, in->image);
  if (failed(epilogue))
    return failure();
  buildPointwise(lowering, op, *in, *epilogue);
  return success();
}

static LogicalResult lowerLookup(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::LookupOp>(operation);
  FailureOr<Place> in = lowering.place(op.getInput());
  FailureOr<std::vector<int64_t>> table = lowering.integers(op, op.getTable());
  if (failed(in) || failed(table))
    return failure();
  // The stream may hold fewer codes than the tensor's type.
  IntRange codes = rangeOf(elementOf(in->stream));
  IntRange all = rangeOf(cast<IntegerType>(op.getInput().getType().getElementType()));
  std::vector<int64_t> entries;
  for (int64_t code = codes.lo; code <= codes.hi; ++code)
    entries.push_back((*table)[size_t(code - all.lo)]);
  // Codes that never occur may map to values outside of the result's range.
  IntRange range = rangeOf(lowering.elementOf(op.getResult()));
  for (int64_t &entry : entries)
    entry = numerics::saturate(entry, range.lo, range.hi);
  auto attr =
      hls::TableAttr::get(op.getContext(), lowering.rom({int64_t(entries.size())}, entries, 32));
  buildPointwise(lowering, op, *in, attr);
  return success();
}

//===----------------------------------------------------------------------===//
// Two operands
//===----------------------------------------------------------------------===//

static LogicalResult lowerAdd(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::AddOp>(operation);
  Image image = *imageOf(op.getType().getShape());
  FailureOr<Value> lhs = lowering.operand(op, op.getLhs(), image);
  FailureOr<Value> rhs = lowering.operand(op, op.getRhs(), image);
  SmallVector<int64_t> scalars;
  for (Value value : {op.getLhsMultiplier(), op.getRhsMultiplier(), op.getShift(),
                      op.getLhsZeroPoint(), op.getRhsZeroPoint(), op.getZeroPoint()}) {
    FailureOr<int64_t> number = lowering.scalar(op, value);
    if (failed(number))
      return failure();
    scalars.push_back(*number);
  }
  if (failed(lhs) || failed(rhs))
    return failure();
  IntegerType element = lowering.elementOf(op.getResult());
  IntRange codes = rangeOf(element); // holds every code that is proved possible
  Value result = hls::AddOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(element, image.elements()), *lhs, *rhs,
      image.pixels(), image.channels, 1, scalars[0], scalars[1], scalars[2], scalars[3], scalars[4],
      scalars[5], std::max<int64_t>(op.getClampLo(), codes.lo),
      std::min<int64_t>(op.getClampHi(), codes.hi), DenseI64ArrayAttr());
  lowering.set(op.getResult(), result, image);
  return success();
}

static LogicalResult lowerMul(Lowering &lowering, Operation *operation) {
  auto op = cast<dyad::MulOp>(operation);
  Image image = *imageOf(op.getType().getShape());
  FailureOr<Value> lhs = lowering.operand(op, op.getLhs(), image);
  FailureOr<Value> rhs = lowering.operand(op, op.getRhs(), image);
  FailureOr<int64_t> lhsZero = lowering.scalar(op, op.getLhsZeroPoint());
  FailureOr<int64_t> rhsZero = lowering.scalar(op, op.getRhsZeroPoint());
  if (failed(lhs) || failed(rhs) || failed(lhsZero) || failed(rhsZero))
    return failure();
  FailureOr<Destination> to = lowering.destination(op, {0}, image);
  if (failed(to))
    return failure();
  Value result = hls::MulOp::create(
      lowering.builder, op.getLoc(), lowering.streamType(to->element, image.elements()), *lhs, *rhs,
      image.pixels(), image.channels, 1, *lhsZero, *rhsZero, to->epilogue, DenseI64ArrayAttr());
  lowering.set(to->tensor, result, image);
  return success();
}

void tohls::addElementwise(HandlerMap &handlers) {
  handlers["dyad.requantize"] = lowerRequantize;
  handlers["dyad.lookup"] = lowerLookup;
  handlers["dyad.add"] = lowerAdd;
  handlers["dyad.mul"] = lowerMul;
}
